using VisionCell.Preprocessing;
using VisionCell.Runs;
using VisionCell.Volumes;
using static VisionCell.Tests.Preprocessing.PreprocessingFixture;

namespace VisionCell.Tests.Preprocessing;

public sealed class BlindSpotDenoisingTests
{
    private static readonly BlindSpotConfiguration _small = new() { Channels = [8, 16, 24], Blocks = [0, 1, 1], PatchSize = 32, BatchSize = 4 };

    private static VolumeSections Sections(Volume<float> volume) => new(volume);

    private static Volume<float> All(BlindSpotDenoising denoising, Volume<float> stack)
    {
        var result = new Volume<float>(stack.Shape, stack.VoxelSize, stack.Origin, stack.Provenance);
        denoising.DenoiseAll(Sections(stack), (z, section) => section.Span.CopyTo(result.Section(z)));
        return result;
    }

    private static double Gain(Volume<float> truth, Volume<float> noisy, Volume<float> denoised) =>
        10 * Math.Log10(MeanSquaredError(noisy, truth) / MeanSquaredError(denoised, truth));

    [Fact]
    public void It_learns_from_the_noisy_stack_what_non_local_means_cannot()
    {
        var truth = Sample(16, 80);
        var noisy = Noisy(truth, 45, 1);
        using var denoising = new BlindSpotDenoising(_small);
        denoising.Train(Sections(noisy), truth.VoxelSize, new TrainingOptions(Steps: 120, Cancellation: TestContext.Current.CancellationToken));
        var own = Gain(truth, noisy, All(denoising, noisy));
        var means = Gain(truth, noisy, NonLocalMeansDenoising.Apply(noisy, new DenoisingConfiguration(patch: 5, search: 15)).Denoised.ToFloat32());
        Assert.True(own > means + 1, $"{own:0.00} dB; non-local means {means:0.00}");
    }

    [Fact]
    public void Where_there_is_hardly_any_noise_the_observed_pixels_stay()
    {
        var truth = Sample(12, 64);
        var noisy = Noisy(truth, 4, 1);
        double Error(bool weighed)
        {
            using var denoising = new BlindSpotDenoising(_small with { WeighObserved = weighed });
            denoising.Train(Sections(noisy), truth.VoxelSize, new TrainingOptions(Steps: 30));
            return MeanSquaredError(All(denoising, noisy), truth);
        }
        // Thirty steps predict little: what the network says alone is far worse than what was observed.
        Assert.True(Error(weighed: false) > 3 * 16);
        Assert.True(Error(weighed: true) < 2 * 16);
    }

    [Fact]
    public void Stripes_along_the_declared_axis_are_taken_for_noise()
    {
        const int edge = 64;
        var truth = Sample(8, edge);
        var striped = Noisy(truth, 10, 1);
        var stripes = truth.Map(_ => 0f);
        var random = new Random(2);
        for (var z = 0; z < 8; z++)
        {
            for (var x = 0; x < edge; x++)
            {
                var stripe = 80 * (random.NextSingle() - 0.5f);
                for (var y = 0; y < edge; y++)
                {
                    striped[z, y, x] += stripe;
                    stripes[z, y, x] = stripe;
                }
            }
        }
        // The share of the stripes in what is wrong with the result, by least squares.
        double Left(StripeAxis axis)
        {
            using var denoising = new BlindSpotDenoising(_small with { Stripes = axis, WeighObserved = false, Neighbours = 0 });
            denoising.Train(Sections(striped), truth.VoxelSize, new TrainingOptions(Steps: 100));
            var error = All(denoising, striped).Data.Zip(truth.Data, (a, b) => a - b);
            return error.Zip(stripes.Data, (e, s) => (double)e * s).Sum() / stripes.Data.Sum(s => (double)s * s);
        }
        var (hidden, seen) = (Left(StripeAxis.Y), Left(StripeAxis.None));
        Assert.True(hidden < 0.2 && seen > 0.25, $"{hidden:0.00} of the stripes left; without declaring them {seen:0.00}");
    }

    [Fact]
    public void A_seed_gives_the_same_sections_and_another_others()
    {
        var noisy = Noisy(Sample(6, 48), 20, 1);
        float[] Run(int seed)
        {
            using var denoising = new BlindSpotDenoising(_small);
            denoising.Train(Sections(noisy), noisy.VoxelSize, new TrainingOptions(Steps: 4, Seed: seed));
            return All(denoising, noisy).Data;
        }
        Assert.Equal(Run(3), Run(3));
        Assert.NotEqual(Run(3), Run(4));
    }

    [Fact]
    public void An_interrupted_training_goes_on_and_a_finished_one_is_not_repeated()
    {
        var noisy = Noisy(Sample(6, 48), 20, 1);
        var folder = Directory.CreateTempSubdirectory("visioncell-blindspot").FullName;
        try
        {
            (float[] Result, int Reports) Run(string? checkpoints, CancellationTokenSource? stopAfterTen = null)
            {
                var reports = 0;
                using var denoising = new BlindSpotDenoising(_small);
                denoising.Train(Sections(noisy), noisy.VoxelSize, new TrainingOptions(
                    Steps: 25, CheckpointDirectory: checkpoints, Cancellation: stopAfterTen?.Token ?? default, Progress: new Reports(() =>
                    {
                        reports++;
                        stopAfterTen?.Cancel();
                    })));
                return (All(denoising, noisy).Data, reports);
            }
            var whole = Run(null).Result;
            using var stop = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => Run(folder, stop));
            Assert.Equal(whole, Run(folder).Result);
            var again = Run(folder);
            Assert.Equal(whole, again.Result);
            Assert.Equal(0, again.Reports);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_section_larger_than_a_tile_shows_no_seam()
    {
        // Tiles are at most 512 pixels; the lower part alone begins elsewhere and is one tile.
        var random = new Random(1);
        var tall = new Volume<float>(new Shape3(3, 560, 32), new VoxelSize(10, 10, 10), default, Provenance.Of("noise"));
        foreach (ref var value in tall.Data.AsSpan())
            value = 100 + 50 * random.NextSingle();
        using var denoising = new BlindSpotDenoising(_small with { WeighObserved = false });
        denoising.Train(Sections(tall), tall.VoxelSize, new TrainingOptions(Steps: 8));
        const int from = 256;
        var part = tall.Crop(new Box(0, from, 0, new Shape3(3, 560 - from, 32)));
        var (whole, alone) = (All(denoising, tall), All(denoising, part));
        const int reach = 64;
        for (var y = from + reach; y < 560; y++)
        {
            for (var x = 0; x < 32; x++)
                Assert.Equal(alone[1, y - from, x], whole[1, y, x], 0.02f);
        }
    }

    [Fact]
    public void Sections_are_read_once_in_order_and_as_one_by_one()
    {
        var noisy = Noisy(Sample(9, 40), 20, 1);
        using var denoising = new BlindSpotDenoising(_small);
        denoising.Train(Sections(noisy), noisy.VoxelSize, new TrainingOptions(Steps: 3));
        Assert.Equal(3, denoising.Neighbours);
        var counted = new Counted(Sections(noisy));
        var written = new List<int>();
        var single = new float[40 * 40];
        denoising.DenoiseAll(counted, (z, section) =>
        {
            written.Add(z);
            denoising.Denoised(Sections(noisy)).Read(z, single);
            Assert.Equal(single, section.ToArray());
        }, from: 2);
        Assert.Equal([2, 3, 4, 5, 6, 7, 8], written);
        Assert.Equal(counted.Reads.Distinct().Count(), counted.Reads.Count);
    }

    [Fact]
    public void An_excluded_section_has_no_say_in_the_others()
    {
        var noisy = Noisy(Sample(8, 40), 20, 1);
        var damaged = noisy.Map(v => v);
        damaged.Section(3).Fill(1e6f);
        float[] Run(Volume<float> stack)
        {
            using var denoising = new BlindSpotDenoising(_small);
            denoising.Train(Sections(stack), stack.VoxelSize, new TrainingOptions(Steps: 3), excluded: new HashSet<int> { 3 });
            var result = All(denoising, stack);
            result.Section(3).Clear();
            return result.Data;
        }
        Assert.Equal(Run(noisy), Run(damaged));
    }

    [Fact]
    public void One_section_alone_and_odd_sizes_work()
    {
        var noisy = Noisy(Sample(1, 53), 20, 1).Crop(new Box(0, 0, 0, new Shape3(1, 53, 41)));
        using var denoising = new BlindSpotDenoising(_small);
        denoising.Train(Sections(noisy), noisy.VoxelSize, new TrainingOptions(Steps: 2));
        Assert.Equal(0, denoising.Neighbours);
        Assert.All(All(denoising, noisy).Data, v => Assert.True(float.IsFinite(v)));
    }

    [Fact]
    public void Bad_stacks_are_refused_with_the_reason()
    {
        var stack = Noisy(Sample(4, 40), 20, 1);
        using (var trained = new BlindSpotDenoising(_small))
        {
            trained.Train(Sections(stack), stack.VoxelSize, new TrainingOptions(Steps: 1));
            var single = Sections(stack.Crop(new Box(0, 0, 0, new Shape3(1, 40, 40))));
            Assert.Contains("the only one", Assert.Throws<BadInputException>(() => trained.Denoise(single, 0, new float[1600])).Message, StringComparison.Ordinal);
        }
        string Refused(Volume<float> volume, IReadOnlySet<int>? excluded = null)
        {
            using var denoising = new BlindSpotDenoising(_small);
            return Assert.Throws<BadInputException>(() => denoising.Train(Sections(volume), stack.VoxelSize, new TrainingOptions(Steps: 1), excluded)).Message;
        }
        Assert.Contains("12 x 40", Refused(stack.Crop(new Box(0, 0, 0, new Shape3(4, 12, 40)))), StringComparison.Ordinal);
        Assert.Contains("all 4 sections", Refused(stack, new HashSet<int> { 0, 1, 2, 3 }), StringComparison.Ordinal);
        Assert.Contains("every voxel of the stack is 7", Refused(stack.Map(_ => 7f)), StringComparison.Ordinal);
        stack[2, 5, 6] = float.NaN;
        Assert.Contains("section 2", Refused(stack), StringComparison.Ordinal);
        using var untrained = new BlindSpotDenoising(_small);
        Assert.Throws<InvalidOperationException>(() => untrained.Denoise(Sections(stack), 0, new float[1600]));
    }

    [Fact]
    public void A_configuration_out_of_range_names_value_and_limit()
    {
        string Refused(BlindSpotConfiguration configuration) => Assert.Throws<BadInputException>(() => new BlindSpotDenoising(configuration).Dispose()).Message;
        Assert.Contains("patchSize is 50; must be at least 16 and a multiple of 4", Refused(new BlindSpotConfiguration { PatchSize = 50 }), StringComparison.Ordinal);
        Assert.Contains("hiddenShare is 0.6", Refused(new BlindSpotConfiguration { HiddenShare = 0.6 }), StringComparison.Ordinal);
        Assert.Contains("replacementWindow is 4", Refused(new BlindSpotConfiguration { ReplacementWindow = 4 }), StringComparison.Ordinal);
    }

    private sealed class Reports(Action action) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => action();
    }

    private sealed class Counted(ISectionSource source) : ISectionSource
    {
        public List<int> Reads { get; } = [];

        public int Count => source.Count;

        public int Height => source.Height;

        public int Width => source.Width;

        public void Read(int z, Span<float> destination)
        {
            Reads.Add(z);
            source.Read(z, destination);
        }
    }
}

/// <summary>Live tensors are counted over the whole process.</summary>
[Collection("tensors")]
public sealed class BlindSpotTensorTests
{
    [Fact]
    public void Training_and_denoising_leave_no_tensor_behind()
    {
        var noisy = Noisy(Sample(4, 40), 20, 1);
        long After(int steps, int times)
        {
            using (var denoising = new BlindSpotDenoising(new BlindSpotConfiguration { Channels = [8, 8], Blocks = [1, 1], PatchSize = 32 }))
            {
                denoising.Train(new VolumeSections(noisy), noisy.VoxelSize, new TrainingOptions(Steps: steps));
                for (var i = 0; i < times; i++)
                    denoising.Denoise(new VolumeSections(noisy), 1, new float[1600]);
            }
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return TorchSharp.torch.Tensor.TotalCount;
        }
        var before = After(2, 1);
        Assert.Equal(before, After(20, 10));
    }
}
