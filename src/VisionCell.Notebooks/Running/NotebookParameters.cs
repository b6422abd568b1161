using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using VisionCell.Notebooks.Sessions;
using VisionCell.Volumes;

namespace VisionCell.Notebooks.Running;

/// <summary>
/// Parameters of a notebook, as papermill handles them (https://papermill.readthedocs.io): a cell tagged <c>parameters</c> declares
/// names and defaults, and a run puts a cell tagged <c>injected-parameters</c> after it. Unlike papermill, a value takes the type of the
/// variable declared, so that <c>-p minutes 3</c> suits a double, and a name that is not declared is an error rather than a silent default.
/// </summary>
internal static class NotebookParameters
{
    /// <summary>Puts the values into the notebook, replacing those of an earlier run.</summary>
    /// <exception cref="BadInputException">A name is not declared, or a value does not suit its type.</exception>
    public static void Inject(NotebookDocument notebook, IReadOnlyDictionary<string, string> values, string notebookName)
    {
        foreach (JsonNode old in notebook.Cells.Where(c => NotebookDocument.HasTag(c!, "injected-parameters")).ToArray()!)
            notebook.Cells.Remove(old);
        if (values.Count == 0)
            return;
        int at = -1;
        for (int i = 0; i < notebook.Cells.Count && at < 0; i++)
        {
            if (NotebookDocument.HasTag(notebook.Cells[i]!, "parameters"))
                at = i;
        }

        if (at < 0)
            throw new BadInputException($"{notebookName}: has no cell tagged \"parameters\", so {string.Join(", ", values.Keys)} cannot be set.");
        IReadOnlyDictionary<string, string> declared = Declarations(NotebookDocument.SourceOf(notebook.Cells[at]!));
        var code = new StringBuilder("// Parameters of this run");
        foreach ((string name, string value) in values)
        {
            if (!declared.TryGetValue(name, out string? type))
                throw new BadInputException($"{notebookName}: there is no parameter \"{name}\"; known are {string.Join(", ", declared.Keys)}.");
            code.Append(CultureInfo.InvariantCulture, $"\n{name} = {Literal(name, value, type)};");
        }

        var cell = new JsonObject
        {
            ["cell_type"] = "code",
            ["execution_count"] = null,
            ["metadata"] = new JsonObject { ["tags"] = new JsonArray("injected-parameters") },
            ["outputs"] = new JsonArray(),
            ["source"] = code.ToString(),
        };
        if (notebook.Root["nbformat_minor"]?.GetValue<int>() >= 5)
            cell["id"] = "injected-parameters";
        notebook.Cells.Insert(at + 1, cell);
    }

    /// <summary>The variables that a parameters cell declares, with their C# types; <c>var</c> takes the type of its literal.</summary>
    public static IReadOnlyDictionary<string, string> Declarations(string code)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        CompilationUnitSyntax root = CSharpSyntaxTree.ParseText(code, SubmissionCompiler.ParseOptions).GetCompilationUnitRoot();
        IEnumerable<VariableDeclarationSyntax> declarations = root.Members.Select(m => m switch
        {
            FieldDeclarationSyntax field => field.Declaration,
            GlobalStatementSyntax { Statement: LocalDeclarationStatementSyntax local } => local.Declaration,
            _ => null,
        }).OfType<VariableDeclarationSyntax>();
        foreach (VariableDeclarationSyntax declaration in declarations)
        {
            foreach (VariableDeclaratorSyntax variable in declaration.Variables)
                names[variable.Identifier.Text] = declaration.Type.IsVar ? TypeOf(variable.Initializer?.Value) : declaration.Type.ToString();
        }

        return names;
    }

    private static string TypeOf(ExpressionSyntax? value) => value switch
    {
        PrefixUnaryExpressionSyntax minus => TypeOf(minus.Operand),
        LiteralExpressionSyntax { Token.Value: { } literal } => literal switch
        {
            int => "int",
            long => "long",
            float => "float",
            double => "double",
            bool => "bool",
            string => "string",
            _ => literal.GetType().Name,
        },
        InterpolatedStringExpressionSyntax => "string",
        _ => "var",
    };

    /// <summary>The value as a C# literal of the type.</summary>
    /// <exception cref="BadInputException">It does not suit the type.</exception>
    public static string Literal(string name, string value, string type)
    {
        CultureInfo c = CultureInfo.InvariantCulture;
        const NumberStyles Real = NumberStyles.Float;
        bool isOptional = type.EndsWith('?');
        if (isOptional && value is "null" or "None")
            return "null";
        return type.TrimEnd('?') switch
        {
            "string" or "String" => SymbolDisplay.FormatLiteral(value, quote: true),
            "bool" or "Boolean" => bool.TryParse(value, out bool b) ? (b ? "true" : "false") : throw Bad("true or false"),
            "int" or "Int32" => int.TryParse(value, NumberStyles.AllowLeadingSign, c, out int i) ? i.ToString(c) : throw Bad("a whole number"),
            "long" or "Int64" => long.TryParse(value, NumberStyles.AllowLeadingSign, c, out long l) ? l.ToString(c) + "L" : throw Bad("a whole number"),
            "double" or "Double" => double.TryParse(value, Real, c, out double d) ? Exact(d) : throw Bad("a number"),
            "float" or "Single" => float.TryParse(value, Real, c, out float f) ? ExactSingle(f) : throw Bad("a number"),
            "decimal" or "Decimal" => decimal.TryParse(value, Real, c, out decimal m) ? m.ToString(c) + "m" : throw Bad("a number"),
            _ => Guess(value),
        };

        BadInputException Bad(string expected) => new($"Parameter \"{name}\" is {expected} ({type}), and \"{value}\" is not.");
    }

    // A declaration whose type cannot be read off its text (an array, an expression) takes what the value looks like.
    private static string Guess(string value)
    {
        if (bool.TryParse(value, out bool b))
            return b ? "true" : "false";
        if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double d) && double.IsFinite(d))
            return value.Trim().TrimStart('+');
        bool isExpression = value.StartsWith("new", StringComparison.Ordinal) || value.StartsWith('[') || value.StartsWith('"');
        return isExpression && !SyntaxFactory.ParseExpression(value).ContainsDiagnostics ? value : SymbolDisplay.FormatLiteral(value, quote: true);
    }

    private static string Exact(double value) =>
        double.IsNaN(value) ? "double.NaN"
        : double.IsInfinity(value) ? (value > 0 ? "double.PositiveInfinity" : "double.NegativeInfinity")
        : value.ToString("R", CultureInfo.InvariantCulture) + "d";

    private static string ExactSingle(float value) =>
        float.IsNaN(value) ? "float.NaN"
        : float.IsInfinity(value) ? (value > 0 ? "float.PositiveInfinity" : "float.NegativeInfinity")
        : value.ToString("R", CultureInfo.InvariantCulture) + "f";
}
