using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Reconstruction;
using VisionCell.Volumes;

namespace VisionCell.Tests.Evaluation;

/// <summary>Laws of the measures beyond the seven scores.</summary>
public class MeasureTests
{
    private static readonly VoxelSize _cube = new(10, 10, 10);

    [Fact]
    public void A_volume_is_itself_by_every_measure()
    {
        var b = EvaluationFixture.Noise(new Shape3(41, 45, 70), 20, 3, _cube).Map(v => v + 120);
        var sparse = AxialSampling.Decimate(8).Acquire(b);
        var m = Measures.Of(b, b, ScoredRegion.All(41), 255, new MeasureOptions { Sparse = sparse, TileEdge = 32 }, TestContext.Current.CancellationToken);
        Assert.Equal((0, 0, 0), (m.MeanSquaredError, m.NormalisedError, m.GradientDeviation));
        Assert.All(new[] { m.SsimVolume, m.MultiScaleSsimXy, m.MultiScaleSsimXz, m.MultiScaleSsimYz, m.GradientRatio.Z, m.GradientRatio.Y, m.GradientRatio.X }, v => Assert.Equal(1, v!.Value, 1e-12));
        Assert.All(m.SpectralRatio.Z!.Concat(m.SpectralRatio.Y!).Concat(m.SpectralRatio.X!), band => Assert.Equal(1, band.Ratio!.Value, 1e-9));
        Assert.All(new[] { m.FrcSectionsNm, m.FscNm.Z, m.FscNm.Y, m.FscNm.X, m.FscHalfBitNm.Z, m.FscWholeHalfBitNm }, Assert.Null);
        Assert.Equal(m.ContinuityOfReference, m.Continuity);
        Assert.Equal(0, m.DataConsistency!.RootMeanSquare);
        Assert.Equal(1, m.Seam!.Value, 0.05);
    }

    [Fact]
    public void Constant_volumes_leave_unmeasured_what_has_no_meaning_and_break_nothing()
    {
        var shape = new Shape3(33, 35, 37);
        var (a, b) = (EvaluationFixture.Volume(shape, (_, _, _) => 90), EvaluationFixture.Volume(shape, (_, _, _) => 100));
        var m = Measures.Of(a, b, ScoredRegion.All(33), 255, new MeasureOptions { TileEdge = 16 }, TestContext.Current.CancellationToken);
        Assert.Equal((100.0, 0.1), (m.MeanSquaredError!.Value, Math.Round(m.NormalisedError!.Value, 12)));
        Assert.Null(m.GradientRatio.Z);
        Assert.Null(m.Continuity);
        Assert.Null(m.Seam);
        Assert.Equal(Ssim.Compute(a, b, ScoredRegion.All(33), 255, PlaneFamily.Xy)!.Value, m.SsimVolume!.Value, 1e-12);
        Assert.Null(Psnr.NormalisedError(a, a.Map(_ => 0f), ScoredRegion.All(33)));
    }

    [Theory]
    [InlineData(11, 11, 11)]
    [InlineData(13, 75, 141)]
    [InlineData(66, 43, 69)]
    public void Similarity_in_space_does_not_depend_on_tiles_or_the_order_of_axes(int z, int y, int x)
    {
        var shape = new Shape3(z, y, x);
        var b = EvaluationFixture.Noise(shape, 30, 7, _cube);
        var a = EvaluationFixture.Sum(b, EvaluationFixture.Noise(shape, 10, 8, _cube));
        var value = VolumeSsim.Compute(a, b, ScoredRegion.All(z), 255)!.Value;
        Volume<float> Turned(Volume<float> v) => EvaluationFixture.Volume(new Shape3(x, z, y), (i, j, k) => v[j, k, i], _cube);
        Assert.Equal(value, VolumeSsim.Compute(Turned(a), Turned(b), ScoredRegion.All(x), 255)!.Value, 1e-10);
        Assert.Equal(value, VolumeSsim.Compute(b, a, ScoredRegion.All(z), 255)!.Value, 1e-12);
        var blocks = VolumeSsim.ByBlock(a, b, ScoredRegion.All(z), 255);
        Assert.Equal((double)(z - 10) * (y - 10) * (x - 10), blocks.Counts.Sum());
    }

    [Fact]
    public void What_is_outside_a_mask_does_not_count()
    {
        var (a, b) = EvaluationFixture.Golden();
        // Wrong far outside the mask: windows reach 5 pixels, blurs 8, averaged and filtered images of FSIM all of it.
        var wrong = EvaluationFixture.Volume(b.Shape, (z, y, x) => x > 45 ? 255 - b[z, y, x] : a[z, y, x]);
        var region = ScoredRegion.HeldOut(AxialSampling.Decimate(4), 7).WithMask(EvaluationFixture.Volume(b.Shape, (_, _, x) => x < 35 ? 1 : 0).Map(v => (byte)v));
        Assert.Equal(Psnr.Compute(a, b, region, 255), Psnr.Compute(wrong, b, region, 255), 1e-12);
        Assert.Equal(VolumeSsim.Compute(a, b, region, 255)!.Value, VolumeSsim.Compute(wrong, b, region, 255)!.Value, 1e-12);
        Assert.Equal(Ssim.Compute(a, b, region, 255, PlaneFamily.Yz)!.Value, Ssim.Compute(wrong, b, region, 255, PlaneFamily.Yz)!.Value, 1e-12);
        Assert.Equal(GradientSimilarity.Deviation(a, b, region, 255)!.Value, GradientSimilarity.Deviation(wrong, b, region, 255)!.Value, 1e-12);
        Assert.Equal(GradientRatio.Compute(a, b, region).X!.Value, GradientRatio.Compute(wrong, b, region).X!.Value, 1e-12);
        Assert.Equal(HighFrequencyRatio.Compute(a, b, region)!.Value, HighFrequencyRatio.Compute(wrong, b, region)!.Value, 1e-12);
        Assert.Equal(SectionContinuity.Of(a, region).Mean!.Value, SectionContinuity.Of(wrong, region).Mean!.Value, 1e-12);
        Assert.True(Fsim.Compute(wrong, b, region, 255) > Fsim.Compute(wrong, b, ScoredRegion.HeldOut(AxialSampling.Decimate(4), 7), 255) + 0.02);
    }

    [Fact]
    public void Masks_that_do_not_fit_or_leave_nothing_are_refused()
    {
        var region = ScoredRegion.HeldOut(AxialSampling.Decimate(4), 3);
        Volume<byte> Mask(Shape3 shape, Func<int, int> value) => EvaluationFixture.Volume(shape, (z, _, _) => value(z)).Map(v => (byte)v);
        Assert.Contains("crop the mask", Assert.Throws<BadInputException>(() => region.WithMask(Mask(new Shape3(8, 12, 12), _ => 1))).Message, StringComparison.Ordinal);
        Assert.Contains("none of their voxels", Assert.Throws<BadInputException>(() => region.WithMask(Mask(new Shape3(9, 12, 12), z => z % 4 == 0 ? 1 : 0))).Message, StringComparison.Ordinal);
        var narrow = region.WithMask(Mask(new Shape3(9, 12, 13), _ => 1));
        var volume = EvaluationFixture.Volume(new Shape3(9, 12, 12), (z, y, x) => z + y + x);
        Assert.Contains("mask has 9 x 12 x 13", Assert.Throws<BadInputException>(() => Psnr.Compute(volume, volume, narrow, 255)).Message, StringComparison.Ordinal);
        Assert.Contains("border of 6", Assert.Throws<BadInputException>(() => region.WithoutBorder(volume.Shape, 6)).Message, StringComparison.Ordinal);
        Assert.Contains($"{6 * 8 * 8} voxels of a mask", region.WithoutBorder(volume.Shape, 2).Description, StringComparison.Ordinal);
    }

    [Fact]
    public void A_blur_along_z_shows_along_z_alone()
    {
        var shape = new Shape3(64, 40, 42);
        var truth = EvaluationFixture.Noise(shape, 10, 8, _cube);
        var blurred = EvaluationFixture.Volume(shape, (z, y, x) => Enumerable.Range(-1, 3).Average(k => truth[(z + k + 64) % 64, y, x]), _cube);
        var region = ScoredRegion.All(64);
        var gradient = GradientRatio.Compute(blurred, truth, region);
        // White noise under a mean of three has 1/3 of the variance, and steps of 2/9: ratios of the roots.
        Assert.Equal(Math.Sqrt(1 / 3.0), gradient.Y!.Value, 0.01);
        Assert.Equal(Math.Sqrt(1 / 9.0), gradient.Z!.Value, 0.01);
        var spectrum = SpectralRatio.Compute(blurred, truth, region);
        // The response of the mean of three to frequency f is (1 + 2 cos 2πf) / 3.
        Assert.InRange(spectrum.Z![0].Ratio!.Value, 0.95, 1.0);
        Assert.InRange(spectrum.Z[3].Ratio!.Value, 0.2, 0.36);
        Assert.All(spectrum.X!, band => Assert.Equal(Math.Sqrt(1 / 3.0), band.Ratio!.Value, 0.02));
    }

    [Fact]
    public void The_half_bit_threshold_falls_to_its_limit_and_reads_a_resolution()
    {
        // Worked by hand for 100 values: (0.2071 + 0.19102) / (1.2071 + 0.09102).
        Assert.Equal(0.39812 / 1.29812, FourierCurve.HalfBit(100)!.Value, 1e-9);
        Assert.Equal(0.2071 / 1.2071, FourierCurve.HalfBit(1e12)!.Value, 1e-4);
        Assert.Null(FourierCurve.HalfBit(19));
        var shape = new Shape3(48, 48, 48);
        var (a, b) = (EvaluationFixture.Noise(shape, 10, 5, _cube), EvaluationFixture.Noise(shape, 10, 6, _cube));
        var smooth = EvaluationFixture.Volume(shape, (z, y, x) => 60 * Math.Sin(2 * Math.PI * x / 13) * Math.Cos(2 * Math.PI * (y + z) / 14), _cube);
        var curves = FourierShellCorrelation.Directional(EvaluationFixture.Sum(smooth, a), EvaluationFixture.Sum(smooth, b));
        // The waves have a period of 79 nm; finer shells hold independent noise alone.
        Assert.InRange(curves.Whole.HalfBitResolutionNm!.Value, 40, 90);
        // Fewer values in a cone: a higher bar than in whole shells.
        Assert.All(curves.Whole.Shells.Zip(curves.Axes.Z.Shells).Where(p => p.Second.HalfBit is not null), p => Assert.True(p.Second.HalfBit > p.First.HalfBit));
        Assert.NotNull(curves.Axes.Z.Shells[^1].HalfBit);
    }

    [Fact]
    public void Reprojection_sees_what_contradicts_the_sections_and_projection_removes_it()
    {
        var truth = EvaluationFixture.Golden(24, _cube).Reference;
        var sparse = AxialSampling.Pool(4).Acquire(truth);
        Assert.InRange(Reprojection.Of(truth, sparse).Largest, 0, 1e-4);
        var wrong = truth.Map(v => v);
        foreach (ref var voxel in wrong.Section(9))
            voxel += 8;
        var found = Reprojection.Of(wrong, sparse);
        // A row of four in one of six sections.
        Assert.Equal(2, found.Largest, 1e-4);
        Assert.Equal(2 / Math.Sqrt(6), found.RootMeanSquare, 1e-4);
        Assert.Equal(2, found.WorstSection);
        DataConsistency.Project(wrong, sparse);
        Assert.InRange(Reprojection.Of(wrong, sparse).Largest, 0, 1e-3);
        Assert.Contains("spans 24", Assert.Throws<BadInputException>(() => Reprojection.Of(truth.Crop(new Box(0, 0, 0, new Shape3(23, 40, 57))), sparse)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pulsing_is_seen_where_sections_stand_out()
    {
        var truth = EvaluationFixture.Noise(new Shape3(33, 24, 24), 10, 3, _cube);
        var sparse = AxialSampling.Decimate(4).Acquire(truth);
        using var nearest = new AxialInterpolation(InterpolationKernel.Nearest);
        var steps = SectionContinuity.Of(nearest.Reconstruct(sparse, Box.Of(sparse.IsotropicShape)));
        // Copies within and none between: each edge of a section has its copy, the middle of a gap has not.
        Assert.True(steps.Pulsing(sparse) > 0.3);
        var own = truth.Map(v => v);
        var smooth = EvaluationFixture.Volume(truth.Shape, (z, y, x) => truth[z / 33, y, x], _cube);
        foreach (var z in Enumerable.Range(0, 9).Select(i => 4 * i))
            own.Section(z).CopyTo(smooth.Section(z));
        Assert.True(SectionContinuity.Of(smooth).Pulsing(sparse) < -0.9);
    }

    [Fact]
    public void A_step_between_tiles_is_a_seam()
    {
        var noise = EvaluationFixture.Noise(new Shape3(8, 96, 96), 5, 4, _cube);
        Assert.Equal(1, Seams.Of(noise, 32)!.Value, 0.05);
        var stepped = EvaluationFixture.Volume(noise.Shape, (z, y, x) => noise[z, y, x] + 40 * (x / 32), _cube);
        Assert.True(Seams.Of(stepped, 32) > 3);
        Assert.Null(Seams.Of(noise, 96));
        Assert.Contains("at least 16", Assert.Throws<BadInputException>(() => Seams.Of(noise, 8)).Message, StringComparison.Ordinal);
    }
}
