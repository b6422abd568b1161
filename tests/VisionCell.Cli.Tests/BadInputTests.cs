namespace VisionCell.Cli.Tests;

/// <summary>What the user got wrong ends in exit code 3 and one line naming the file or value and the fix.</summary>
public sealed class BadInputTests
{
    [Fact]
    public void A_path_that_does_not_exist()
    {
        var outcome = Command.Run("info", "no/such.tif");
        Assert.Equal(3, outcome.Code);
        Assert.Contains("no/such.tif", outcome.FailureLine, StringComparison.Ordinal);
        Assert.Empty(outcome.Output);
    }

    [Fact]
    public void A_text_file_named_tif()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("notes.tif");
        File.WriteAllText(path, "these are my notes\n");
        var outcome = Command.Run("info", path);
        Assert.Equal(3, outcome.Code);
        Assert.Contains(path, outcome.FailureLine, StringComparison.Ordinal);
        Assert.Contains("TIFF", outcome.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_voxel_size_that_nobody_knows_is_asked_for()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("bare.tif");
        File.WriteAllBytes(path, BareTiff.TwoPages());
        var info = Command.Run("info", path);
        Assert.Equal(0, info.Code);
        Assert.Matches(@"voxel size\s+unknown: pass --voxel-size", info.Output);

        var convert = Command.Run("convert", path, folder.File("out.tif"));
        Assert.Equal(3, convert.Code);
        Assert.Contains("--voxel-size", convert.FailureLine, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.File("out.tif")));

        Assert.Equal(0, Command.Run("convert", path, folder.File("out.tif"), "--voxel-size", "80,10,10").Code);
        Assert.Matches(@"voxel size\s+80 x 10 x 10 nm", Command.Run("info", folder.File("out.tif")).Output);
    }

    [Theory]
    [InlineData("80,10", "not 3")]
    [InlineData("80,10,0", "must be a positive number")]
    [InlineData("80,10,ten", "'ten' is not a number")]
    [InlineData("80,10,NaN", "must be a positive number")]
    public void A_voxel_size_that_is_none(string size, string expected)
    {
        var outcome = Command.Run("convert", Command.Sample, "never.tif", "--voxel-size", size);
        Assert.Equal(3, outcome.Code);
        Assert.Contains(expected, outcome.FailureLine, StringComparison.Ordinal);
        Assert.False(File.Exists("never.tif"));
    }

    [Fact]
    public void A_method_that_does_not_exist_is_answered_with_those_that_do()
    {
        var outcome = Command.Run("benchmark", Command.Sample, "--degrade", "decimate:8", "--methods", "linear,quadratic");
        Assert.Equal(3, outcome.Code);
        Assert.Contains("quadratic", outcome.FailureLine, StringComparison.Ordinal);
        Assert.Contains("cubic", outcome.FailureLine, StringComparison.Ordinal);
        Assert.Contains("superresolution", outcome.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_degradation_that_does_not_exist()
    {
        var outcome = Command.Run("benchmark", Command.Sample, "--degrade", "drop:8", "--methods", "linear");
        Assert.Equal(3, outcome.Code);
        Assert.Contains("decimate:N", outcome.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void An_iso_value_outside_the_data()
    {
        using var folder = new TemporaryFolder();
        var outcome = Command.Run("mesh", Command.Sample, "--iso", "4000", "--out", folder.File("m.ply"));
        Assert.Equal(3, outcome.Code);
        Assert.Contains("4000", outcome.FailureLine, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_mesh_format_that_is_none_is_refused_before_the_work()
    {
        var outcome = Command.Run("mesh", "no/such.tif", "--iso", "1", "--out", "m.fbx");
        Assert.Equal(3, outcome.Code);
        Assert.Contains(".glb, .ply, .obj, .stl", outcome.FailureLine, StringComparison.Ordinal);
    }
}
