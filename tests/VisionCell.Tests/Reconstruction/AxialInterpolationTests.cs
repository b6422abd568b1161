using VisionCell.Acquisition;
using VisionCell.Reconstruction;
using VisionCell.Volumes;

namespace VisionCell.Tests.Reconstruction;

public sealed class AxialInterpolationTests
{
    private static SparseVolume Sampled(AxialSampling sampling, int sections, Func<double, double> signal)
    {
        var observed = new Volume<float>(new Shape3(sections, 1, 2), new VoxelSize(10 * sampling.Pitch, 10, 10), default, Provenance.Of("signal"));
        for (var i = 0; i < sections; i++)
            observed.Section(i).Fill((float)signal(sampling.Centre(i)));
        return new SparseVolume(observed, sampling);
    }

    private static Volume<float> Reconstruct(InterpolationKernel kernel, SparseVolume sparse)
    {
        using var method = new AxialInterpolation(kernel);
        return method.Reconstruct(sparse, Box.Of(sparse.IsotropicShape), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(InterpolationKernel.Linear, 1)]
    [InlineData(InterpolationKernel.Cubic, 1)]
    [InlineData(InterpolationKernel.Cubic, 2)]
    [InlineData(InterpolationKernel.Cubic, 3)]
    public void Polynomials_up_to_the_order_are_exact(InterpolationKernel kernel, int degree)
    {
        // The not-a-knot spline reproduces every cubic, which neither a natural nor a clamped one does.
        var sparse = Sampled(AxialSampling.Decimate(4), 7, z => Math.Pow((z - 11) / 6, degree));
        var result = Reconstruct(kernel, sparse);
        for (var z = 0; z < result.Shape.Z; z++)
            Assert.Equal(Math.Pow((z - 11) / 6.0, degree), result[z, 0, 1], 4);
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 3)]
    public void Few_sections_take_the_polynomial_through_them(int sections, int degree)
    {
        var sparse = Sampled(AxialSampling.Decimate(5), sections, z => Math.Pow(z / 5, degree));
        var result = Reconstruct(InterpolationKernel.Cubic, sparse);
        for (var z = 0; z < result.Shape.Z; z++)
            Assert.Equal(Math.Pow(z / 5.0, degree), result[z, 0, 0], 4);
    }

    [Fact]
    public void A_sine_is_interpolated_with_the_error_of_the_fourth_order()
    {
        double Worst(int pitch)
        {
            var sparse = Sampled(AxialSampling.Decimate(pitch), 192 / pitch + 1, z => Math.Sin(z / 15));
            var result = Reconstruct(InterpolationKernel.Cubic, sparse);
            // Away from the ends, where the spline knows least.
            return Enumerable.Range(64, 64).Max(z => Math.Abs(result[z, 0, 0] - Math.Sin(z / 15.0)));
        }
        // Half the pitch divides the error by 2^4.
        Assert.InRange(Worst(8) / Worst(4), 12, 24);
    }

    [Theory]
    [InlineData(InterpolationKernel.Nearest)]
    [InlineData(InterpolationKernel.Linear)]
    [InlineData(InterpolationKernel.Cubic)]
    public void Weights_sum_to_one_and_observed_rows_are_kept(InterpolationKernel kernel)
    {
        var sampling = AxialSampling.Decimate(6);
        var weights = AxialInterpolation.Weights(kernel, sampling, 40);
        Assert.All(weights, row => Assert.Equal(1, row.Sum(w => w.Weight), 5));
        for (var i = 0; i < 40; i++)
            Assert.Equal(1, weights[i * 6].Single(w => w.Section == i).Weight, 5);
    }

    [Fact]
    public void Thick_sections_are_placed_at_their_centres_and_ends_are_held()
    {
        var sparse = Sampled(AxialSampling.Pool(4), 3, z => z);
        var result = Reconstruct(InterpolationKernel.Linear, sparse);
        Assert.Equal([1.5f, 1.5f, 2, 3, 4, 5, 6, 7, 8, 9, 9.5f, 9.5f], Enumerable.Range(0, 12).Select(z => result[z, 0, 0]));
    }

    [Fact]
    public void A_block_is_the_same_as_that_part_of_the_whole()
    {
        var random = new Random(1);
        var observed = new Volume<float>([.. Enumerable.Range(0, 5 * 4 * 6).Select(_ => random.NextSingle())], new Shape3(5, 4, 6), new VoxelSize(30, 10, 10), default, Provenance.Of("noise"));
        var sparse = new SparseVolume(observed, AxialSampling.Decimate(3));
        var box = new Box(4, 1, 2, new Shape3(5, 2, 3));
        using var method = new AxialInterpolation(InterpolationKernel.Cubic);
        Assert.Equal(Reconstruct(InterpolationKernel.Cubic, sparse).Crop(box).Data, method.Reconstruct(sparse, box, TestContext.Current.CancellationToken).Data);
    }

    [Theory]
    [InlineData("decimate:4")]
    [InlineData("pool:4")]
    public void Projection_gives_back_exactly_what_was_observed_and_is_idempotent(string degradation)
    {
        var sampling = AxialSampling.Parse(degradation);
        var random = new Random(2);
        var (sections, width) = (5, 7);
        var observed = Enumerable.Range(0, sections * width).Select(_ => random.NextSingle()).ToArray();
        var fine = Enumerable.Range(0, sampling.FineRows(sections) * width).Select(_ => random.NextSingle()).ToArray();
        DataConsistency.Project(fine, observed, width, sampling);
        var seen = new float[observed.Length];
        sampling.Acquire(fine, width, seen);
        for (var i = 0; i < seen.Length; i++)
            Assert.Equal(observed[i], seen[i], 5);
        var again = fine.ToArray();
        DataConsistency.Project(again, observed, width, sampling);
        for (var i = 0; i < fine.Length; i++)
            Assert.Equal(fine[i], again[i], 5);
    }
}
