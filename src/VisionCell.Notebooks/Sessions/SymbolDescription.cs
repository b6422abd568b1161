using System.Text;
using System.Xml;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace VisionCell.Notebooks.Sessions;

/// <summary>The signature and XML documentation of a symbol, as plain text.</summary>
internal static class SymbolDescription
{
    private static readonly SymbolDisplayFormat Format = new(
        globalNamespaceStyle: SymbolDisplayGlobalNamespaceStyle.Omitted,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters,
        memberOptions: SymbolDisplayMemberOptions.IncludeParameters | SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeContainingType
            | SymbolDisplayMemberOptions.IncludeRef,
        parameterOptions: SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName
            | SymbolDisplayParameterOptions.IncludeDefaultValue | SymbolDisplayParameterOptions.IncludeParamsRefOut,
        propertyStyle: SymbolDisplayPropertyStyle.ShowReadWriteDescriptor,
        localOptions: SymbolDisplayLocalOptions.IncludeType,
        kindOptions: SymbolDisplayKindOptions.IncludeTypeKeyword | SymbolDisplayKindOptions.IncludeNamespaceKeyword,
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypesAndNamespaces,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.UseSpecialTypes);

    /// <summary>The symbol under the cursor or just before it; within the parentheses of a call, the method called.</summary>
    public static ISymbol? At(SyntaxNode root, SemanticModel model, int position, CancellationToken cancellationToken)
    {
        foreach (int at in (int[])[position, position - 1])
        {
            if (at < 0)
                continue;
            SyntaxToken token = root.FindToken(at);
            if (token.IsKind(SyntaxKind.IdentifierToken) && token.Span.Start <= at && at <= token.Span.End && Find(model, token.Parent, cancellationToken) is { } symbol)
                return symbol;
        }

        SyntaxNode? inside = root.FindToken(Math.Max(0, position - 1)).Parent;
        ArgumentListSyntax? arguments = inside?.AncestorsAndSelf().OfType<ArgumentListSyntax>().FirstOrDefault();
        return arguments?.Parent is { } call ? First(model.GetSymbolInfo(call, cancellationToken)) : null;
    }

    public static string Of(ISymbol symbol, SemanticModel model, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        text.Append(IsVariable(symbol) ? VariableOf(symbol, model) : symbol.ToDisplayString(Format));
        if (symbol is IMethodSymbol { ContainingType: { } type } method && type.GetMembers(method.Name).OfType<IMethodSymbol>().Count() is > 1 and var count)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"  (+ {count - 1} overloads)");
        if (symbol.GetDocumentationCommentXml(cancellationToken: cancellationToken) is { Length: > 0 } xml)
            AppendDocumentation(text, xml);
        return text.ToString();
    }

    // Variables of a session are fields of the class that the compiler makes of a cell.
    private static bool IsVariable(ISymbol symbol) => symbol is IFieldSymbol { ContainingType.IsScriptClass: true };

    private static string VariableOf(ISymbol symbol, SemanticModel model) =>
        $"{((IFieldSymbol)symbol).Type.ToMinimalDisplayString(model, 0)} {symbol.Name}";

    private static ISymbol? Find(SemanticModel model, SyntaxNode? node, CancellationToken cancellationToken) =>
        node is null ? null : model.GetDeclaredSymbol(node, cancellationToken) ?? First(model.GetSymbolInfo(node, cancellationToken));

    private static ISymbol? First(SymbolInfo info) => info.Symbol ?? info.CandidateSymbols.FirstOrDefault();

    private static void AppendDocumentation(StringBuilder text, string xml)
    {
        XElement documentation;
        try
        {
            documentation = XElement.Parse(xml);
        }
        catch (XmlException)
        {
            return;
        }

        Append("summary", string.Empty);
        foreach (XElement parameter in documentation.Elements("param"))
            text.Append("\n  ").Append(parameter.Attribute("name")?.Value).Append(": ").Append(Flatten(parameter));
        Append("returns", "Returns: ");
        foreach (XElement exception in documentation.Elements("exception"))
            text.Append("\nThrows ").Append(ShortName(exception)).Append(": ").Append(Flatten(exception));
        Append("remarks", string.Empty);

        void Append(string name, string prefix)
        {
            if (documentation.Element(name) is { } element && Flatten(element) is { Length: > 0 } value)
                text.Append("\n\n").Append(prefix).Append(value);
        }
    }

    private static string Flatten(XElement element)
    {
        var text = new StringBuilder();
        foreach (XNode node in element.Nodes())
        {
            text.Append(node switch
            {
                XText plain => plain.Value,
                XElement reference when reference.Attribute("cref") is not null || reference.Attribute("name") is not null || reference.Attribute("langword") is not null =>
                    ShortName(reference),
                XElement nested => Flatten(nested),
                _ => string.Empty,
            });
        }

        return string.Join(' ', text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static string ShortName(XElement reference)
    {
        string name = (reference.Attribute("cref") ?? reference.Attribute("name") ?? reference.Attribute("langword"))?.Value ?? string.Empty;
        return name.Length > 2 && name[1] == ':' ? name[2..].Split('(')[0].Split('.')[^1] : name;
    }
}
