using VisionCell.Formats;
using VisionCell.Preprocessing;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

/// <summary>The network that learns from the stack, as a step of the chain.</summary>
public sealed class NetworkInChainTests : IDisposable
{
    private static readonly BlindSpotConfiguration Small = new() { Neighbours = 1, Channels = [8], Blocks = [1], PatchSize = 32, BatchSize = 2 };

    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-network-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_chain_denoises_with_what_it_learnt_from_the_moved_stack_and_reports_what_went()
    {
        var truth = PreprocessingFixture.Sample(10, 64);
        var noisy = PreprocessingFixture.Noisy(truth, 25, 1);
        var steps = new List<PreprocessingProgress>();
        var result = PreprocessingPipeline.Run(noisy, Asked(150), new Relay<PreprocessingProgress>(p =>
        {
            lock (steps)
                steps.Add(p);
        }));

        // Noise with a standard deviation of 25 grey values goes to less than half of its power; what goes is noise: nothing of it is told by its neighbour.
        Assert.InRange(PreprocessingFixture.MeanSquaredError((Volume<float>)result.Volume, truth), 0, 0.5 * 25 * 25);
        Assert.InRange(result.Report.Residual!.Deviation, 15, 30);
        Assert.InRange(Math.Abs(result.Report.Residual.Strongest), 0, 0.15);
        Assert.Equal(["scan", "align", "learn", "finish"], result.Report.Seconds.Keys);
        Assert.Equal(1000, steps.Where(p => p.Step == "learn").Max(p => p.Done));
        Assert.All(steps.Where(p => p.Step == "learn"), p => Assert.Equal(1000, p.Total));
        Assert.Contains("blind-spot network trained on the stack, 150 steps, seed 1", string.Join("; ", result.Volume.Provenance.Steps), StringComparison.Ordinal);
    }

    [Fact]
    public void Sections_out_of_line_are_denoised_as_well_as_others()
    {
        // Moved by fractions of a pixel first, noise would be seen in the pixels around it, and stay.
        var random = new Random(4);
        var shifts = Enumerable.Range(0, 10).Select(_ => (5 * random.NextDouble() - 2.5, 5 * random.NextDouble() - 2.5)).ToArray();
        var clean = PreprocessingFixture.Jitter(PreprocessingFixture.Sample(10, 72), shifts, 4);
        var noisy = PreprocessingFixture.Noisy(clean, 25, 1);
        var result = PreprocessingPipeline.Run(noisy, Asked(150) with { Damage = null, Normalisation = null });
        var truth = SectionResampling.Apply(clean, result.Transforms, SectionInterpolation.Cubic);
        Assert.InRange(result.Report.Moved, 8, 10);
        Assert.InRange(PreprocessingFixture.MeanSquaredError((Volume<float>)result.Volume, truth), 0, 0.5 * 25 * 25);
        Assert.InRange(Math.Abs(result.Report.Residual!.Strongest), 0, 0.15);
    }

    [Fact]
    public void An_interrupted_run_goes_on_to_the_same_bytes_and_learns_once()
    {
        var stack = PreprocessingFixture.Noisy(PreprocessingFixture.Sample(9, 64), 15, 2);
        stack.Section(4).Clear();
        var input = Path.Combine(_folder, "stack.tif");
        VolumeFormats.Write(stack.ConvertTo(VoxelType.UInt8), input);
        string At(string name, string file) => Path.Combine(_folder, name, file);
        void Run(string name, IProgress<PreprocessingProgress>? progress, CancellationToken cancellation)
        {
            var (reader, size) = VolumeFormats.OpenSections(input);
            using (reader)
                StackPreprocessing.Run(reader, size, Asked(40), At(name, "work"), new PreprocessingOutputs(At(name, "p.zarr"), At(name, "t.json"), At(name, "r.json")), null, progress, cancellation);
        }
        Run("whole", null, default);
        var whole = VolumeFormats.Read(At("whole", "p.zarr"));
        Assert.Equal([4], whole.Unobserved);

        foreach (var (step, done) in new[] { ("learn", 300), ("finish", 1), ("finish", 5) })
        {
            using var stop = new CancellationTokenSource();
            var learnt = 0;
            Assert.ThrowsAny<OperationCanceledException>(() => Run("parts", new Relay<PreprocessingProgress>(p =>
            {
                learnt += p.Step == "learn" ? 1 : 0;
                if (p.Step == step && p.Done >= done)
                    stop.Cancel();
            }), stop.Token));
            Assert.Equal(step == "learn" || (step, done) == ("finish", 1), learnt > 0);
        }
        Run("parts", null, default);
        Assert.Equal(whole.Bytes, VolumeFormats.Read(At("parts", "p.zarr")).Bytes);
    }

    [Fact]
    public void A_damaged_section_that_is_kept_stays_as_it_is_and_has_no_say_in_the_others()
    {
        var stack = PreprocessingFixture.Noisy(PreprocessingFixture.Sample(9, 64), 15, 3);
        Volume<float> Run(float grey)
        {
            var faulty = stack.Map(v => v);
            faulty.Section(4).Fill(grey);
            return (Volume<float>)PreprocessingPipeline.Run(faulty, Asked(20) with { Damage = new DamageConfiguration(DamageAction.Exclude) }).Volume;
        }
        var (black, bright) = (Run(0), Run(200));
        Assert.Equal(0, black.Section(4).ToArray().Max());
        Assert.Equal(200, bright.Section(4).ToArray().Min());
        Assert.Equal(black.Section(3).ToArray(), bright.Section(3).ToArray());
        Assert.Equal(black.Section(5).ToArray(), bright.Section(5).ToArray());
    }

    [Fact]
    public void It_is_chosen_by_name_and_settings_that_do_not_fit_are_refused()
    {
        var read = Configuration.Parse<PreprocessingConfiguration>("{\"denoising\": {\"method\": \"blind-spot\", \"blindSpot\": {\"steps\": 300}}}", "x");
        Assert.Equal((DenoisingMethod.BlindSpot, 300, null), (read.Denoising!.Method, read.Denoising.BlindSpot!.Steps, read.Denoising.BlindSpot.Minutes));
        Assert.Equal(Configuration.ToJson(read), Configuration.ToJson(Configuration.Parse<PreprocessingConfiguration>(Configuration.ToJson(read), "y")));
        Assert.Equal(1500, new DenoisingConfiguration(method: DenoisingMethod.BlindSpot).BlindSpot!.Steps);
        Assert.Null(new BlindSpotTraining(minutes: 2).Steps);
        Assert.Null(new DenoisingConfiguration().BlindSpot);

        string Refused(Func<object> make) => Assert.Throws<BadInputException>(make).Message;
        Assert.Contains("give one of them", Refused(() => new BlindSpotTraining(10, 1)), StringComparison.Ordinal);
        Assert.Contains("1 to 1,000,000", Refused(() => new BlindSpotTraining(0)), StringComparison.Ordinal);
        Assert.Contains("more than 0", Refused(() => new BlindSpotTraining(minutes: 0)), StringComparison.Ordinal);
        Assert.Contains("set method to blind-spot", Refused(() => new DenoisingConfiguration(blindSpot: new BlindSpotTraining())), StringComparison.Ordinal);
        Assert.Contains("denoising.blindSpot.step'", Refused(() => Configuration.Parse<PreprocessingConfiguration>("{\"denoising\": {\"method\": \"blind-spot\", \"blindSpot\": {\"step\": 3}}}", "x")), StringComparison.Ordinal);
        Assert.Contains("method is blind-spot", Refused(() => NonLocalMeansDenoising.Apply(PreprocessingFixture.Sample(3, 32), new DenoisingConfiguration(method: DenoisingMethod.BlindSpot)).Denoised), StringComparison.Ordinal);
    }

    private static PreprocessingConfiguration Asked(int steps) => new()
    {
        Denoising = new DenoisingConfiguration(method: DenoisingMethod.BlindSpot, blindSpot: new BlindSpotTraining(steps, network: Small)),
    };
}
