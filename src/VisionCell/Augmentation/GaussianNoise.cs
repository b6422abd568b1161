using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>Normal noise, independent in every voxel: the electronics of the detector.</summary>
public sealed record GaussianNoise : IntensityAugmentation
{
    /// <summary>Creates the noise.</summary>
    /// <param name="deviation">Largest standard deviation, share of the grey range, 0 to 1; each patch draws its own from 0 on.</param>
    /// <exception cref="BadInputException">The value is out of range.</exception>
    public GaussianNoise(double deviation = 0.05) => Deviation = Within(deviation, 0, 1, "standard deviation of noise");

    /// <summary>Largest standard deviation, share of the grey range.</summary>
    public double Deviation { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<int> Apply(Volume<float> image, GreyRange range, CounterRandom random)
    {
        var deviation = (float)random.Uniform(0, Deviation) * range.Span;
        if (deviation == 0)
            return [];
        Span<float> noise = stackalloc float[1024];
        var stream = random.Stream(0);
        for (var i = 0; i < image.Data.Length; i += noise.Length)
        {
            var part = image.Data.AsSpan(i, Math.Min(noise.Length, image.Data.Length - i));
            stream.Normal(noise[..part.Length]);
            TensorPrimitives.MultiplyAdd(noise[..part.Length], deviation, part, part);
        }
        return [];
    }

    /// <inheritdoc/>
    public override Augmentation AtStrength(double share) => new GaussianNoise(Deviation * share) { Probability = Probability };
}
