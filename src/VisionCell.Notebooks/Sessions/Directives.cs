using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace VisionCell.Notebooks.Sessions;

/// <summary>Answers the directives of dotnet-interactive that this kernel does not have, before the compiler calls them a syntax error.</summary>
internal static class Directives
{
    /// <exception cref="CellRefusedException">There is one.</exception>
    public static void Check(SyntaxTree tree, CancellationToken cancellationToken)
    {
        SyntaxNode root = tree.GetRoot(cancellationToken);
        if (!root.ContainsDirectives)
            return;
        foreach (SyntaxTrivia trivia in root.DescendantTrivia().Where(t => t.IsDirective))
        {
            switch (trivia.GetStructure())
            {
                case ReferenceDirectiveTriviaSyntax reference when reference.File.ValueText.StartsWith("nuget:", StringComparison.OrdinalIgnoreCase):
                    throw new CellRefusedException(
                        $"This kernel does not download packages: instead of #r \"{reference.File.ValueText}\" reference an assembly by its path, such as "
                        + "#r \"../artifacts/visioncell/VisionCell.dll\". TorchSharp, OpenCvSharp, Plotly.NET, XPlot.Plotly and Deedle lie in the same folder.");
                case ShebangDirectiveTriviaSyntax magic:
                    throw Magic(magic.ToString());
                case BadDirectiveTriviaSyntax bad when bad.ToString().StartsWith("#!", StringComparison.Ordinal):
                    throw Magic(bad.ToString());
                case BadDirectiveTriviaSyntax bad when bad.ToString().StartsWith("#i ", StringComparison.Ordinal):
                    throw new CellRefusedException("This kernel does not download packages, so it has no #i directive; remove the line.");
                default:
                    break;
            }
        }
    }

    private static CellRefusedException Magic(string line) =>
        new($"This kernel has no magic commands; remove the line \"{line.Trim()}\".");
}
