using VisionCell.Cli.CommandLine;

namespace VisionCell.Cli.Tests;

/// <summary>A wrong command line ends in exit code 2 and one line that helps.</summary>
public sealed class UsageTests
{
    [Theory]
    [InlineData("unknown command 'inof'; did you mean 'info'?", "inof", "x.tif")]
    [InlineData("unknown command 'benchmrk'; did you mean 'benchmark'?", "benchmrk")]
    [InlineData("unknown command 'frobnicate'; known: ", "frobnicate")]
    [InlineData("unknown option '--jsn' of 'info'; did you mean '--json'?", "info", "x.tif", "--jsn")]
    [InlineData("unknown option '--jsn' of 'info'; did you mean '--json'?", "info", "--jsn", "x.tif")]
    [InlineData("unknown option '--vocel-size' of 'convert'; did you mean '--voxel-size'?", "convert", "a.tif", "b.tif", "--vocel-size", "1,2,3")]
    [InlineData("unknown option '--qiet' of 'info'; did you mean '--quiet'?", "info", "x.tif", "--qiet")]
    [InlineData("info: VOLUME is missing", "info")]
    [InlineData("info: 'y.tif' is one argument too many", "info", "x.tif", "y.tif")]
    [InlineData("mesh: option '--out' is required", "mesh", "x.tif", "--iso", "1")]
    [InlineData("mesh: option '--out' wants a value", "mesh", "x.tif", "--iso", "1", "--out")]
    [InlineData("mesh: Cannot parse argument 'much' for option '--decimate'", "mesh", "x.tif", "--iso", "1", "--out", "m.ply", "--decimate", "much")]
    [InlineData("a command is missing: ", "data")]
    [InlineData("unknown command 'lits' of 'data'; did you mean 'list'?", "data", "lits")]
    [InlineData("a command is missing: ")]
    public void A_wrong_command_line_is_answered_in_one_line(string expected, params string[] arguments)
    {
        var outcome = Command.Run(arguments);
        Assert.Equal(2, outcome.Code);
        Assert.Contains(expected, outcome.FailureLine, StringComparison.Ordinal);
        Assert.Single(outcome.Error.TrimEnd().Split('\n'));
        Assert.Empty(outcome.Output);
    }

    [Fact]
    public void Help_goes_to_standard_output_and_lists_what_exists()
    {
        var outcome = Command.Run("--help");
        Assert.Equal(0, outcome.Code);
        Assert.Empty(outcome.Error);
        foreach (var command in new[] { "demo", "info", "convert", "preprocess", "reconstruct", "benchmark", "evaluate", "mesh", "video", "notebook", "kernel", "data", "doctor" })
            Assert.Matches($@"(?m)^  {command}\b", outcome.Output);
    }

    [Theory]
    [InlineData("reconstuct", "reconstruct")]
    [InlineData("dcotor", "doctor")]
    [InlineData("xyz", null)]
    public void The_nearest_word_is_found_where_one_is_near(string word, string? expected) =>
        Assert.Equal(expected, UsageError.Nearest(word, ["reconstruct", "doctor", "demo", "data"]));
}
