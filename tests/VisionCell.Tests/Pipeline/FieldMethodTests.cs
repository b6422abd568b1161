using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Kernels;
using VisionCell.NeuralField;
using VisionCell.Pipeline;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Pipeline;

/// <summary>The method <c>field</c> on real tissue, with interpolation for what fills the gaps.</summary>
public sealed class FieldMethodTests : IDisposable
{
    private static readonly Volume<float> Truth = Sample.Medulla(new Box(0, 40, 40, new Shape3(65, 80, 80)));

    private static readonly FieldMethodConfiguration Small = new()
    {
        Field = new HashFieldConfiguration { Grid = new HashGridConfiguration { Log2TableSize = 16 }, HiddenWidth = 32 },
        Training = new FieldMethodConfiguration().Training with { TargetSamples = 12_288, Voxels = 4096, VariationPairs = 512 },
    };

    private readonly string _folder = Directory.CreateTempSubdirectory("vc-field-method").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static FusionMethod Interpolation() => new([new AxialInterpolation(InterpolationKernel.Linear), new AxialInterpolation(InterpolationKernel.Cubic)]);

    [Theory]
    [InlineData("decimate:4")]
    [InlineData("pool:4")]
    public void Sections_alone_are_no_worse_than_the_better_interpolation(string degradation)
    {
        var sampling = AxialSampling.Parse(degradation);
        var sparse = sampling.Acquire(Truth);
        var whole = Box.Of(sparse.IsotropicShape);
        using var teacher = Interpolation();
        using var method = new FieldMethod(teacher, Small);
        method.Train(sparse, new TrainingOptions(Steps: 500, Cancellation: TestContext.Current.CancellationToken));
        var (reference, region) = (Truth.Crop(whole), ScoredRegion.HeldOut(sampling, sparse.Sections));
        double Score(Volume<float> volume) => Psnr.Compute(volume, reference, region, 255, TestContext.Current.CancellationToken);
        double Floor(InterpolationKernel kernel)
        {
            using var interpolation = new AxialInterpolation(kernel);
            return Score(interpolation.Reconstruct(sparse, whole));
        }
        var result = method.Reconstruct(sparse, whole);
        var (own, best) = (Score(result), Math.Max(Floor(InterpolationKernel.Linear), Floor(InterpolationKernel.Cubic)));
        Assert.True(own >= best, $"{own:F2} dB, interpolation {best:F2}");
        Assert.Equal(500, method.Findings["fieldSteps"]);

        // A block has the values that the whole has there, and an error is expected where there is a gap.
        var block = new Box(6, 10, 20, new Shape3(7, 16, 24));
        Assert.Equal(result[8, 12, 25], method.Reconstruct(sparse, block)[2, 2, 5], 1e-3f);
        Assert.True(method.Uncertainty(sparse, block)!.Data.Average() > 0.5);

        // The file says where it lies, and holds the same field.
        var path = Assert.Single(method.WriteModel(_folder));
        var read = HashField.Load(path);
        Assert.Equal((sparse.IsotropicVoxelSize, FieldBounds.Of(whole.Shape, sparse.IsotropicVoxelSize, sparse.IsotropicOrigin)), (read.VoxelSize, read.Bounds));
        var fine = read.Query(read.Bounds, new VoxelSize(5, 5, 5));
        Assert.Equal(2 * whole.Shape.Z, fine.Shape.Z);
        // No ringing between voxels: at twice the resolution neighbours differ by half of what they do at the stack's.
        var coarse = read.Query(read.Bounds, read.VoxelSize);
        Assert.InRange(Roughness(fine) / Roughness(coarse), 0.3, 0.75);
        Assert.InRange(fine.Data.Max(), 0, coarse.Data.Max() + 15);
    }

    [Fact]
    public void An_interrupted_training_goes_on_from_where_it_was()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(Truth);
        var whole = Box.Of(sparse.IsotropicShape);
        using var teacher = Interpolation();
        float[] Trained(string? folder, int? cancelAt)
        {
            using var cancellation = new CancellationTokenSource();
            using var method = new FieldMethod(teacher, Small);
            method.Train(sparse, new TrainingOptions(Steps: 48, CheckpointDirectory: folder, Cancellation: cancellation.Token, Progress: new Relay<TrainingProgress>(p =>
            {
                if (p.Stage == "field" && p.Step == cancelAt)
                    cancellation.Cancel();
            })));
            return method.Reconstruct(sparse, whole).Data;
        }
        var straight = Trained(null, null);
        Assert.Throws<OperationCanceledException>(() => Trained(_folder, 30));
        Assert.Equal(straight, Trained(_folder, null));
    }

    [Fact]
    public void Training_ends_early_where_the_section_that_is_kept_out_only_gets_worse()
    {
        // Sections of noise alone: whatever is learnt of them says nothing of another.
        var random = new Random(1);
        var noise = new Volume<float>(new Shape3(12, 40, 40), new VoxelSize(40, 10, 10), default, Provenance.Of("noise"));
        foreach (ref var value in noise.Data.AsSpan())
            value = 100 + 40 * random.NextSingle();
        var sparse = new SparseVolume(noise, AxialSampling.Decimate(4));
        var field = FieldTraining.NewField(Small.Field, FieldBounds.Of(sparse.IsotropicShape, sparse.IsotropicVoxelSize, sparse.IsotropicOrigin), sparse.IsotropicVoxelSize, null, sparse);
        var training = new FieldTraining(field, new FieldTrainingConfiguration { Steps = 1200, Voxels = 4096, Looks = 24 }, null, sparse);
        training.Run();
        Assert.True(training.Steps < 1200, $"{training.Steps} steps, errors {string.Join(' ', training.HeldOutErrors.Select(e => e.ToString("F3", System.Globalization.CultureInfo.InvariantCulture)))}");
        Assert.True(training.HeldOutErrors[^1] > training.HeldOutErrors.Min());
    }

    [Fact]
    public void A_run_keeps_the_field_beside_the_volume()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(Sample.Medulla(new Box(0, 0, 0, new Shape3(25, 32, 32))));
        var run = RunWorkspace.Open(_folder);
        var options = new TrainingOptions(Steps: 10, Device: "cpu");
        var (path, reused) = Reconstructor.Run(sparse.Observed, sparse, "field", run, options);
        Assert.False(reused);
        Assert.True(Path.Exists(path));
        var file = Path.Combine(run.Checkpoints, "field.safetensors");
        Assert.Equal(sparse.IsotropicVoxelSize, HashField.Load(file).VoxelSize);
        Assert.Contains(run.Record.Stages["reconstruct-field"].Outputs, o => o.Path == "checkpoints/field.safetensors");
        // What it went on from is gone, and the network that it learnt from is there for the method of its own.
        Assert.False(File.Exists(Path.Combine(run.Checkpoints, "field.training.safetensors")));
        Assert.True(File.Exists(Path.Combine(run.Checkpoints, "superresolution.safetensors")));
        Assert.True(Reconstructor.Run(sparse.Observed, sparse, "field", run, options).Reused);
        File.Delete(file);
        Assert.False(Reconstructor.Run(sparse.Observed, sparse, "field", run, options).Reused);
    }

    [Fact]
    public void Targets_that_do_not_fit_are_refused()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(Truth);
        var bounds = FieldBounds.Of(sparse.IsotropicShape, sparse.IsotropicVoxelSize, sparse.IsotropicOrigin);
        var field = FieldTraining.NewField(Small.Field, bounds, sparse.IsotropicVoxelSize, null, sparse);
        void Refused(string part, FieldTarget target) => Assert.Contains(part, Assert.Throws<BadInputException>(() => new FieldTraining(field, Small.Training, null, sparse, target)).Message, StringComparison.Ordinal);
        var volume = sparse.NewIsotropic(Box.Of(sparse.IsotropicShape), "target");
        Refused("expected errors", new FieldTarget(volume, sparse.Observed));
        Refused("outside the field", new FieldTarget(new Volume<float>(volume.Data, volume.Shape, volume.VoxelSize, new Position(9, 0, 0), volume.Provenance)));
        volume.Data[5] = float.NaN;
        Refused("NaN", new FieldTarget(volume));
        Assert.Contains("passes", Assert.Throws<BadInputException>(() => new FieldMethod(Interpolation(), Small with { Passes = 0 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ten_thousand_steps_leave_no_memory_behind()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(Sample.Medulla(new Box(0, 0, 0, new Shape3(17, 16, 16))));
        var whole = Box.Of(sparse.IsotropicShape);
        var tiny = new HashFieldConfiguration { Grid = new HashGridConfiguration { Levels = 4, Log2TableSize = 6, CoarsestResolution = 2, FinestResolution = 17 }, HiddenWidth = 16 };
        var field = FieldTraining.NewField(tiny, FieldBounds.Of(whole.Shape, sparse.IsotropicVoxelSize, sparse.IsotropicOrigin), sparse.IsotropicVoxelSize, null, sparse);
        using var linear = new AxialInterpolation(InterpolationKernel.Linear);
        var training = new FieldTraining(field, new FieldTrainingConfiguration { Steps = 10_000, Voxels = 32, TargetSamples = 32, VariationWeight = 1e-3, VariationPairs = 8 }, null, sparse, new FieldTarget(linear.Reconstruct(sparse, whole)));
        long Resident()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            return GC.GetTotalMemory(forceFullCollection: true);
        }
        for (var i = 0; i < 500; i++)
            training.Step();
        var before = Resident();
        while (training.Steps < 10_000)
            training.Step();
        // All memory of kernels and optimiser is the collector's. 100 bytes a step would be seen.
        Assert.InRange(Resident() - before, long.MinValue, 900_000);
    }

    /// <summary>Mean difference of neighbours along x, grey values.</summary>
    private static double Roughness(Volume<float> volume)
    {
        var sum = 0.0;
        for (var z = 0; z < volume.Shape.Z; z++)
        {
            for (var y = 0; y < volume.Shape.Y; y++)
            {
                for (var x = 1; x < volume.Shape.X; x++)
                    sum += Math.Abs(volume[z, y, x] - volume[z, y, x - 1]);
            }
        }
        return sum / volume.Data.Length;
    }
}
