using System.Text.Json;
using VisionCell.Preprocessing;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

public sealed class PipelineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-preprocessing-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_stack_goes_through_every_step_and_keeps_type_shape_and_place()
    {
        var truth = PreprocessingFixture.Sample(16, 80);
        var random = new Random(5);
        var shifts = Enumerable.Range(0, 16).Select(_ => (4 * random.NextDouble() - 2, 4 * random.NextDouble() - 2)).ToArray();
        var stack = PreprocessingFixture.Noisy(PreprocessingFixture.Jitter(truth, shifts, 4), 8, 1).ConvertTo(VoxelType.UInt8);
        var steps = new Steps();

        var result = PreprocessingPipeline.Run(stack, Presets.FibSem, steps);

        Assert.Equal(VoxelType.UInt8, result.Volume.VoxelType);
        Assert.Equal(stack.Shape, result.Volume.Shape);
        Assert.Equal(stack.VoxelSize, result.Volume.VoxelSize);
        Assert.Equal(16, result.Transforms.Sections.Count);
        Assert.InRange(result.Report.Moved, 8, 16);
        Assert.InRange(result.Report.LargestShift, 1, 4);
        Assert.InRange(result.Report.Noise!.Value, 3, 15);
        Assert.Equal(["normalise", "align", "move", "denoise"], result.Report.Seconds.Keys);
        Assert.Equal(["align", "denoise", "move", "normalise"], steps.Reports.Select(r => r.Step).Distinct().Order());
        Assert.All(steps.Reports, r => Assert.Equal(16, r.Total));
        Assert.Equal(3, result.Volume.Provenance.Steps.Count - stack.Provenance.Steps.Count);
        result.Report.Write(Path.Combine(_folder, "report.json"));
        Assert.Contains("\"largestShift\"", File.ReadAllText(Path.Combine(_folder, "report.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_asked_for_is_nothing_done()
    {
        var stack = PreprocessingFixture.Sample(4, 48).ConvertTo(VoxelType.UInt8);
        var result = PreprocessingPipeline.Run(stack, new PreprocessingConfiguration { Normalisation = null, Alignment = null, Denoising = null });
        Assert.Equal(stack.Bytes, result.Volume.Bytes);
        Assert.All(result.Transforms.Sections, s => Assert.True(s.IsIdentity));
        Assert.Null(result.Report.Noise);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        var one = PreprocessingFixture.Sample(1, 48);
        Assert.Contains("1 section", Assert.Throws<BadInputException>(() => PreprocessingPipeline.Run(one, Presets.FibSem)).Message, StringComparison.Ordinal);
        var broken = PreprocessingFixture.Sample(3, 48);
        broken[2, 30, 7] = float.NaN;
        Assert.Contains("z 2, y 30, x 7 is NaN", Assert.Throws<BadInputException>(() => PreprocessingPipeline.Run(broken, Presets.FibSem)).Message, StringComparison.Ordinal);
        Assert.ThrowsAny<OperationCanceledException>(() => PreprocessingPipeline.Run(PreprocessingFixture.Sample(3, 48), Presets.FibSem, null, new CancellationToken(true)));
    }

    [Fact]
    public void A_black_section_is_kept_and_noticed()
    {
        var stack = PreprocessingFixture.Sample(8, 64);
        stack.Section(3).Clear();
        var result = PreprocessingPipeline.Run(stack.ConvertTo(VoxelType.UInt8), Presets.SerialBlockFace);
        Assert.Contains(result.Report.Notices, n => n.StartsWith("section 3: constant", StringComparison.Ordinal));
        Assert.True(((Volume<byte>)result.Volume).Section(3).ToArray().All(v => v == 0));
    }

    [Fact]
    public void Transforms_are_written_as_documented_and_read_back()
    {
        var path = Path.Combine(_folder, "transforms.json");
        new SectionTransforms([SectionTransform.Shift(0, 0, 0, 0.5, "first"), SectionTransform.Shift(1, -1.25, 2.5, 0.75, "moved")]).Write(path);
        using var json = JsonDocument.Parse(File.ReadAllText(path));
        Assert.Equal(["sections"], json.RootElement.EnumerateObject().Select(p => p.Name));
        var second = json.RootElement.GetProperty("sections")[1];
        Assert.Equal(["z", "affine", "elastic", "confidence", "status", "reason"], second.EnumerateObject().Select(p => p.Name));
        Assert.Equal([[1.0, 0, 2.5], [0, 1, -1.25]], second.GetProperty("affine").EnumerateArray().Select(row => row.EnumerateArray().Select(v => v.GetDouble()).ToArray()));
        Assert.Equal("kept", second.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, second.GetProperty("elastic").ValueKind);

        var read = SectionTransforms.Read(path);
        Assert.Equal((2.5, -1.25, 0.75), (read.Sections[1].ShiftX, read.Sections[1].ShiftY, read.Sections[1].Confidence));

        File.WriteAllText(path, File.ReadAllText(path).Replace("\"z\": 1", "\"z\": 5", StringComparison.Ordinal));
        Assert.Contains("section 5", Assert.Throws<BadInputException>(() => SectionTransforms.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Presets_have_their_names_and_configurations_round_trip()
    {
        Assert.Same(Presets.SerialSectionTem, Presets.Parse("ss-tem"));
        Assert.Contains("fib-sem, sbf-sem, ss-tem", Assert.Throws<BadInputException>(() => Presets.Parse("fibsem")).Message, StringComparison.Ordinal);
        foreach (var preset in Presets.All.Values)
        {
            Configuration.Write(Path.Combine(_folder, "c.json"), preset);
            Assert.Equal(preset, Configuration.Read<PreprocessingConfiguration>(Path.Combine(_folder, "c.json")));
        }
        var partly = Configuration.Parse<PreprocessingConfiguration>("{\"denoising\": null, \"alignment\": {\"keepSlowMotion\": false}}", "x");
        Assert.Null(partly.Denoising);
        Assert.False(partly.Alignment!.KeepSlowMotion);
        Assert.Equal(new NormalisationConfiguration(), partly.Normalisation);
        Assert.Contains("'alignment.keepSlowMotions'", Assert.Throws<BadInputException>(() => Configuration.Parse<PreprocessingConfiguration>("{\"alignment\": {\"keepSlowMotions\": true}}", "x")).Message, StringComparison.Ordinal);
    }

    private sealed class Steps : IProgress<PreprocessingProgress>
    {
        public List<PreprocessingProgress> Reports { get; } = [];

        public void Report(PreprocessingProgress value)
        {
            lock (Reports)
                Reports.Add(value);
        }
    }
}
