using System.Text.Json;
using VisionCell.Formats;
using VisionCell.Preprocessing;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

public sealed class PipelineTests : IDisposable
{
    private static readonly PreprocessingConfiguration Everything = Presets.FibSem with
    {
        Destriping = new DestripingConfiguration(angle: 90),
        Shading = new ShadingConfiguration(deadZone: 0),
        Denoising = new DenoisingConfiguration(search: 5, searchSections: 3),
        Clipping = new ClippingConfiguration(),
        Equalisation = new EqualisationConfiguration(tile: 32, reach: 1),
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-preprocessing-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_stack_goes_through_every_step_and_keeps_type_shape_and_place()
    {
        var steps = new Steps();
        var stack = Faulty(out _);

        var result = PreprocessingPipeline.Run(stack, Everything, steps);

        Assert.Equal(VoxelType.UInt8, result.Volume.VoxelType);
        Assert.Equal(stack.Shape, result.Volume.Shape);
        Assert.Equal(stack.VoxelSize, result.Volume.VoxelSize);
        Assert.Equal(16, result.Transforms.Sections.Count);
        Assert.InRange(result.Report.Moved, 8, 16);
        Assert.InRange(result.Report.LargestShift, 1, 6);
        Assert.InRange(result.Report.Plan.Noise!.Value, 3, 15);
        Assert.InRange(result.Report.Residual!.Deviation, 2, 15);
        Assert.Equal(["scan", "align", "finish"], result.Report.Seconds.Keys);
        Assert.Equal(["align", "finish", "scan"], steps.Reports.Select(r => r.Step).Distinct().Order());
        Assert.All(steps.Reports, r => Assert.Equal(16, r.Total));
        result.Report.Write(Path.Combine(_folder, "report.json"));
        var read = Configuration.Read<PreprocessingReport>(Path.Combine(_folder, "report.json"));
        Assert.Equal(Configuration.ToJson(result.Report), Configuration.ToJson(read));
    }

    [Fact]
    public void A_damaged_section_is_replaced_by_what_lies_between_and_marked()
    {
        var stack = Faulty(out var damaged);
        var replaced = PreprocessingPipeline.Run(stack, Everything with { Denoising = null, Clipping = null, Equalisation = null });
        Assert.Equal([damaged], replaced.Volume.Unobserved);
        Assert.Equal([damaged], replaced.Report.Replaced);
        Assert.Equal(SectionStatus.Replaced, replaced.Transforms.Sections[damaged].Status);
        Assert.Contains("blank", replaced.Transforms.Sections[damaged].Reason, StringComparison.Ordinal);
        var volume = (Volume<byte>)replaced.Volume;
        for (var i = 0; i < volume.Shape.SectionCount; i += 97)
            Assert.Equal((volume.Section(damaged - 1)[i] + volume.Section(damaged + 1)[i]) / 2.0, volume.Section(damaged)[i], 1.0);

        var excluded = PreprocessingPipeline.Run(stack, Everything with { Damage = new DamageConfiguration(DamageAction.Exclude), Denoising = null });
        Assert.Equal([damaged], excluded.Volume.Unobserved);
        Assert.Equal((SectionStatus.Excluded, 0), (excluded.Transforms.Sections[damaged].Status, excluded.Report.Replaced.Count));
        Assert.True(((Volume<byte>)excluded.Volume).Section(damaged).ToArray().Distinct().Count() == 1);

        var kept = PreprocessingPipeline.Run(stack, Everything with { Damage = new DamageConfiguration(DamageAction.Keep), Denoising = null });
        Assert.Empty(kept.Volume.Unobserved);
        Assert.Contains(kept.Report.Notices, n => n.StartsWith($"section {damaged}: blank", StringComparison.Ordinal));
    }

    [Fact]
    public void A_replaced_section_lies_where_its_true_position_says()
    {
        var stack = PreprocessingFixture.Sample(8, 64);
        stack.Section(4).Clear();
        double[] positions = [0, 10, 20, 30, 37.5, 40, 50, 60];
        var configuration = new PreprocessingConfiguration { Normalisation = null, Alignment = null, Denoising = null };
        var result = PreprocessingPipeline.Run(stack, configuration, positions: positions);
        var volume = (Volume<float>)result.Volume;
        Assert.Equal(0.25 * stack[3, 20, 20] + 0.75 * stack[5, 20, 20], volume[4, 20, 20], 1e-3);
        Assert.Equal(positions, volume.SectionPositions!);
        Assert.Throws<BadInputException>(() => PreprocessingPipeline.Run(stack, configuration, positions: positions[..7]));
    }

    [Fact]
    public void From_file_to_file_it_is_the_same_and_an_interrupted_run_goes_on_to_the_same_bytes()
    {
        var stack = Faulty(out var damaged);
        var input = Path.Combine(_folder, "stack.tif");
        VolumeFormats.Write(stack, input);
        PreprocessingOutputs Outputs(string name) => new(Path.Combine(_folder, name, "p.zarr"), Path.Combine(_folder, name, "transforms.json"), Path.Combine(_folder, name, "report.json"));
        PreprocessingReport Run(string name, IProgress<PreprocessingProgress>? progress, CancellationToken cancellation)
        {
            var (reader, size) = VolumeFormats.OpenSections(input);
            using (reader)
                return StackPreprocessing.Run(reader, size, Everything, Path.Combine(_folder, name, "work"), Outputs(name), null, progress, cancellation);
        }

        Run("whole", null, default);
        var inMemory = PreprocessingPipeline.Run(stack, Everything);
        var whole = VolumeFormats.Read(Outputs("whole").Volume);
        Assert.Equal(inMemory.Volume.Bytes, whole.Bytes);
        Assert.Equal([damaged], whole.Unobserved);
        Assert.False(Directory.Exists(Path.Combine(_folder, "whole", "work")));

        // Stopped while it scans, while it aligns, and twice while it finishes.
        foreach (var (step, done) in new[] { ("scan", 3), ("align", 2), ("finish", 1), ("finish", 9) })
        {
            using var stop = new CancellationTokenSource();
            var steps = new Relay<PreprocessingProgress>(p =>
            {
                if (p.Step == step && p.Done >= done)
                    stop.Cancel();
            });
            Assert.ThrowsAny<OperationCanceledException>(() => Run("parts", steps, stop.Token));
            Assert.False(Directory.Exists(Outputs("parts").Volume));
        }
        var first = new Steps();
        Run("parts", first, default);
        Assert.DoesNotContain(first.Reports, r => r.Step is "scan" or "align");
        Assert.True(first.Reports.Where(r => r.Step == "finish").Min(r => r.Done) > 9);
        Assert.Equal(whole.Bytes, VolumeFormats.Read(Outputs("parts").Volume).Bytes);
        Assert.Equal(File.ReadAllText(Outputs("whole").Transforms), File.ReadAllText(Outputs("parts").Transforms));
    }

    [Fact]
    public void Nothing_asked_for_is_nothing_done()
    {
        var stack = PreprocessingFixture.Sample(4, 48).ConvertTo(VoxelType.UInt8);
        var result = PreprocessingPipeline.Run(stack, new PreprocessingConfiguration { Damage = null, Normalisation = null, Alignment = null, Denoising = null });
        Assert.Equal(stack.Bytes, result.Volume.Bytes);
        Assert.All(result.Transforms.Sections, s => Assert.True(s.IsIdentity));
        Assert.Null(result.Report.Plan.Noise);
        Assert.Empty(result.Volume.Unobserved);
    }

    [Fact]
    public void Bad_input_is_named()
    {
        string Message(Volume stack) => Assert.Throws<BadInputException>(() => PreprocessingPipeline.Run(stack, Presets.FibSem)).Message;
        Assert.Contains("1 section", Message(PreprocessingFixture.Sample(1, 48)), StringComparison.Ordinal);
        Assert.Contains("2 section(s): damage and flicker are told by the neighbours on both sides, so that at least 3", Message(PreprocessingFixture.Sample(2, 48)), StringComparison.Ordinal);
        Assert.Contains("at least 16 x 16", Message(PreprocessingFixture.Sample(5, 12)), StringComparison.Ordinal);
        var broken = PreprocessingFixture.Sample(3, 48);
        broken[2, 30, 7] = float.NaN;
        Assert.Contains("sample: voxel z 2, y 30, x 7 is NaN", Message(broken), StringComparison.Ordinal);
        Assert.Contains("all 6 sections are blank (grey value 0)", Message(PreprocessingFixture.Sample(6, 48).Map(_ => (byte)0)), StringComparison.Ordinal);
        var nearlyAll = PreprocessingFixture.Sample(6, 48);
        nearlyAll.Data.AsSpan(0, 5 * nearlyAll.Shape.SectionCount).Clear();
        Assert.Contains("fewer than two are left", Message(nearlyAll), StringComparison.Ordinal);
        Assert.ThrowsAny<OperationCanceledException>(() => PreprocessingPipeline.Run(PreprocessingFixture.Sample(3, 48), Presets.FibSem, null, null, new CancellationToken(true)));
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
        foreach (var preset in Presets.All.Values.Append(Everything))
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

    /// <summary>A stack of 16 sections of 72 x 72 pixels out of line, noisy, with a blank one.</summary>
    private static Volume Faulty(out int damaged)
    {
        var random = new Random(5);
        var shifts = Enumerable.Range(0, 16).Select(_ => (4 * random.NextDouble() - 2, 4 * random.NextDouble() - 2)).ToArray();
        var stack = PreprocessingFixture.Noisy(PreprocessingFixture.Jitter(PreprocessingFixture.Sample(16, 80), shifts, 4), 8, 1);
        damaged = 6;
        stack.Section(damaged).Clear();
        return stack.ConvertTo(VoxelType.UInt8);
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
