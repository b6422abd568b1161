using TorchSharp;
using VisionCell.Acquisition;
using VisionCell.Augmentation;
using VisionCell.Evaluation;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.Tests.SuperResolution;

public sealed class GapNetworkTests
{
    private static readonly GapConfiguration Small = new() { Channels = [16, 32], Blocks = [1, 1], LateralStride = 2, Images = 6 };
    private static readonly GapTraining Recipe = new() { Distances = [2, 3, 4], Patch = 32, Batch = 4, Steps = 20 };

    private static Volume<float> Medulla(int z = 48, int side = 96) => Sample.Medulla(new Box(0, 40, 40, new Shape3(z, side, side)));

    private static Volume<float> Ramp(Shape3 shape)
    {
        var volume = new Volume<float>(shape, new VoxelSize(10, 10, 10), default, Provenance.Of("ramp"));
        for (var i = 0; i < volume.Data.Length; i++)
            volume.Data[i] = i;
        return volume;
    }

    [Theory]
    [InlineData("decimate:4")]
    [InlineData("decimate:7")]
    [InlineData("pool:3")]
    [InlineData("pool:4")]
    public void Before_the_first_step_it_is_linear_interpolation_at_every_factor(string degradation)
    {
        var sparse = AxialSampling.Parse(degradation).Acquire(Medulla());
        using var weights = new GapNetwork(Small, ScalarType.Float32).Initialise(1, CPU);
        var precision = new ComputePrecision(CPU, ScalarType.Float32);
        var filled = new GapReconstruction(new GapNetwork(Small, ScalarType.Float32), weights, precision, Standardisation.Of(sparse.Observed))
            .Fill(sparse, Box.Of(sparse.IsotropicShape), TestContext.Current.CancellationToken);
        using var linear = new AxialInterpolation(InterpolationKernel.Linear);
        var expected = linear.Reconstruct(sparse, Box.Of(sparse.IsotropicShape), TestContext.Current.CancellationToken);
        DataConsistency.Project(filled, sparse);
        DataConsistency.Project(expected, sparse);
        for (var i = 0; i < expected.Data.Length; i++)
            Assert.Equal(expected.Data[i], filled.Data[i], 1e-2f);
    }

    [Fact]
    public void A_gap_seen_from_its_other_side_is_the_same_gap()
    {
        var gap = new Gap(8, 1, [0.125, 0.25, 0.875]);
        Assert.Equal([0.125, 0.75, 0.875], gap.Reversed().Positions);
        Assert.Equal(gap.Positions, gap.Reversed().Reversed().Positions);
    }

    [Theory]
    [InlineData("decimate:4", 9, new[] { 0.25, 0.5, 0.75 })]
    [InlineData("pool:3", 7, new[] { 0, 1 / 3.0, 2 / 3.0 })]
    [InlineData("pool:4", 10, new[] { 0.125, 0.375, 0.625, 0.875 })]
    public void The_rows_of_a_gap_lie_between_the_centres_of_its_sections(string degradation, int first, double[] positions)
    {
        var (row, gap) = GapExamples.Rows(AxialSampling.Parse(degradation));
        Assert.Equal(first, row);
        Assert.Equal(positions.Length, gap.Positions.Count);
        for (var i = 0; i < positions.Length; i++)
            Assert.Equal(positions[i], gap.Positions[i], 1e-9);
    }

    [Fact]
    public void Examples_are_boxes_of_the_volume_in_some_orientation()
    {
        // Standardised, but still a ramp: neighbours along an axis differ by that axis's stride, which tells the orientation.
        var shape = new Shape3(40, 41, 42);
        using var examples = new GapExamples([Ramp(shape)], Recipe with { Distances = [3], ThickShare = 0, DistortedShare = 0, NoiseShare = 0, InversionShare = 0, IntensityJitter = 0, ContrastJitter = 0, EndShare = 0 }, CPU);
        var (drawnSections, drawnRows, gap, _) = examples.Draw(new Random(3));
        using var sections = drawnSections;
        using var rows = drawnRows;
        Assert.Equal(2, gap.Positions.Count);
        Assert.Equal([Recipe.Batch, Gap.Sections, Recipe.Patch, Recipe.Patch], sections.shape);
        Assert.Equal([Recipe.Batch, 2, Recipe.Patch, Recipe.Patch], rows.shape);
        var strides = new[] { 1, shape.X, shape.SectionCount };
        var deviation = Standardisation.Of(Ramp(shape)).Deviation;
        for (var n = 0; n < Recipe.Batch; n++)
        {
            double At(Tensor t, int row, int y, int x) => t[n, row, y, x].item<float>() * (double)deviation;
            double[] steps = [At(rows, 1, 5, 5) - At(rows, 0, 5, 5), At(rows, 0, 6, 5) - At(rows, 0, 5, 5), At(rows, 0, 5, 6) - At(rows, 0, 5, 5)];
            Assert.Equal(strides, steps.Select(s => (int)Math.Round(Math.Abs(s))).Order());
            Assert.Equal(steps[0], At(rows, 0, 9, 7) - At(sections, 2, 9, 7), 0.1);
            Assert.Equal(3 * steps[0], At(sections, 3, 9, 7) - At(sections, 2, 9, 7), 0.1);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Turned_and_stretched_examples_stay_inside_and_are_straight(double thickShare)
    {
        // Trilinear interpolation keeps a ramp, so that rows still lie evenly between sections; a box that left the volume would end in a plateau.
        using var examples = new GapExamples([Ramp(new Shape3(64, 64, 64))], Recipe with { Distances = [4], ThickShare = thickShare, DistortedShare = 1, NoiseShare = 0, InversionShare = 0, IntensityJitter = 0, ContrastJitter = 0, EndShare = 0 }, CPU);
        var (drawnSections, drawnRows, gap, _) = examples.Draw(new Random(4));
        using var sections = drawnSections;
        using var rows = drawnRows;
        using var linear = sections.narrow(1, 2, 1) + (sections.narrow(1, 3, 1) - sections.narrow(1, 2, 1)) * tensor(gap.Positions.Select(t => (float)t).ToArray(), [1, gap.Positions.Count, 1, 1]);
        Assert.True((linear - rows).abs().max().item<float>() < 1e-4f);
        Assert.True((rows.narrow(2, 1, 31) - rows.narrow(2, 0, 31)).abs().min().item<float>() > 1e-4f);
    }

    [Fact]
    public void A_volume_too_small_for_a_patch_says_what_it_needs() =>
        Assert.Contains("two axes must have at least 32 and one 21", Assert.Throws<BadInputException>(() => new GapExamples([Ramp(new Shape3(12, 12, 64))], Recipe, CPU)).Message, StringComparison.Ordinal);

    [Fact]
    public void Training_lowers_the_error_and_is_the_same_for_a_seed()
    {
        // Half of the sample to learn from, the other half to judge by.
        var volume = Medulla(96, 160);
        var learnt = volume.Crop(new Box(0, 0, 0, new Shape3(96, 160, 80)));
        var other = volume.Crop(new Box(0, 0, 80, new Shape3(93, 160, 80)));
        var recipe = Recipe with { Distances = [4], ThickShare = 0 };
        using var weights = GapPretraining.Run([learnt], Small, recipe with { Steps = 200 }, new TrainingOptions(Cancellation: TestContext.Current.CancellationToken));
        using var again = GapPretraining.Run([learnt], Small, recipe with { Steps = 3 }, new TrainingOptions());
        using var once = GapPretraining.Run([learnt], Small, recipe with { Steps = 3 }, new TrainingOptions());
        foreach (var (name, tensor) in once.Tensors)
            Assert.True(tensor.equal(again[name]).all().item<bool>(), name);

        var sparse = AxialSampling.Decimate(4).Acquire(other);
        var filled = new GapReconstruction(new GapNetwork(Small, ScalarType.Float32), weights, new ComputePrecision(CPU, ScalarType.Float32), Standardisation.Of(sparse.Observed))
            .Fill(sparse, Box.Of(sparse.IsotropicShape), TestContext.Current.CancellationToken);
        using var linear = new AxialInterpolation(InterpolationKernel.Linear);
        var region = ScoredRegion.HeldOut(sparse.Sampling, sparse.Sections);
        double Score(Volume<float> of) => Psnr.Compute(of, other.Crop(Box.Of(sparse.IsotropicShape)), region, 255, TestContext.Current.CancellationToken);
        var floor = Score(linear.Reconstruct(sparse, Box.Of(sparse.IsotropicShape), TestContext.Current.CancellationToken));
        Assert.True(Score(filled) > floor + 0.2, $"{Score(filled):0.00} dB, linear {floor:0.00}");
    }

    [Fact]
    public void What_it_was_trained_on_is_not_reconstructed_with_it()
    {
        var (learnt, sparse) = (Medulla(96, 120), AxialSampling.Decimate(4).Acquire(Medulla(93, 110)));
        using var weights = GapPretraining.Run([learnt], Small, Recipe with { Distances = [4], ThickShare = 0, Steps = 150 }, new TrainingOptions(Cancellation: TestContext.Current.CancellationToken));
        var folder = Directory.CreateTempSubdirectory("visioncell-prior").FullName;
        double Share(params SpecimenThumbnail[] specimens)
        {
            var path = Path.Combine(folder, "prior.safetensors");
            using (var prior = new NetworkPrior<GapConfiguration>("test", Small, weights.Clone(), specimens))
                prior.Write(path, new Dictionary<string, string>());
            using var method = new SuperResolutionMethod(new SuperResolutionConfiguration { LateralStride = 2, Channels = [16, 24], Blocks = [1, 1] });
            method.Train(sparse, new TrainingOptions(Steps: 7, Prior: path, Cancellation: TestContext.Current.CancellationToken));
            return method.Findings["pretrainedShare"];
        }
        try
        {
            // Planes that have hardly learnt leave it to the network, unless it has seen the specimen.
            Assert.InRange(Share(), 0.3, 1);
            Assert.Equal(0, Share(SpecimenThumbnail.Of(learnt)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Blocks_have_the_values_of_the_whole()
    {
        var sparse = AxialSampling.Decimate(4).Acquire(Medulla(45, 150));
        using var weights = GapPretraining.Run([Medulla()], Small, Recipe with { Steps = 10 }, new TrainingOptions());
        var reconstruction = new GapReconstruction(new GapNetwork(Small, ScalarType.Float32), weights, new ComputePrecision(CPU, ScalarType.Float32), Standardisation.Of(sparse.Observed));
        var whole = reconstruction.Fill(sparse, Box.Of(sparse.IsotropicShape), TestContext.Current.CancellationToken);
        var box = new Box(6, 70, 65, new Shape3(9, 40, 33));
        var part = reconstruction.Fill(sparse, box, TestContext.Current.CancellationToken);
        var expected = whole.Crop(box);
        for (var i = 0; i < part.Data.Length; i++)
            Assert.Equal(expected.Data[i], part.Data[i], 0.05f);
    }

    [Fact]
    public void A_file_gives_back_what_was_written_and_a_foreign_one_is_refused()
    {
        var folder = Directory.CreateTempSubdirectory("visioncell-prior").FullName;
        try
        {
            var path = Path.Combine(folder, "prior.safetensors");
            using var written = new NetworkPrior<GapConfiguration>("prior", Small, new GapNetwork(Small, ScalarType.Float32).Initialise(1, CPU), [SpecimenThumbnail.Of(Medulla())]);
            written.Write(path, new Dictionary<string, string> { ["licence"] = "none" });
            using var read = NetworkPrior<GapConfiguration>.Read(path);
            Assert.Equal(Small.Channels, read.Configuration.Channels);
            Assert.Equal(written.Specimens[0].Grey, read.Specimens[0].Grey);
            foreach (var (name, tensor) in written.Weights.Tensors)
                Assert.True((tensor - read.Weights[name]).abs().max().item<float>() < 1e-3f, name);

            var foreign = Path.Combine(folder, "foreign.safetensors");
            SafeTensors.Write(foreign, written.Weights.Tensors, new Dictionary<string, string>());
            Assert.Contains("foreign.safetensors", Assert.Throws<BadInputException>(() => NetworkPrior<GapConfiguration>.Read(foreign)).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
