using System.Text.Json;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Cli.Tests;

/// <summary>Scores, tables and what can be said without a truth, through the command, on a small real crop.</summary>
public sealed class EvaluateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _volume;

    public EvaluateTests()
    {
        _volume = _folder.File("crop.tif");
        var sample = (Volume<byte>)VolumeFormats.Read(Command.Sample, new VoxelSize(10, 10, 10));
        VolumeFormats.Write(sample.Crop(new Box(0, 40, 40, new Shape3(65, 72, 70))), _volume);
    }

    public void Dispose() => _folder.Dispose();

    private string Benchmark(string degradation, string methods, params string[] more)
    {
        var report = _folder.File($"{degradation.Replace(':', '-')}-{methods}.json");
        var outcome = Command.Run(["benchmark", _volume, "--degrade", degradation, "--methods", methods, "--json", report, .. more]);
        Assert.True(outcome.Code == 0, outcome.Error);
        return report;
    }

    [Fact]
    public void Reports_of_one_protocol_become_one_table_and_others_are_refused()
    {
        var (first, second) = (Benchmark("decimate:4", "nearest,linear"), Benchmark("decimate:4", "cubic"));
        var table = Command.Run("evaluate", "compare", first, second, "--baseline", "linear");
        Assert.True(table.Code == 0, table.Error);
        Assert.Contains("decimate-4-heldout/1: rows that are not themselves sections; range 255; 1 seed, which says nothing of what another would give\n", table.Output, StringComparison.Ordinal);
        Assert.Matches(@"\| crop\.tif \| nearest \|.*\| −\d", table.Output);
        Assert.Matches(@"\| crop\.tif \| linear \|.*\| baseline \|", table.Output);
        Assert.Matches(@"\| crop\.tif \| cubic \|", table.Output);

        var latex = _folder.File("table.tex");
        Assert.Equal(0, Command.Run("evaluate", "compare", first, "--format", "latex", "--out", latex).Code);
        Assert.Contains("\\toprule", File.ReadAllText(latex), StringComparison.Ordinal);
        var csv = Command.Run("evaluate", "compare", first, second, "--format", "csv").Output;
        Assert.StartsWith("Volume,Protocol,Method,Seed,Measure,Value", csv, StringComparison.Ordinal);
        Assert.Contains("crop.tif,decimate-4-heldout/1,cubic,1,psnr,", csv, StringComparison.Ordinal);

        var pooled = Benchmark("pool:4", "linear");
        var refused = Command.Run("evaluate", "compare", first, pooled);
        Assert.Equal(3, refused.Code);
        Assert.Contains("numbers of different protocols do not compare", refused.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_borders_and_seeds_are_scored_and_said()
    {
        var labels = _folder.File("labels.tif");
        VolumeFormats.Write(new Volume<ushort>([.. Enumerable.Range(0, 65 * 72 * 70).Select(i => (ushort)(i % 70 < 35 ? 300 : 7))], new Shape3(65, 72, 70), new VoxelSize(10, 10, 10), default, Provenance.Of("labels")), labels);
        using var report = JsonDocument.Parse(File.ReadAllText(Benchmark("decimate:4", "linear", "--labels", labels, "--border", "8", "--seeds", "2")));
        var root = report.RootElement;
        Assert.Equal(["volume", "voxelSizeNm", "degradation", "seed", "scored", "methods"], root.EnumerateObject().Take(6).Select(p => p.Name));
        Assert.Equal("decimate-4-heldout-border-8", root.GetProperty("protocol").GetProperty("name").GetString());
        Assert.Equal(2, root.GetProperty("methods")[0].GetProperty("seeds").GetArrayLength());
        Assert.Equal("labels.tif", root.GetProperty("segmentation").GetProperty("labels").GetString());
        Assert.Equal(2, root.GetProperty("segmentation").GetProperty("ceiling").GetProperty("objects").GetInt32());

        var scored = Command.Run("evaluate", _volume, _volume, "--labels", labels, "--border", "8", "--tile", "32");
        Assert.True(scored.Code == 0, scored.Error);
        using var document = JsonDocument.Parse(scored.Output);
        Assert.Equal(JsonValueKind.Null, document.RootElement.GetProperty("scores").GetProperty("psnr").ValueKind);
        Assert.Equal(1, document.RootElement.GetProperty("measures").GetProperty("ssimVolume").GetDouble(), 1e-9);
        Assert.InRange(document.RootElement.GetProperty("measures").GetProperty("seam").GetDouble(), 0.8, 1.2);
        Assert.Equal("whole-border-8", document.RootElement.GetProperty("protocol").GetProperty("name").GetString());
        var (own, ceiling) = (document.RootElement.GetProperty("segmentation").GetProperty("reconstruction"), document.RootElement.GetProperty("segmentation").GetProperty("ceiling"));
        Assert.Equal(ceiling.GetProperty("split").GetDouble(), own.GetProperty("split").GetDouble());

        var other = Command.Run("evaluate", _volume, _volume, "--labels", Command.Sample);
        Assert.Equal(3, other.Code);
        Assert.Contains("same grid", other.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stack_alone_is_judged_by_sections_left_out()
    {
        var report = _folder.File("alone.json");
        var outcome = Command.Run("evaluate", "without-truth", _volume, "--voxel-size", "40,10,10", "--methods", "nearest,linear", "--json", report);
        Assert.True(outcome.Code == 0, outcome.Error);
        using var document = JsonDocument.Parse(File.ReadAllText(report));
        var methods = document.RootElement.GetProperty("methods");
        Assert.Equal(32, methods[1].GetProperty("doubled").GetProperty("sections").GetInt32());
        Assert.True(methods[1].GetProperty("extrapolatedPsnr").GetDouble() > methods[1].GetProperty("doubled").GetProperty("psnr").GetDouble());
        Assert.Contains("half a pitch", document.RootElement.GetProperty("extrapolation").GetString(), StringComparison.Ordinal);

        var isotropic = Command.Run("evaluate", "without-truth", _volume);
        Assert.Equal(3, isotropic.Code);
        Assert.Contains("visioncell benchmark", isotropic.FailureLine, StringComparison.Ordinal);
    }
}
