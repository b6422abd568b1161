using VisionCell.Kernels;
using VisionCell.Volumes;

namespace VisionCell.Tests.Kernels;

/// <content>Rays: marching, compositing, occupancy.</content>
public abstract partial class FieldKernelsSuite
{
    private static readonly RayMarch March = new(new Shape3(5, 7, 9), new Position(0.6, 0.8, 1), 0.03, Seed: 17);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Marching_is_that_of_the_reference(bool stratified)
    {
        var kernels = Kernels();
        const int rays = 203;
        var march = March with { IsStratified = stratified };
        var random = new Random(6);
        var (ray, occupancy) = (RandomRays(random, rays), march.Full());
        occupancy[1] = 0xdeadbeef;
        occupancy[4] = 0x12345678;
        var (offsets, positions, samples) = Marched(kernels, march, occupancy, ray);
        var (expectedOffsets, expectedPositions, expectedSamples) = Marched(Reference, march, occupancy, Double(ray));
        var same = 0;
        for (var r = 0; r < rays; r++)
        {
            var count = offsets[r + 1] - offsets[r];
            // By rounding a ray may have one step more, or a sample fall into the next cell.
            Assert.InRange(count - (expectedOffsets[r + 1] - expectedOffsets[r]), -2, 2);
            if (count != expectedOffsets[r + 1] - expectedOffsets[r] || count == 0)
                continue;
            same++;
            AssertClose(expectedPositions[(3 * expectedOffsets[r])..(3 * expectedOffsets[r + 1])], positions[(3 * offsets[r])..(3 * offsets[r + 1])], 1e-4);
            AssertClose(expectedSamples[(2 * expectedOffsets[r])..(2 * expectedOffsets[r + 1])], samples[(2 * offsets[r])..(2 * offsets[r + 1])], 1e-4);
        }
        Assert.InRange(same, rays / 2, rays);
    }

    [Fact]
    public void Rays_along_an_axis_meet_the_marked_cells_and_no_others()
    {
        var kernels = Kernels();
        var march = new RayMarch(new Shape3(1, 1, 8), new Position(1, 1, 1), 1.0 / 16);
        // Cells 0, 2 and 7 of the row; numbers that round nowhere.
        uint[] occupancy = [0b10000101];
        float[] rays =
        [
            0.5f, 0.5f, -1, 0, 0, 1, 0, 10,
            0.5f, 0.5f, 2, 0, 0, -1, 0, 10,
            0.5f, 0.5f, -1, 0, 0, 1, 1.25f, 10,
            0.5f, 0.5f, 0, 0, 0, 1, 0, 0.03125f,
            0.5f, 2, 0, 0, 0, 1, 0, 10,
            0.5f, 0.5f, 0, 0, 0, 1, 3, 2,
            float.NaN, 0.5f, 0, 0, 0, 1, 0, 10,
            0.5f, 0.5f, 0, 0, 0, 1, float.NaN, 10,
            0.5f, 0.5f, 0, 0, 0, float.PositiveInfinity, 0, 10,
        ];
        var (offsets, positions, samples) = Marched(kernels, march, occupancy, rays);
        Assert.Equal([0, 6, 12, 16, 17, 17, 17, 17, 17, 17], offsets);
        Assert.Equal([1 / 32f, 3 / 32f, 9 / 32f, 11 / 32f, 29 / 32f, 31 / 32f], Enumerable.Range(0, 6).Select(i => positions[3 * i + 2]));
        Assert.Equal([33 / 32f, 35 / 32f, 41 / 32f, 43 / 32f, 61 / 32f, 63 / 32f], Enumerable.Range(0, 6).Select(i => samples[2 * i]));
        Assert.Equal([31 / 32f, 29 / 32f, 11 / 32f, 9 / 32f, 3 / 32f, 1 / 32f], Enumerable.Range(6, 6).Select(i => positions[3 * i + 2]));
        Assert.All(Enumerable.Range(0, 16), i => Assert.Equal(1 / 16f, samples[2 * i + 1]));
        Assert.Equal(1 / 32f, samples[33]);
    }

    [Fact]
    public void Steps_of_a_ray_fill_its_way_through_the_box_wherever_the_samples_lie()
    {
        var (kernels, random) = (Kernels(), new Random(3));
        var ray = RandomRays(random, 100);
        var (fixedOffsets, _, _) = Marched(kernels, March, March.Full(), ray);
        var (offsets, positions, samples) = Marched(kernels, March with { IsStratified = true }, March.Full(), ray);
        Assert.Equal(fixedOffsets, offsets);
        var crossing = 0;
        for (var r = 0; r < 100; r++)
        {
            var (near, far) = ((double)ray[8 * r + 6], (double)ray[8 * r + 7]);
            double[] extent = [0.6, 0.8, 1];
            for (var axis = 0; axis < 3; axis++)
            {
                var (a, b) = (-ray[8 * r + axis] / (double)ray[8 * r + 3 + axis], (extent[axis] - ray[8 * r + axis]) / ray[8 * r + 3 + axis]);
                (near, far) = (Math.Max(near, Math.Min(a, b)), Math.Min(far, Math.Max(a, b)));
            }
            Assert.Equal(Math.Max(0, far - near), Enumerable.Range(offsets[r], offsets[r + 1] - offsets[r]).Sum(i => (double)samples[2 * i + 1]), 1e-5);
            crossing += far > near ? 1 : 0;
        }
        Assert.True(crossing > 50);
        for (var i = 0; i < offsets[100]; i++)
        {
            Assert.InRange(positions[3 * i], -1e-5f, 0.6f + 1e-5f);
            Assert.InRange(positions[3 * i + 1], -1e-5f, 0.8f + 1e-5f);
            Assert.InRange(positions[3 * i + 2], -1e-5f, 1 + 1e-5f);
        }
    }

    [Fact]
    public void A_permutation_of_the_rays_permutes_their_samples_and_images()
    {
        var (kernels, random) = (Kernels(), new Random(8));
        const int rays = 90;
        var ray = RandomRays(random, rays);
        var order = Enumerable.Range(0, rays).ToArray();
        random.Shuffle(order);
        float[] shuffled = [.. order.SelectMany(r => ray.Skip(RayMarch.RayWidth * r).Take(RayMarch.RayWidth))];
        float[] Images(float[] all)
        {
            var (offsets, positions, samples) = Marched(kernels, March, March.Full(), all);
            float[] densities = [.. Enumerable.Range(0, offsets[^1]).Select(i => 9 * MathF.Abs(positions[3 * i]))];
            float[] emissions = [.. Enumerable.Range(0, offsets[^1]).Select(i => positions[3 * i + 2])];
            var images = new float[all.Length / RayMarch.RayWidth * 3];
            kernels.Composite(offsets, samples, densities, emissions, 0.25f, images);
            return images;
        }
        var (images, expected) = (Images(shuffled), Images(ray));
        Assert.Equal(order.SelectMany(r => expected.Skip(3 * r).Take(3)), images);
    }

    [Theory]
    [InlineData(0.0f)]
    [InlineData(0.7f)]
    public void Compositing_and_its_gradient_are_those_of_the_reference(float background)
    {
        var kernels = Kernels();
        var (random, rays) = (new Random(12), 151);
        int[] counts = [.. Enumerable.Range(0, rays).Select(r => r % 5 == 0 ? 0 : random.Next(40))];
        var offsets = RayMarch.Offsets(counts);
        var n = offsets[rays];
        float[] samples = [.. Enumerable.Range(0, n).SelectMany(i => new[] { i * 0.01f, 0.005f + 0.01f * random.NextSingle() })];
        // From what hardly stops light to what stops all of it.
        float[] densities = [.. Enumerable.Range(0, n).Select(_ => random.Next(6) == 0 ? 0 : MathF.Exp(12 * random.NextSingle() - 6))];
        var (emissions, down) = (Numbers(random, n, 1), Numbers(random, 3 * rays, 1));
        var (images, expected) = (new float[3 * rays], new double[3 * rays]);
        kernels.Composite(offsets, samples, densities, emissions, background, images);
        Reference.Composite(offsets, Double(samples), Double(densities), Double(emissions), background, expected);
        AssertClose(expected, images, Rounding);

        var (densityGradient, emissionGradient) = (Numbers(random, n, 1), Numbers(random, n, 1));
        var (expectedDensity, expectedEmission) = (new double[n], new double[n]);
        kernels.CompositeBackward(offsets, samples, densities, emissions, background, down, densityGradient, emissionGradient);
        Reference.CompositeBackward(offsets, Double(samples), Double(densities), Double(emissions), background, Double(down), expectedDensity, expectedEmission);
        AssertClose(expectedDensity, densityGradient, Rounding);
        AssertClose(expectedEmission, emissionGradient, Rounding);

        var (integrals, expectedIntegrals) = (new float[rays], new double[rays]);
        kernels.Integrate(offsets, samples, densities, integrals);
        Reference.Integrate(offsets, Double(samples), Double(densities), expectedIntegrals);
        AssertClose(expectedIntegrals, integrals, Rounding);
        kernels.IntegrateBackward(offsets, samples, down.AsSpan(0, rays), densityGradient);
        Reference.IntegrateBackward(offsets, Double(samples), Double(down[..rays]), expectedDensity);
        AssertClose(expectedDensity, densityGradient, Rounding);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(67)]
    public void Occupancy_is_kept_cell_by_cell(int cells)
    {
        var (kernels, random) = (Kernels(), new Random(cells));
        var (known, occupancy) = (Numbers(random, cells, 1), new uint[(cells + 31) / 32]);
        var (expected, expectedOccupancy) = (Double(known), new uint[occupancy.Length]);
        for (var update = 0; update < 3; update++)
        {
            var found = Numbers(random, cells, 1);
            kernels.UpdateOccupancy(0.5f, 0.25f, found, known, occupancy);
            Reference.UpdateOccupancy(0.5, 0.25, Double(found), expected, expectedOccupancy);
            Assert.Equal(expected, Double(known));
            Assert.Equal(expectedOccupancy, occupancy);
        }
    }

    [Fact]
    public void Rays_that_do_not_fit_are_refused_and_none_do_nothing()
    {
        var kernels = Kernels();
        Assert.Throws<ArgumentException>("rays", () => kernels.CountSamples(March, March.Full(), new float[9], new int[1]));
        Assert.Throws<ArgumentException>("counts", () => kernels.CountSamples(March, March.Full(), new float[8], new int[2]));
        Assert.Throws<ArgumentException>("occupancy", () => kernels.CountSamples(March, new uint[1], new float[8], new int[1]));
        Assert.Throws<ArgumentException>("offsets", () => kernels.MarchRays(March, March.Full(), new float[8], [0, 1, 2], new float[6], new float[4]));
        Assert.Throws<ArgumentException>("offsets", () => kernels.MarchRays(March, March.Full(), new float[16], [0, 2, 1], new float[3], new float[2]));
        Assert.Throws<ArgumentException>("positions", () => kernels.MarchRays(March, March.Full(), new float[8], [0, 2], new float[3], new float[4]));
        Assert.Throws<ArgumentException>("densities", () => kernels.Composite([0, 2], new float[4], new float[1], new float[2], 0, new float[3]));
        Assert.Throws<ArgumentException>("samples", () => kernels.Integrate([0, 2], new float[2], new float[2], new float[1]));
        Assert.Throws<BadInputException>(() => kernels.CountSamples(March with { Step = 0 }, March.Full(), new float[8], new int[1]));
        Assert.Throws<BadInputException>(() => kernels.CountSamples(March with { Extent = new Position(0, 1, 1) }, March.Full(), new float[8], new int[1]));
        kernels.CountSamples(March, March.Full(), [], []);
        kernels.Composite([0], [], [], [], 0, []);
        var image = new float[3];
        kernels.Composite([0, 0], [], [], [], 0.5f, image);
        Assert.Equal([0.5f, 0, 0], image);
    }

    private static float[] RandomRays(Random random, int count)
    {
        var rays = new float[RayMarch.RayWidth * count];
        for (var r = 0; r < count; r++)
        {
            var (target, origin) = (Numbers(random, 3, 0.4f), Numbers(random, 3, 2));
            var length = MathF.Sqrt(Enumerable.Range(0, 3).Sum(a => (target[a] + 0.4f - origin[a]) * (target[a] + 0.4f - origin[a])));
            for (var axis = 0; axis < 3; axis++)
                (rays[8 * r + axis], rays[8 * r + 3 + axis]) = (origin[axis], (target[axis] + 0.4f - origin[axis]) / length);
            (rays[8 * r + 6], rays[8 * r + 7]) = (0, r % 3 == 0 ? float.PositiveInfinity : 2 + random.NextSingle());
        }
        return rays;
    }

    internal static (int[] Offsets, T[] Positions, T[] Samples) Marched<T>(IRayKernels<T> kernels, RayMarch march, uint[] occupancy, T[] rays)
        where T : unmanaged
    {
        var counts = new int[rays.Length / RayMarch.RayWidth];
        kernels.CountSamples(march, occupancy, rays, counts);
        var offsets = RayMarch.Offsets(counts);
        var (positions, samples) = (new T[3 * offsets[^1]], new T[2 * offsets[^1]]);
        kernels.MarchRays(march, occupancy, rays, offsets, positions, samples);
        return (offsets, positions, samples);
    }
}
