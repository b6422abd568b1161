using System.Text.Json;
using System.Text.Json.Nodes;

namespace VisionCell.Cli.Tests;

/// <summary><c>notebook run</c> and <c>kernel</c> through the command.</summary>
public sealed class NotebookTests
{
    [Fact]
    public void A_notebook_is_executed_with_its_parameters()
    {
        using var folder = new TemporaryFolder();
        var notebook = Write(folder, "square", "int side = 2;", "Console.WriteLine($\"square {side * side}\")");
        var outcome = Command.Run("notebook", "run", notebook, "-p", "side", "-7", "--out", folder.File("out"));
        Assert.Equal(0, outcome.Code);
        Assert.Equal(folder.File("out/square.html"), outcome.Output.Trim());
        Assert.Contains("square: cell 1 of ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("square 49", File.ReadAllText(folder.File("out/square.ipynb")), StringComparison.Ordinal);
        Assert.Contains("square 49", File.ReadAllText(folder.File("out/square.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_failing_cell_ends_in_1_and_stands_in_the_page()
    {
        using var folder = new TemporaryFolder();
        var notebook = Write(folder, "broken", "int side = 2;", "throw new InvalidOperationException(\"no such membrane\");");
        var outcome = Command.Run("notebook", "run", notebook, "--out", folder.File("out"), "--quiet");
        Assert.Equal(1, outcome.Code);
        Assert.Contains("cell 2: ", outcome.FailureLine, StringComparison.Ordinal);
        Assert.Contains("no such membrane", outcome.FailureLine, StringComparison.Ordinal);
        Assert.Single(outcome.Error.TrimEnd().Split('\n'));
        Assert.Contains("no such membrane", File.ReadAllText(folder.File("out/broken.html")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no parameter \"height\"", "-p", "height", "3")]
    [InlineData("\"side\" is a whole number", "-p", "side", "wide")]
    [InlineData("'side' stands alone", "-p", "side")]
    public void A_parameter_that_does_not_suit_is_refused(string expected, params string[] parameters)
    {
        using var folder = new TemporaryFolder();
        var notebook = Write(folder, "square", "int side = 2;", "side");
        var outcome = Command.Run(["notebook", "run", notebook, .. parameters, "--out", folder.File("out")]);
        Assert.Equal(3, outcome.Code);
        Assert.Contains(expected, outcome.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_running_cell_is_interrupted()
    {
        using var folder = new TemporaryFolder();
        var notebook = Write(folder, "endless", "int side = 2;", "while (true) side++;");
        var outcome = Command.RunAndInterrupt("cell 2 of 2", "notebook", "run", notebook, "--out", folder.File("out"));
        Assert.Equal(4, outcome.Code);
        Assert.True(File.Exists(folder.File("out/endless.interrupted.ipynb")));
        Assert.False(File.Exists(folder.File("out/endless.ipynb")));
    }

    [Fact]
    public void The_kernel_is_registered_and_removed_again()
    {
        using var folder = new TemporaryFolder();
        var installed = Command.Run("kernel", "install", "--prefix", folder.Path);
        Assert.Equal(0, installed.Code);
        var specification = Path.Combine(installed.Output.Trim(), "kernel.json");
        using (var document = JsonDocument.Parse(File.ReadAllText(specification)))
        {
            var command = document.RootElement.GetProperty("argv").EnumerateArray().Select(a => a.GetString()!).ToList();
            Assert.True(File.Exists(command[0]), command[0]);
            Assert.Equal(["kernel", "run", "--connection-file", "{connection_file}"], command[^4..]);
        }

        var removed = Command.Run("kernel", "uninstall", "--prefix", folder.Path);
        Assert.Equal(installed.Output, removed.Output);
        Assert.False(File.Exists(specification));
        Assert.Equal(0, Command.Run("kernel", "uninstall", "--prefix", folder.Path).Code);
    }

    private static string Write(TemporaryFolder folder, string name, string parameters, string code)
    {
        static JsonObject Cell(string source, params string[] tags) => new()
        {
            ["cell_type"] = "code",
            ["execution_count"] = null,
            ["metadata"] = new JsonObject { ["tags"] = new JsonArray([.. tags.Select(t => (JsonNode)t)]) },
            ["outputs"] = new JsonArray(),
            ["source"] = source,
        };
        var notebook = new JsonObject
        {
            ["cells"] = new JsonArray(Cell(parameters, "parameters"), Cell(code)),
            ["metadata"] = new JsonObject { ["kernelspec"] = new JsonObject { ["name"] = ".net-csharp", ["display_name"] = ".NET (C#)", ["language"] = "C#" } },
            ["nbformat"] = 4,
            ["nbformat_minor"] = 4,
        };
        var path = folder.File(name + ".ipynb");
        File.WriteAllText(path, notebook.ToJsonString());
        return path;
    }
}
