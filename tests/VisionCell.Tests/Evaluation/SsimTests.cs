using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Tests.Evaluation;

public class SsimTests
{
    public static TheoryData<PlaneFamily> Families => [PlaneFamily.Xy, PlaneFamily.Xz, PlaneFamily.Yz];

    [Theory]
    [MemberData(nameof(Families))]
    public void A_volume_is_wholly_similar_to_itself(PlaneFamily family)
    {
        var reference = EvaluationFixture.Golden().Reference;
        Assert.Equal(1, Ssim.Compute(reference, reference, ScoredRegion.All(25), 255, family)!.Value, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void It_is_symmetric_and_unmoved_by_scaling_with_the_range(PlaneFamily family)
    {
        var (a, b) = EvaluationFixture.Golden();
        var region = ScoredRegion.HeldOut(AxialSampling.Decimate(4), 7);
        var value = Ssim.Compute(a, b, region, 255, family)!.Value;
        Assert.Equal(value, Ssim.Compute(b, a, region, 255, family)!.Value, 1e-12);
        Assert.Equal(value, Ssim.Compute(a.Map(v => v * 4), b.Map(v => v * 4), region, 1020, family)!.Value, 1e-12);
    }

    [Fact]
    public void Constant_volumes_differ_by_luminance_alone()
    {
        var shape = new Shape3(12, 13, 14);
        var a = EvaluationFixture.Volume(shape, (_, _, _) => 100);
        var b = EvaluationFixture.Volume(shape, (_, _, _) => 120);
        var c1 = 2.55 * 2.55;
        var expected = (2.0 * 100 * 120 + c1) / (100 * 100 + 120 * 120 + c1);
        foreach (var family in new[] { PlaneFamily.Xy, PlaneFamily.Xz, PlaneFamily.Yz })
            Assert.Equal(expected, Ssim.Compute(a, b, ScoredRegion.All(12), 255, family)!.Value, 1e-9);
    }

    [Fact]
    public void Swapping_axes_swaps_families()
    {
        var (a, b) = EvaluationFixture.Golden();
        Volume<float> Swapped(Volume<float> v) => EvaluationFixture.Volume(new Shape3(v.Shape.Z, v.Shape.X, v.Shape.Y), (z, y, x) => v[z, x, y], new VoxelSize(12, 10, 8));
        var region = ScoredRegion.All(25);
        Assert.Equal(
            Ssim.Compute(a, b, region, 255, PlaneFamily.Xz)!.Value,
            Ssim.Compute(Swapped(a), Swapped(b), region, 255, PlaneFamily.Yz)!.Value, 1e-12);
    }

    [Fact]
    public void Planes_smaller_than_the_window_are_not_measured()
    {
        var a = EvaluationFixture.Volume(new Shape3(9, 16, 16), (z, y, x) => z + y + x);
        var region = ScoredRegion.HeldOut(AxialSampling.Decimate(4), 3);
        Assert.Null(Ssim.Compute(a, a, region, 255, PlaneFamily.Xz));
        Assert.NotNull(Ssim.Compute(a, a, region, 255, PlaneFamily.Xy));
    }

    [Fact]
    public void Cancellation_stops_it()
    {
        var a = EvaluationFixture.Golden().Reference;
        Assert.ThrowsAny<OperationCanceledException>(() => Ssim.Compute(a, a, ScoredRegion.All(25), 255, PlaneFamily.Xy, new CancellationToken(true)));
    }
}
