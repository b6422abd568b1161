using System.Text.Json;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Cli.Tests;

/// <summary>From a sparse stack to an isotropic volume, its score, and a report, through the command.</summary>
public sealed class ReconstructTests
{
    [Fact]
    public void A_stack_becomes_an_isotropic_volume_and_is_not_made_twice()
    {
        using var folder = new TemporaryFolder();
        string[] arguments = ["reconstruct", Command.Sample, "--voxel-size", "40,10,10", "--method", "linear", "--out", folder.Path];
        var first = Command.Run(arguments);
        Assert.Equal(0, first.Code);
        var volume = first.Output.Trim();
        Assert.Equal(folder.File("volumes/linear.zarr"), volume);
        var info = Command.Run("info", volume).Output;
        // 97 sections, the factor 4: 96 * 4 + 1 rows.
        Assert.Matches(@"shape\s+385 x 200 x 200", info);
        Assert.Matches(@"voxel size\s+10 x 10 x 10 nm", info);
        Assert.Matches(@"type\s+uint8", info);

        var second = Command.Run([.. arguments, "--json"]);
        Assert.Equal(0, second.Code);
        using var document = JsonDocument.Parse(second.Output);
        Assert.True(document.RootElement.GetProperty("reused").GetBoolean());
    }

    [Fact]
    public void A_factor_that_is_not_whole_is_reconstructed_and_scored_and_what_is_assumed_is_said()
    {
        using var folder = new TemporaryFolder();
        var outcome = Command.Run("reconstruct", Command.Sample, "--voxel-size", "46,10,10", "--method", "cubic", "--out", folder.Path);
        Assert.Equal(0, outcome.Code);
        Assert.Contains("taken to be 46 nm apart and thin", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("give --thick", outcome.Error, StringComparison.Ordinal);
        // 96 distances of 4.6 rows: the last section lies between rows 441 and 442.
        Assert.Matches(@"shape\s+443 x 200 x 200", Command.Run("info", outcome.Output.Trim()).Output);
        var thick = Command.Run("reconstruct", Command.Sample, "--voxel-size", "46,10,10", "--thick", "--method", "linear", "--out", folder.Path);
        Assert.Contains("as thick, without gaps", thick.Error, StringComparison.Ordinal);
        var flow = Command.Run("reconstruct", Command.Sample, "--voxel-size", "46,10,10", "--method", "flow", "--out", folder.Path);
        Assert.Equal(3, flow.Code);
        Assert.Contains("4.6 pixels apart, no whole number", flow.FailureLine, StringComparison.Ordinal);

        var scored = Command.Run("benchmark", Command.Sample, "--degrade", "pool:2.5", "--methods", "linear,cubic");
        Assert.Equal(0, scored.Code);
        using var document = JsonDocument.Parse(scored.Output);
        Assert.Equal("pool:2.5", document.RootElement.GetProperty("degradation").GetString());
        Assert.All(document.RootElement.GetProperty("methods").EnumerateArray(), m => Assert.InRange(m.GetProperty("psnr").GetDouble(), 25, 40));
    }

    [Fact]
    public void Memory_does_not_grow_with_the_stack()
    {
        using var folder = new TemporaryFolder();
        // The same sections again and again.
        double Peak(int times)
        {
            var path = folder.File($"{times}.zarr");
            var sample = VolumeFormats.Read(Command.Sample, new VoxelSize(40, 10, 10));
            var tall = new Volume<byte>(new Shape3(times * sample.Shape.Z, sample.Shape.Y, sample.Shape.X), sample.VoxelSize, default, Provenance.Of("tall"));
            for (var i = 0; i < times; i++)
                sample.Bytes.CopyTo(tall.Data.AsSpan(i * sample.Bytes.Length));
            VolumeFormats.Write(tall, path);
            Assert.Equal(0, Command.Run("reconstruct", path, "--method", "cubic", "--memory", "8M", "--out", folder.File($"{times}")).Code);
            using var run = JsonDocument.Parse(File.ReadAllText(folder.File($"{times}/run.json")));
            return run.RootElement.GetProperty("stages").GetProperty("reconstruct-cubic").GetProperty("figures").GetProperty("peakMemoryMb").GetDouble();
        }
        // One tile is read and one written while another is computed, and with few of them the collector has not come to rest: 4, 12 and 36 times
        // the sample took 478, 576 and 595 MB.
        var (small, large) = (Peak(12), Peak(36));
        // The larger result alone would be 2,235 MB as numbers, the smaller 745.
        Assert.True(large < small + 100, $"{small} MB, {large} MB for three times the stack");
    }

    [Fact]
    public void Shards_are_written_where_asked_for_and_hold_what_chunks_do()
    {
        using var folder = new TemporaryFolder();
        var sample = VolumeFormats.Read(Command.Sample);
        Assert.Equal(0, Command.Run("convert", Command.Sample, folder.File("a.zarr"), "--shard", "128").Code);
        Assert.True(sample.Bytes.SequenceEqual(VolumeFormats.Read(folder.File("a.zarr")).Bytes));
        Assert.Contains("shards of 128 x 128 x 128", Command.Run("info", folder.File("a.zarr")).Output, StringComparison.Ordinal);
        foreach (var more in new string[][] { [], ["--shard", "256"] })
            Assert.Equal(0, Command.Run(["reconstruct", folder.File("a.zarr"), "--voxel-size", "40,10,10", "--method", "linear", "--memory", "2MB", "--out", folder.File($"run{more.Length}"), .. more]).Code);
        Assert.True(VolumeFormats.Read(folder.File("run0/volumes/linear.zarr")).Bytes.SequenceEqual(VolumeFormats.Read(folder.File("run2/volumes/linear.zarr")).Bytes));
        Assert.Equal(2, Directory.GetFiles(folder.File("run2/volumes/linear.zarr/0/c"), "*", SearchOption.AllDirectories).Length);
        foreach (var (wrong, why) in new[] { (new[] { "--shard", "192" }, "divisor of 256"), (["--shard", "256", "--zarr", "0.4"], "only 0.5"), (["--zarr", "0.6"], "0.6"), (["--memory", "some"], "'some'") })
        {
            var outcome = Command.Run(["reconstruct", Command.Sample, "--voxel-size", "40,10,10", "--method", "linear", "--out", folder.File("wrong"), .. wrong]);
            Assert.Equal(3, outcome.Code);
            Assert.Contains(why, outcome.FailureLine, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_stack_that_is_isotropic_already_is_refused()
    {
        using var folder = new TemporaryFolder();
        var outcome = Command.Run("reconstruct", Command.Sample, "--method", "linear", "--out", folder.Path);
        Assert.Equal(3, outcome.Code);
        Assert.Contains("isotropic already", outcome.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_is_none_is_refused_before_anything_is_read()
    {
        using var folder = new TemporaryFolder();
        foreach (var command in new[] { "reconstruct", "benchmark", "pretrain" })
        {
            string[] own = command == "benchmark" ? ["--degrade", "decimate:4", "--methods", "linear"] : ["--out", folder.File("out")];
            var outcome = Command.Run([command, Command.Sample, .. own, "--device", "gpu"]);
            Assert.Equal(3, outcome.Code);
            Assert.Contains("give auto, cpu or cuda:0", outcome.FailureLine, StringComparison.Ordinal);
        }
        Assert.False(Directory.Exists(folder.File("out")));
    }

    [Fact]
    public void The_error_to_expect_is_a_volume_beside_the_result()
    {
        using var folder = new TemporaryFolder();
        string[] Arguments(string method) => ["reconstruct", Command.Sample, "--voxel-size", "40,10,10", "--method", method, "--uncertainty", "--out", folder.Path, "--json"];
        var outcome = Command.Run(Arguments("flow"));
        Assert.Equal(0, outcome.Code);
        using var document = JsonDocument.Parse(outcome.Output);
        var path = document.RootElement.GetProperty("uncertainty").GetString()!;
        Assert.Equal(folder.File("volumes/flow-uncertainty.zarr"), path);
        var info = Command.Run("info", path).Output;
        Assert.Matches(@"shape\s+385 x 200 x 200", info);
        Assert.Matches(@"type\s+float32", info);

        var linear = Command.Run(Arguments("linear"));
        Assert.Equal(3, linear.Code);
        Assert.Contains("'linear' does not tell how large an error to expect", linear.FailureLine, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("volumes/linear-uncertainty.zarr")));
    }

    [Fact]
    public void Weights_are_trained_on_isotropic_volumes_and_trained_further()
    {
        using var folder = new TemporaryFolder();
        var first = Command.Run("pretrain", Command.Sample, "--steps", "2", "--batch", "2", "--out", folder.File("a"));
        Assert.Equal(0, first.Code);
        Assert.Equal(folder.File("a/prior.safetensors"), first.Output.Trim());
        var further = Command.Run("pretrain", Command.Sample, "--steps", "1", "--batch", "1", "--rate", "0.001", "--prior", first.Output.Trim(), "--out", folder.File("b"));
        Assert.Equal(0, further.Code);
        Assert.NotEqual(File.ReadAllBytes(first.Output.Trim()), File.ReadAllBytes(further.Output.Trim()));

        var both = Command.Run("pretrain", Command.Sample, "--steps", "2", "--minutes", "1", "--out", folder.File("c"));
        Assert.Equal(3, both.Code);
        Assert.Contains("exclude each other", both.FailureLine, StringComparison.Ordinal);
        var foreign = Command.Run("pretrain", Command.Sample, "--prior", Command.Sample, "--out", folder.File("c"));
        Assert.Equal(3, foreign.Code);
        Assert.False(Directory.Exists(folder.File("c")));
    }

    [Fact]
    public void Sections_too_small_for_the_factor_are_refused_with_what_to_do()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("bare.tif");
        File.WriteAllBytes(path, BareTiff.TwoPages());
        var small = Command.Run("reconstruct", path, "--voxel-size", "80,10,10", "--method", "superresolution", "--minutes", "0.05", "--out", folder.File("small"));
        Assert.Equal(3, small.Code);
        Assert.Contains("sections of 4 x 4 pixels are too small to learn decimate:8 from: at least 17 pixels a side are needed; use 'cubic'", small.FailureLine, StringComparison.Ordinal);
        var far = Command.Run("reconstruct", Command.Sample, "--voxel-size", "2000,10,10", "--method", "superresolution", "--minutes", "0.05", "--out", folder.File("far"));
        Assert.Equal(3, far.Code);
        Assert.Contains("at least 401 pixels a side are needed", far.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_benchmark_report_is_one_json_object()
    {
        var outcome = Command.Run("benchmark", Command.Sample, "--degrade", "pool:4", "--methods", "nearest,cubic", "--quiet");
        Assert.Equal(0, outcome.Code);
        Assert.Empty(outcome.Error);
        using var document = JsonDocument.Parse(outcome.Output);
        var report = document.RootElement;
        Assert.Equal("pool:4", report.GetProperty("degradation").GetString());
        var methods = report.GetProperty("methods").EnumerateArray().ToList();
        Assert.Equal(["nearest", "cubic"], methods.Select(m => m.GetProperty("name").GetString()));
        Assert.True(methods[1].GetProperty("psnr").GetDouble() > methods[0].GetProperty("psnr").GetDouble() + 1);
    }

    [Fact]
    public void Preprocessing_leaves_a_volume_and_where_each_section_went()
    {
        using var folder = new TemporaryFolder();
        var config = folder.File("config.json");
        var run = folder.File("run");
        var first = Command.Run("preprocess", Command.Sample, "--preset", "ss-tem", "--save-config", config, "--out", run);
        Assert.Equal(0, first.Code);
        Assert.Equal(Path.Combine(run, "preprocessed.zarr"), first.Output.Trim());
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "transforms.json")));
        Assert.Equal(97, document.RootElement.GetProperty("sections").GetArrayLength());
        Assert.Matches(@"shape\s+97 x 200 x 200", Command.Run("info", first.Output.Trim()).Output);

        Assert.False(Directory.Exists(Path.Combine(run, ".preprocess")));
        var second = Command.Run("preprocess", Command.Sample, "--config", config, "--out", run);
        Assert.Contains("unchanged", second.Error, StringComparison.Ordinal);

        File.WriteAllText(config, """{ "alinment": null }""");
        var misspelt = Command.Run("preprocess", Command.Sample, "--config", config, "--out", run);
        Assert.Equal(3, misspelt.Code);
        Assert.Contains("alinment", misspelt.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_volume_against_itself_scores_perfectly()
    {
        using var folder = new TemporaryFolder();
        var report = folder.File("report.json");
        Assert.Equal(0, Command.Run("evaluate", Command.Sample, Command.Sample, "--json", report).Code);
        using var document = JsonDocument.Parse(File.ReadAllText(report));
        var scores = document.RootElement.GetProperty("scores");
        Assert.Equal(JsonValueKind.Null, scores.GetProperty("psnr").ValueKind);
        Assert.Equal(1, scores.GetProperty("ssimXz").GetDouble(), 9);
    }
}
