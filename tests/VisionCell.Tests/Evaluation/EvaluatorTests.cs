using System.Text.Json;
using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Tests.Evaluation;

public sealed class EvaluatorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-evaluation-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Decimation_scores_what_was_not_observed()
    {
        var region = ScoredRegion.HeldOut(AxialSampling.Decimate(8), 4);
        Assert.Equal(25, region.FineRows);
        Assert.Equal(Enumerable.Range(0, 25).Where(z => z % 8 != 0), region.Rows);
        Assert.Equal("21 held-out of 25 z rows (decimate:8, 4 observed sections not counted)", region.Description);
    }

    [Theory]
    [InlineData(4, 4, 24, 4, 19)]
    [InlineData(4, 3, 23, 4, 18)]
    public void Thick_sections_score_all_but_the_first_and_last(int pitch, int thickness, int rows, int first, int last)
    {
        var region = ScoredRegion.HeldOut(new AxialSampling(pitch, thickness), 6);
        Assert.Equal(rows, region.FineRows);
        Assert.Equal(Enumerable.Range(first, last - first + 1), region.Rows);
    }

    [Fact]
    public void Regions_that_would_be_empty_are_refused()
    {
        Assert.Contains("at least 3", Assert.Throws<BadInputException>(() => ScoredRegion.HeldOut(AxialSampling.Pool(4), 2)).Message, StringComparison.Ordinal);
        Assert.Contains("held out", Assert.Throws<BadInputException>(() => ScoredRegion.HeldOut(AxialSampling.Decimate(1), 5)).Message, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => ScoredRegion.HeldOut(AxialSampling.Decimate(4), 1));
    }

    [Fact]
    public void Volumes_on_different_grids_are_refused_naming_both()
    {
        var a = EvaluationFixture.Volume(new Shape3(12, 13, 14), (_, _, x) => x);
        var b = EvaluationFixture.Volume(new Shape3(12, 13, 15), (_, _, x) => x);
        var shapes = Assert.Throws<BadInputException>(() => Evaluator.Score(a, b, ScoredRegion.All(12), 255)).Message;
        Assert.Contains("12 x 13 x 14", shapes, StringComparison.Ordinal);
        Assert.Contains("12 x 13 x 15", shapes, StringComparison.Ordinal);

        var c = EvaluationFixture.Volume(a.Shape, (_, _, x) => x, new VoxelSize(96, 8, 10));
        var sizes = Assert.Throws<BadInputException>(() => Evaluator.Score(c, a, ScoredRegion.All(12), 255)).Message;
        Assert.Contains("96 x 8 x 10 nm", sizes, StringComparison.Ordinal);
        Assert.Contains("12 x 8 x 10 nm", sizes, StringComparison.Ordinal);

        Assert.Contains("13 z rows", Assert.Throws<BadInputException>(() => Evaluator.Score(a, a, ScoredRegion.All(13), 255)).Message, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => Evaluator.Score(a, a, ScoredRegion.All(12), 0));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void A_voxel_that_is_no_number_is_named(float value)
    {
        var (a, b) = EvaluationFixture.Golden();
        b[7, 11, 13] = value;
        b[8, 0, 0] = value;
        var message = Assert.Throws<BadInputException>(() => Evaluator.Score(a, b, ScoredRegion.All(25), 255)).Message;
        Assert.Contains("reference", message, StringComparison.Ordinal);
        Assert.Contains("z 7, y 11, x 13", message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_data_range_follows_the_type_of_the_reference()
    {
        var floats = EvaluationFixture.Volume(new Shape3(2, 3, 4), (z, y, x) => 1000 + 7 * z + y + x);
        Assert.Equal(255, DataRange.Of(floats.ConvertTo(VoxelType.UInt8)).Value);
        Assert.Equal(12, DataRange.Of(floats.ConvertTo(VoxelType.UInt16)).Value);
        Assert.Equal(12, DataRange.Of(floats).Value);
        Assert.Contains("float32", DataRange.Of(floats).Description, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => DataRange.Of(floats.Map(_ => 5f)));
    }

    [Fact]
    public void The_report_has_exactly_the_documented_keys_in_order_and_reads_back()
    {
        var (a, b) = EvaluationFixture.Golden();
        var region = ScoredRegion.HeldOut(AxialSampling.Decimate(4), 7);
        var scores = Evaluator.Score(a, b, region, 255);
        var report = BenchmarkReport.Of("sample.tif", b.VoxelSize, "decimate:4", 3, region, new DataRange(255, "data range 255 (uint8)"),
        [
            MethodScore.Of("linear", scores, 0, 0.5, 120, "cpu (fp32)"),
            MethodScore.Of("diffusion", scores, 60, 2, null, "cpu (bf16)", new UncertaintyScore(0.88, 0.4)),
        ]);
        var path = Path.Combine(_folder, "new", "report.json");
        report.Write(path);

        using var document = JsonDocument.Parse(File.ReadAllText(path));
        Assert.Equal(["volume", "voxelSizeNm", "degradation", "seed", "scored", "methods"], document.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal([12.0, 8.0, 10.0], document.RootElement.GetProperty("voxelSizeNm").EnumerateArray().Select(v => v.GetDouble()));
        Assert.Equal("18 held-out of 25 z rows (decimate:4, 7 observed sections not counted); data range 255 (uint8)", document.RootElement.GetProperty("scored").GetString());
        var method = document.RootElement.GetProperty("methods")[1];
        Assert.Equal(
            ["name", "psnr", "ssimXy", "ssimXz", "ssimYz", "fsim", "highFrequencyRatio", "fscResolutionNm", "trainSeconds", "inferSeconds", "peakMemoryMb", "device", "uncertainty"],
            method.EnumerateObject().Select(p => p.Name));
        Assert.Equal(["coverage90", "errorCorrelation"], method.GetProperty("uncertainty").EnumerateObject().Select(p => p.Name));
        Assert.Equal(JsonValueKind.Null, document.RootElement.GetProperty("methods")[0].GetProperty("uncertainty").ValueKind);

        var read = BenchmarkReport.Read(path);
        Assert.Equal(report.Methods, read.Methods);
        Assert.Equal(report.Scored, read.Scored);
        Assert.Equal([Path.GetFileName(path)], Directory.GetFiles(Path.GetDirectoryName(path)!).Select(Path.GetFileName));
    }

    [Fact]
    public void Infinite_is_written_as_null()
    {
        var reference = EvaluationFixture.Golden().Reference;
        var scores = Evaluator.Score(reference, reference, ScoredRegion.All(25), 255);
        Assert.Equal(double.PositiveInfinity, scores.Psnr);
        Assert.Null(scores.FscResolutionNm);
        var json = new BenchmarkReport("v", [1, 1, 1], "none", 1, "all", [MethodScore.Of("x", scores, null, null, null, null)]).ToJson();
        Assert.Contains("\"psnr\": null", json, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_report_is_named()
    {
        var path = Path.Combine(_folder, "broken.json");
        File.WriteAllText(path, "{\"volume\": ");
        Assert.Contains("broken.json", Assert.Throws<BadInputException>(() => BenchmarkReport.Read(path)).Message, StringComparison.Ordinal);
    }
}
