namespace VisionCell.Cli.Tests;

/// <summary><c>data</c> knows the samples and whether they are unchanged.</summary>
public sealed class DataTests
{
    [Fact]
    public void The_bundled_samples_are_listed_and_intact()
    {
        var list = Command.Run("data", "list");
        Assert.Equal(0, list.Code);
        Assert.Matches(@"(?m)^medulla-sample\s+10 x 10 x 10 nm\s+FIB-SEM\s+\S+\s+.*medulla-sample\.tif$", list.Output);
        Assert.Matches(@"(?m)^bone-sample\s+unknown voxel size", list.Output);

        var verify = Command.Run("data", "verify", "medulla-sample", "bone-sample");
        Assert.Equal(0, verify.Code);
        Assert.Equal(2, verify.Output.Split('\n').Count(l => l.StartsWith("intact", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_changed_file_is_found()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("medulla-1.tif"), "not what the manifest says");
        var outcome = Command.RunAfter($"export VISIONCELL_DATA={folder.Path}", "data", "verify", "medulla-1");
        Assert.Equal(3, outcome.Code);
        Assert.Contains("medulla-1.tif of medulla-1 (differs)", outcome.FailureLine, StringComparison.Ordinal);
        Assert.Contains("DIFFERS", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_named_set_that_is_not_here_is_missing()
    {
        var outcome = Command.RunAfter("unset VISIONCELL_DATA", "data", "verify", "medulla-1");
        Assert.Equal(3, outcome.Code);
        Assert.Contains("medulla-1.tif of medulla-1 (missing)", outcome.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_set_that_does_not_exist_is_answered_with_those_that_do()
    {
        var outcome = Command.Run("data", "verify", "medula");
        Assert.Equal(3, outcome.Code);
        Assert.Contains("medulla-sample", outcome.FailureLine, StringComparison.Ordinal);
    }
}
