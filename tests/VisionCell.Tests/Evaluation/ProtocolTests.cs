using Parquet.Serialization;
using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Tests.Evaluation;

/// <summary>Which numbers compare, how sure a difference is, and the tables that say so.</summary>
public sealed class ProtocolTests
{
    private static readonly DataRange _bytes = DataRange.Of(EvaluationFixture.Volume(new Shape3(1, 2, 2), (_, y, x) => y + x).ConvertTo(VoxelType.UInt8));

    private static BlockErrors Errors(int blocks, Func<int, int, double> of, params int[] seeds) =>
        new(64, seeds, [.. Enumerable.Repeat(1000.0, blocks)], [.. seeds.Select(s => (IReadOnlyList<double>)[.. Enumerable.Range(0, blocks).Select(b => of(s, b))])], 255);

    private static BenchmarkReport Report(string degradation, params MethodScore[] methods)
    {
        var sampling = AxialSampling.Parse(degradation);
        return new BenchmarkReport("v.tif", [10, 10, 10], degradation, 1, "rows", methods) { Protocol = Protocol.Of(sampling, _bytes, [1]) };
    }

    private static MethodScore Method(string name, BlockErrors errors)
    {
        var psnr = errors.SquaredErrors.Average(e => 10 * Math.Log10(255 * 255 / (e.Sum() / errors.Counts.Sum())));
        return new MethodScore(name, psnr, 0.5, 0.6, 0.7, 0.8, 1, 40, 0, 1, 100, "cpu (fp32)", null)
        {
            Blocks = errors,
            Seeds = errors.Seeds.Count == 1 ? null : [.. errors.SquaredErrors.Select((e, i) => new SeedScores(errors.Seeds[i], new Scores(10 * Math.Log10(255 * 255 / (e.Sum() / errors.Counts.Sum())), 0.5, 0.6, 0.7, 0.8, 1, 40)))],
        };
    }

    [Theory]
    [InlineData("decimate:8", "decimate-8-heldout/1")]
    [InlineData("pool:2.5", "pool-2.5-inner/1")]
    public void A_protocol_has_a_name_and_a_version(string degradation, string id) =>
        Assert.Equal(id, Protocol.Of(AxialSampling.Parse(degradation), _bytes, [1]).Id);

    [Fact]
    public void What_else_counts_is_in_the_name()
    {
        Assert.Equal("whole/1", Protocol.Of(null, _bytes, []).Id);
        Assert.Equal("decimate-4-heldout-border-16-masked/1", Protocol.Of(AxialSampling.Decimate(4), _bytes, [1], 16, true).Id);
        Assert.Equal("255", Protocol.Of(null, _bytes, []).Range);
        Assert.Equal("extent of the reference", Protocol.Of(null, new DataRange(255, "float"), []).Range);
    }

    [Fact]
    public void Numbers_of_different_protocols_are_not_put_side_by_side()
    {
        var errors = Errors(8, (_, b) => 100 + b, 1);
        var (a, b) = (Report("decimate:8", Method("linear", errors)), Report("pool:8", Method("cubic", errors)));
        var message = Assert.Throws<BadInputException>(() => ReportTable.Of([("a.json", a), ("b.json", b)], null)).Message;
        Assert.Contains("b.json was scored by pool-8-inner/1", message, StringComparison.Ordinal);
        Assert.Contains("a.json by decimate-8-heldout/1", message, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => ResultRow.Of([("a.json", a), ("b.json", b)]));
        Assert.Contains("names no protocol", Assert.Throws<BadInputException>(() => ReportTable.Of([("a.json", a with { Protocol = null })], null)).Message, StringComparison.Ordinal);
        Assert.Contains("stands in a.json and c.json", Assert.Throws<BadInputException>(() => ReportTable.Of([("a.json", a), ("c.json", a)], null)).Message, StringComparison.Ordinal);
        Assert.Contains("baseline 'flow'", Assert.Throws<BadInputException>(() => ReportTable.Of([("a.json", a)], "flow")).Message, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => ReportTable.Of([], null));
    }

    [Fact]
    public void A_difference_that_every_block_shows_is_one_and_what_blocks_disagree_on_is_none()
    {
        // Blocks differ by a factor of 20 among themselves, methods by a tenth on every one: pairs see it.
        var hard = Errors(27, (_, b) => 100 * (1 + b % 20), 1);
        var better = Errors(27, (_, b) => 90 * (1 + b % 20), 1);
        var found = PairedDifference.Of(better, hard);
        Assert.Equal(10 * Math.Log10(1 / 0.9), found.Psnr, 1e-9);
        Assert.Equal(found.Psnr, found.Low!.Value, 1e-9);
        Assert.True(found.IsDifferent);
        Assert.Equal(-found.Psnr, PairedDifference.Of(hard, better).Psnr, 1e-9);

        // Better here and worse there by as much.
        var mixed = Errors(27, (_, b) => (b % 2 == 0 ? 80 : 121) * (1 + b % 20), 1);
        var unsure = PairedDifference.Of(mixed, hard);
        Assert.True(unsure.Low < 0 && unsure.High > 0, $"{unsure}");
        Assert.False(unsure.IsDifferent);
        Assert.Equal(unsure, PairedDifference.Of(mixed, hard));
        Assert.Null(PairedDifference.Of(Errors(7, (_, _) => 1, 1), Errors(7, (_, _) => 2, 1)).IsDifferent);
    }

    [Fact]
    public void An_interval_of_95_percent_holds_the_truth_about_as_often()
    {
        var random = new Random(4);
        var held = 0;
        const int Trials = 60;
        for (var t = 0; t < Trials; t++)
        {
            double Draw() => 100 * Math.Exp(0.3 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
            var difference = PairedDifference.Of(Errors(40, (_, _) => Draw(), 1), Errors(40, (_, _) => Draw(), 1));
            held += difference.IsDifferent == false ? 1 : 0;
        }
        Assert.InRange(held, 51, 60);
    }

    [Fact]
    public void Seeds_are_paired_and_widen_what_they_disagree_on()
    {
        var baseline = Errors(27, (_, b) => 100 + b, 1, 2, 3);
        var lucky = Errors(27, (s, b) => (100 + b) * (s == 1 ? 0.6 : 1.3), 3, 1, 2);
        var found = PairedDifference.Of(lucky, baseline);
        Assert.Equal(3, found.Seeds);
        Assert.Equal(10 * (-Math.Log10(0.6) - 2 * Math.Log10(1.3)) / 3, found.Psnr, 1e-9);
        Assert.False(found.IsDifferent);
        Assert.True(PairedDifference.Of(Errors(27, (_, b) => (100 + b) * 0.6, 1), baseline).IsDifferent);
        Assert.Contains("seeds in common", Assert.Throws<BadInputException>(() => PairedDifference.Of(Errors(27, (_, b) => b + 1, 9), baseline)).Message, StringComparison.Ordinal);
        Assert.Contains("same volume", Assert.Throws<BadInputException>(() => PairedDifference.Of(Errors(26, (_, b) => b + 1, 1), baseline)).Message, StringComparison.Ordinal);
        Assert.Contains("infinite", Assert.Throws<BadInputException>(() => PairedDifference.Of(Errors(27, (_, _) => 0, 1), baseline)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tables_say_means_spreads_and_what_is_not_different()
    {
        var linear = Method("linear", Errors(27, (_, b) => 100 * (1 + b % 20), 1, 2, 3));
        var network = Method("superresolution", Errors(27, (s, b) => (60 + s) * (1 + b % 20), 1, 2, 3));
        var noisy = Method("field_2", Errors(27, (_, b) => (b % 2 == 0 ? 80 : 121) * (1 + b % 20), 1, 2, 3));
        var table = ReportTable.Of([("a.json", Report("decimate:8", linear, network, noisy))], "linear");
        Assert.StartsWith("decimate-8-heldout/1: rows that are not themselves sections; range 255; 3 seeds, mean ± standard deviation", table.Caption, StringComparison.Ordinal);
        Assert.Equal("baseline", table.Rows[0][^1]);
        Assert.StartsWith("+2.0", table.Rows[1][^1], StringComparison.Ordinal);
        Assert.StartsWith("not different (−", table.Rows[2][^1], StringComparison.Ordinal);
        Assert.Matches(@"^\d+\.\d\d ± 0\.07$", table.Rows[1][2]);
        var markdown = table.ToMarkdown();
        Assert.Equal(3 + 2 + 2, markdown.TrimEnd().Split('\n').Length);
        Assert.Contains("| v.tif | linear |", markdown, StringComparison.Ordinal);
        var latex = table.ToLatex();
        Assert.Contains("field\\_2", latex, StringComparison.Ordinal);
        Assert.Contains("$\\pm$", latex, StringComparison.Ordinal);
        Assert.Equal(3, latex.Split('\n').Count(l => l.Contains("v.tif &", StringComparison.Ordinal)));
    }

    [Fact]
    public void Rows_are_long_and_read_back_as_a_frame()
    {
        var report = Report("decimate:8", Method("linear", Errors(8, (_, b) => 100 + b, 1)), Method("net", Errors(8, (s, b) => 50 + s + b, 1, 2)));
        var rows = ResultRow.Of([("a.json", report)]);
        Assert.Equal([1, 2], rows.Where(r => r is { Method: "net", Measure: "psnr" }).Select(r => r.Seed));
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, ResultRow.ToCsv(rows));
            var frame = Deedle.Frame.ReadCsv(path);
            Assert.Equal(rows.Count, frame.RowCount);
            Assert.Equal(["Volume", "Protocol", "Method", "Seed", "Measure", "Value"], frame.ColumnKeys);
            Assert.Equal(rows[0].Value, frame.GetColumn<double>("Value").GetAt(0), 1e-9);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Rows_read_back_from_parquet()
    {
        var rows = ResultRow.Of([("a.json", Report("decimate:8", Method("linear", Errors(8, (_, b) => 100 + b, 1)), Method("net", Errors(8, (s, b) => 50 + s + b, 1, 2))))]);
        var path = Path.GetTempFileName();
        try
        {
            ResultRow.WriteParquet(rows, path);
            await using var file = File.OpenRead(path);
            var read = await ParquetSerializer.DeserializeUntypedAsync(file, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(["Volume", "Protocol", "Method", "Seed", "Measure", "Value"], read.Schema.DataFields.Select(f => f.Name));
            Assert.Equal(rows.Count, read.Data.Count);
            Assert.All(rows.Zip(read.Data), pair => Assert.Equal((pair.First.Method, pair.First.Seed, pair.First.Measure, pair.First.Value), ((string)pair.Second["Method"], (int)pair.Second["Seed"], (string)pair.Second["Measure"], (double)pair.Second["Value"])));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void What_differs_from_seed_to_seed_is_averaged_and_kept()
    {
        MethodScore Score(double x) => Method("net", Errors(8, (_, b) => 50 + x + b, (int)x)) with
        {
            Seeds = null,
            Psnr = 30 + x,
            Segmentation = new SegmentationScore(x, 2 * x, 0.1 * x, 0.7, 0.6, 0.5, 0.4, 10, 10),
            Uncertainty = new UncertaintyScore(0.8 + 0.02 * x, x == 1 ? 0.3 : null) { RankCorrelation = 0.1 * x },
        };
        var mean = SeedMeans.Of([Score(1), Score(2), Score(3)], [1, 2, 3]);
        Assert.Equal(32, mean.Psnr);
        Assert.Equal(2, mean.Segmentation!.Split);
        Assert.Equal(0.84, mean.Uncertainty!.Coverage90, 1e-12);
        Assert.Equal(0.2, mean.Uncertainty.RankCorrelation!.Value, 1e-12);
        Assert.Null(mean.Uncertainty.ErrorCorrelation);
        Assert.Equal([1, 2, 3], mean.Seeds!.Select(s => s.Segmentation!.Split));
        Assert.Equal([1, 2, 3], mean.Blocks!.Seeds);
        var rows = ResultRow.Of([("a.json", Report("decimate:8", mean))]);
        Assert.Equal([1.0, 2, 3], rows.Where(r => r.Measure == "segmentationSplit").Select(r => r.Value));
        Assert.Contains("2.00 ± 1.00", ReportTable.Of([("a.json", Report("decimate:8", mean))], null).Rows[0]);
    }

    [Fact]
    public void A_report_with_all_that_may_be_in_it_reads_back()
    {
        var path = Path.GetTempFileName();
        try
        {
            var method = Method("net", Errors(8, (s, b) => 50 + s + b, 1, 2)) with
            {
                Segmentation = new SegmentationScore(1, 2, 0.3, 0.7, 0.6, 0.5, 0.4, 12, 10),
                Uncertainty = new UncertaintyScore(0.9, 0.3) { Coverage = [new CoveragePoint(0.5, 0.45)], Sparsification = [new SparsificationPoint(0, 1, 1)] },
                Seeds = [new SeedScores(1, new Scores(double.PositiveInfinity, null, null, null, null, null, null))],
            };
            var report = Report("decimate:8", method) with { Segmentation = new SegmentationBounds("l.tif", method.Segmentation!, method.Segmentation!, new SegmentationConfiguration()) };
            report.Write(path);
            var read = BenchmarkReport.Read(path);
            Assert.Equal(report.ToJson(), read.ToJson());
            Assert.Equal(method.Segmentation, read.Methods[0].Segmentation);
            Assert.Equal("decimate-8-heldout/1", read.Protocol!.Id);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
