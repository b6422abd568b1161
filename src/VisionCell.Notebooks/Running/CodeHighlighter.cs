using System.Net;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using VisionCell.Notebooks.Sessions;

namespace VisionCell.Notebooks.Running;

/// <summary>Colours C# by what its lexer sees: keywords, strings, numbers, comments.</summary>
internal static class CodeHighlighter
{
    public static string ToHtml(string code)
    {
        var html = new StringBuilder(2 * code.Length);
        foreach (SyntaxToken token in CSharpSyntaxTree.ParseText(code, SubmissionCompiler.ParseOptions).GetRoot().DescendantTokens())
        {
            AppendTrivia(html, token.LeadingTrivia);
            Append(html, token.Text, ClassOf(token));
            AppendTrivia(html, token.TrailingTrivia);
        }

        return html.ToString();
    }

    private static void AppendTrivia(StringBuilder html, SyntaxTriviaList trivia)
    {
        foreach (SyntaxTrivia item in trivia)
        {
            string text = item.ToFullString();
            Append(html, text, item.IsDirective ? "k" : string.IsNullOrWhiteSpace(text) ? null : item.IsKind(SyntaxKind.SkippedTokensTrivia) ? null : "c");
        }
    }

    private static string? ClassOf(SyntaxToken token)
    {
        if (token.IsKeyword() || token.IsContextualKeyword() || token is { RawKind: (int)SyntaxKind.IdentifierToken, Text: "var" })
            return "k";
        return token.Kind() switch
        {
            SyntaxKind.NumericLiteralToken => "n",
            SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken or SyntaxKind.InterpolatedStringTextToken
                or SyntaxKind.InterpolatedStringStartToken or SyntaxKind.InterpolatedStringEndToken or SyntaxKind.InterpolatedVerbatimStringStartToken
                or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken => "s",
            _ => null,
        };
    }

    private static void Append(StringBuilder html, string text, string? kind)
    {
        string safe = WebUtility.HtmlEncode(text);
        if (kind is null || text.Length == 0)
            html.Append(safe);
        else
            html.Append("<span class=\"").Append(kind).Append("\">").Append(safe).Append("</span>");
    }
}
