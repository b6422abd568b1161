using System.Text.Json;

namespace VisionCell.Cli.Tests;

/// <summary><c>info</c> says what a file holds.</summary>
public sealed class InfoTests
{
    [Fact]
    public void A_small_stack_is_described_exactly()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("bare.tif");
        File.WriteAllBytes(path, BareTiff.TwoPages());
        var outcome = Command.Run("info", path, "--json");
        Assert.Equal(0, outcome.Code);
        using var document = JsonDocument.Parse(outcome.Output);
        var info = document.RootElement;
        Assert.Equal("[2,4,4]", info.GetProperty("shape").GetRawText().Replace("\n", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal("uint8", info.GetProperty("voxelType").GetString());
        Assert.Equal(JsonValueKind.Null, info.GetProperty("voxelSizeNm").ValueKind);
        var statistics = info.GetProperty("statistics");
        // The pixels are 0 to 31 once each: mean 15.5, variance (32^2 - 1) / 12.
        Assert.Equal(0, statistics.GetProperty("minimum").GetDouble());
        Assert.Equal(31, statistics.GetProperty("maximum").GetDouble());
        Assert.Equal(15.5, statistics.GetProperty("mean").GetDouble(), 12);
        Assert.Equal(Math.Sqrt(1023 / 12.0), statistics.GetProperty("standardDeviation").GetDouble(), 12);
        Assert.Equal(1 / 32.0, statistics.GetProperty("zeroFraction").GetDouble(), 12);
    }

    [Fact]
    public void Relative_paths_are_those_of_the_caller()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("bare.tif"), BareTiff.TwoPages());
        Assert.Equal(0, Command.RunIn(folder.Path, "info", "bare.tif").Code);
        Assert.Equal(0, Command.RunIn(folder.Path, "convert", "bare.tif", "copy.tif", "--voxel-size", "3,2,1", "--quiet").Code);
        Assert.True(File.Exists(folder.File("copy.tif")));
    }
}
