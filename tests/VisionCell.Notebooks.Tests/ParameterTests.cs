using System.Text.Json.Nodes;
using VisionCell.Notebooks.Running;
using VisionCell.Volumes;

namespace VisionCell.Notebooks.Tests;

public sealed class ParameterTests
{
    [Theory]
    [InlineData("int n = 1;", "n", "3", "n = 3;")]
    [InlineData("int n = 1;", "n", "-3", "n = -3;")]
    [InlineData("double minutes = 1;", "minutes", "3", "minutes = 3d;")]
    [InlineData("double minutes = 1;", "minutes", "1e-3", "minutes = 0.001d;")]
    [InlineData("float lr = 1;", "lr", "0.1", "lr = 0.1f;")]
    [InlineData("long n = 1;", "n", "5000000000", "n = 5000000000L;")]
    [InlineData("bool fast = false;", "fast", "True", "fast = true;")]
    [InlineData("string path = \"a\";", "path", "b \"c\" \\d", "path = \"b \\\"c\\\" \\\\d\";")]
    [InlineData("string s = \"a\";", "s", "3", "s = \"3\";")]
    [InlineData("string? s = null;", "s", "x", "s = \"x\";")]
    [InlineData("int? n = null;", "n", "null", "n = null;")]
    [InlineData("var a = 1, b = 2;", "b", "4", null)]
    [InlineData("var n = 1;", "n", "4", "n = 4;")]
    [InlineData("var x = -1.5;", "x", "4", "x = 4d;")]
    [InlineData("var s = $\"{1}\";", "s", "4", "s = \"4\";")]
    [InlineData("var list = new[] { 1 };", "list", "new[] { 1, 2 }", "list = new[] { 1, 2 };")]
    [InlineData("int a = 1, b = 2; // two\n/* and */ int c = 3;", "c", "9", "c = 9;")]
    public void A_value_is_written_as_a_literal_of_the_declared_type(string declaration, string name, string value, string? expected)
    {
        NotebookDocument notebook = Notebook(declaration);
        NotebookParameters.Inject(notebook, new Dictionary<string, string> { [name] = value }, "n.ipynb");
        JsonNode injected = notebook.Cells[1]!;
        Assert.True(NotebookDocument.HasTag(injected, "injected-parameters"));
        if (expected is not null)
            Assert.Equal("// Parameters of this run\n" + expected, NotebookDocument.SourceOf(injected));
    }

    [Fact]
    public void What_is_injected_runs_after_the_declaration()
    {
        NotebookDocument notebook = Notebook("double minutes = 1; string path = \"x\"; bool fast = false;");
        NotebookParameters.Inject(notebook, new Dictionary<string, string> { ["minutes"] = "2", ["path"] = "C:\\new \"x\"\n", ["fast"] = "true" }, "n.ipynb");
        Assert.Equal(3, notebook.Cells.Count);
        Assert.Equal("// Parameters of this run\nminutes = 2d;\npath = \"C:\\\\new \\\"x\\\"\\n\";\nfast = true;", NotebookDocument.SourceOf(notebook.Cells[1]!));
        Assert.Equal("injected-parameters", notebook.Cells[1]!["id"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("int n = 1;", "n", "1.5", "whole number")]
    [InlineData("bool b = true;", "b", "yes", "true or false")]
    [InlineData("double d = 1;", "d", "1,5", "number")]
    [InlineData("int n = 1; double minutes = 2;", "minute", "3", "known are n, minutes")]
    public void A_value_that_does_not_suit_or_a_name_not_declared_is_an_error(string declaration, string name, string value, string message)
    {
        BadInputException e = Assert.Throws<BadInputException>(
            () => NotebookParameters.Inject(Notebook(declaration), new Dictionary<string, string> { [name] = value }, "n.ipynb"));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parameters_for_a_notebook_without_a_tagged_cell_are_an_error()
    {
        NotebookDocument notebook = Notebook("int n = 1;");
        notebook.Cells[0]!["metadata"] = new JsonObject();
        BadInputException e = Assert.Throws<BadInputException>(() => NotebookParameters.Inject(notebook, new Dictionary<string, string> { ["n"] = "1" }, "n.ipynb"));
        Assert.Contains("no cell tagged", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_injection_replaces_the_first()
    {
        NotebookDocument notebook = Notebook("int n = 1;");
        NotebookParameters.Inject(notebook, new Dictionary<string, string> { ["n"] = "2" }, "n.ipynb");
        NotebookParameters.Inject(notebook, new Dictionary<string, string> { ["n"] = "3" }, "n.ipynb");
        Assert.Equal(3, notebook.Cells.Count);
        Assert.Contains("n = 3;", NotebookDocument.SourceOf(notebook.Cells[1]!), StringComparison.Ordinal);
    }

    private static NotebookDocument Notebook(string parameters) => NotebookDocument.Parse(
        new JsonObject
        {
            ["cells"] = new JsonArray(
                new JsonObject
                {
                    ["cell_type"] = "code",
                    ["metadata"] = new JsonObject { ["tags"] = new JsonArray("parameters") },
                    ["source"] = new JsonArray([.. parameters.Split('\n').Select((l, i) => (JsonNode)(i < parameters.Count(c => c == '\n') ? l + "\n" : l))]),
                },
                new JsonObject { ["cell_type"] = "code", ["metadata"] = new JsonObject(), ["source"] = "n" }),
            ["metadata"] = new JsonObject(),
            ["nbformat"] = 4,
            ["nbformat_minor"] = 5,
        }.ToJsonString(),
        "n.ipynb");
}
