using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// Shot noise: the electrons that a voxel's grey level stands for are counted anew, so that bright voxels are noisier than dark ones. Counts
/// up to <see cref="Exact"/> are drawn by inversion (Devroye, Non-Uniform Random Variate Generation, 1986, X.3); more by a normal number
/// rounded to a whole one, whose variance differs from the true one by less than 0.3 %.
/// </summary>
public sealed record PoissonNoise : IntensityAugmentation
{
    /// <summary>Expected counts above this are drawn as rounded normal numbers.</summary>
    public const float Exact = 30;

    /// <summary>Creates the noise.</summary>
    /// <param name="relative">
    /// Largest noise of a white voxel, share of white: 0 to 1. One over its square is the number of electrons of white: 0.1 is 100.
    /// </param>
    /// <exception cref="BadInputException">The value is out of range.</exception>
    public PoissonNoise(double relative = 0.1) => Relative = Within(relative, 0, 1, "relative shot noise");

    /// <summary>Largest noise of a white voxel, share of white.</summary>
    public double Relative { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<int> Apply(Volume<float> image, GreyRange range, CounterRandom random)
    {
        var relative = random.Uniform(0, Relative);
        // Below a millionth of white the counts exceed what a float resolves.
        if (relative < 1e-6)
            return [];
        var dose = (float)(1 / (relative * relative));
        const int Chunk = 1024;
        Span<float> counts = stackalloc float[Chunk], normal = stackalloc float[Chunk], root = stackalloc float[Chunk];
        var (normals, uniforms) = (random.Stream(0), random.Stream(1));
        for (var start = 0; start < image.Data.Length; start += Chunk)
        {
            var part = image.Data.AsSpan(start, Math.Min(Chunk, image.Data.Length - start));
            Span<float> c = counts[..part.Length], g = normal[..part.Length], r = root[..part.Length];
            TensorPrimitives.Subtract(part, range.Low, c);
            TensorPrimitives.Multiply(c, dose / range.Span, c);
            TensorPrimitives.Max(c, 0f, c);
            normals.Normal(g);
            TensorPrimitives.Sqrt(c, r);
            TensorPrimitives.MultiplyAdd(g, r, c, r);
            TensorPrimitives.Round(r, r);
            for (var i = 0; i < c.Length; i++)
            {
                if (c[i] <= Exact)
                    r[i] = Inversion(c[i], uniforms.Uniform());
            }
            TensorPrimitives.Multiply(r, range.Span / dose, r);
            TensorPrimitives.Add(r, range.Low, part);
        }
        return [];
    }

    /// <inheritdoc/>
    public override Augmentation AtStrength(double share) => new PoissonNoise(Relative * share) { Probability = Probability };

    /// <summary>The smallest count whose cumulative probability exceeds u.</summary>
    private static float Inversion(double expected, double u)
    {
        var probability = Math.Exp(-expected);
        var count = 0;
        // 30 + 12 standard deviations: beyond, the probabilities no longer change the sum.
        for (var sum = probability; u > sum && count < 100; sum += probability)
            probability *= expected / ++count;
        return count;
    }
}
