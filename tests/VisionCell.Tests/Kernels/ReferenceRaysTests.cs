using VisionCell.Kernels;
using VisionCell.Kernels.Reference;
using VisionCell.Volumes;

namespace VisionCell.Tests.Kernels;

/// <summary>The reference of rays against closed forms and finite differences.</summary>
public sealed class ReferenceRaysTests
{
    private static readonly ReferenceKernels Kernels = new();

    [Fact]
    public void A_slab_that_emits_and_absorbs_has_its_closed_form()
    {
        // σ = 3 and c = 0.8 from 0.25 to 0.75 along a ray: T = exp(−3/2); depth of what is seen: ∫ σ t exp(−σ(t − 1/4)) dt.
        var (density, emission, background, steps) = (3.0, 0.8, 0.3, 4096);
        var march = new RayMarch(new Shape3(1, 1, 1), new Position(1, 1, 1), 1.0 / steps);
        var (offsets, positions, samples) = Marched(march, [0.5, 0.5, 0, 0, 0, 1, 0, 2]);
        double[] densities = [.. Enumerable.Range(0, offsets[1]).Select(i => positions[3 * i + 2] is > 0.25 and < 0.75 ? density : 0)];
        double[] emissions = [.. densities.Select(_ => emission)];
        var image = new double[3];
        Kernels.Composite(offsets, samples, densities, emissions, background, image);
        var passed = Math.Exp(-1.5);
        Assert.Equal(emission * (1 - passed) + background * passed, image[0], 1e-12);
        Assert.Equal(1 - passed, image[1], 1e-12);
        Assert.Equal(0.25 + 1 / density - passed * (0.75 + 1 / density), image[2], 1e-6);
        var integral = new double[1];
        Kernels.Integrate(offsets, samples, densities, integral);
        Assert.Equal(1.5, integral[0], 1e-12);
    }

    [Fact]
    public void The_line_integral_of_a_sphere_is_its_chord()
    {
        // Density 2 within 0.3 of the centre; chords at distance b are 2 √(0.09 − b²), seen from any side.
        var march = new RayMarch(new Shape3(2, 2, 2), new Position(1, 1, 1), 1e-4);
        var random = new Random(2);
        for (var trial = 0; trial < 6; trial++)
        {
            var (theta, phi, distance) = (random.NextDouble() * Math.PI, random.NextDouble() * 6, random.NextDouble() * 0.25);
            double[] along = [Math.Cos(theta), Math.Sin(theta) * Math.Cos(phi), Math.Sin(theta) * Math.Sin(phi)];
            double[] aside = [-Math.Sin(theta), Math.Cos(theta) * Math.Cos(phi), Math.Cos(theta) * Math.Sin(phi)];
            double[] ray = [.. Enumerable.Range(0, 3).Select(a => 0.5 + distance * aside[a] - 2 * along[a]), .. along, 0, 5];
            var (offsets, positions, samples) = Marched(march, ray);
            double[] densities = [.. Enumerable.Range(0, offsets[1]).Select(i => Enumerable.Range(0, 3).Sum(a => Math.Pow(positions[3 * i + a] - 0.5, 2)) < 0.09 ? 2.0 : 0)];
            var integral = new double[1];
            Kernels.Integrate(offsets, samples, densities, integral);
            Assert.Equal(4 * Math.Sqrt(0.09 - distance * distance), integral[0], 5e-4);
        }
    }

    [Fact]
    public void Gradients_of_compositing_are_those_of_finite_differences()
    {
        var random = new Random(4);
        int[] offsets = [0, 7, 7, 20];
        double[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble())];
        var (samples, densities, emissions, down) = (Numbers(40), Numbers(20), Numbers(20), Numbers(9));
        double Loss(double[] d, double[] e)
        {
            var images = new double[9];
            Kernels.Composite(offsets, samples, d, e, 0.4, images);
            return images.Zip(down, (a, b) => a * b).Sum();
        }
        var (densityGradient, emissionGradient) = (new double[20], new double[20]);
        Kernels.CompositeBackward(offsets, samples, densities, emissions, 0.4, down, densityGradient, emissionGradient);
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(Difference(densities, i, d => Loss(d, emissions)), densityGradient[i], 1e-8);
            Assert.Equal(Difference(emissions, i, e => Loss(densities, e)), emissionGradient[i], 1e-8);
        }
    }

    [Fact]
    public void Samples_lie_anywhere_in_their_steps()
    {
        var march = new RayMarch(new Shape3(1, 1, 1), new Position(1, 1, 1), 1e-4, Seed: 5, IsStratified: true);
        var (offsets, _, samples) = Marched(march, [0.5, 0.5, 0, 0, 0, 1, 0, 2]);
        double[] places = [.. Enumerable.Range(0, offsets[1]).Select(i => samples[2 * i] / 1e-4 - i)];
        Assert.Equal(10_000, places.Length);
        for (var tenth = 0; tenth < 10; tenth++)
            Assert.InRange(places.Count(p => p >= tenth / 10.0 && p < (tenth + 1) / 10.0), 880, 1120); // 1000 ± 4 standard deviations
        // Neighbouring steps, other rays and other seeds are not alike.
        Assert.InRange(places.Zip(places.Skip(1), (a, b) => (a - 0.5) * (b - 0.5)).Average(), -0.004, 0.004);
        Assert.NotEqual(RayMarch.Place(5, 0, 3), RayMarch.Place(5, 1, 3));
        Assert.NotEqual(RayMarch.Place(5, 0, 3), RayMarch.Place(6, 0, 3));
    }

    private static (int[] Offsets, double[] Positions, double[] Samples) Marched(RayMarch march, double[] rays) => FieldKernelsSuite.Marched(Kernels, march, march.Full(), rays);

    private static double Difference(double[] values, int i, Func<double[], double> function)
    {
        const double step = 1e-6;
        var (upper, lower) = (values.ToArray(), values.ToArray());
        (upper[i], lower[i]) = (values[i] + step, values[i] - step);
        return (function(upper) - function(lower)) / (2 * step);
    }
}
