using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// Curtains of an ion beam or knife marks: offsets that are constant along one lateral axis, irregular along the other, and that change
/// slowly from section to section.
/// </summary>
public sealed record Stripes : IntensityAugmentation
{
    /// <summary>Creates stripes.</summary>
    /// <param name="amplitude">Largest standard deviation of the offsets, share of the grey range, 0 to 1.</param>
    /// <param name="width">Width of a stripe (standard deviation of its profile), pixels, 0.3 to 100.</param>
    /// <param name="persistence">Correlation of the stripes of neighbouring sections, 0 to 1: curtains run on, knife marks do not.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public Stripes(double amplitude = 0.06, double width = 1.5, double persistence = 0.9)
    {
        Amplitude = Within(amplitude, 0, 1, "amplitude of stripes");
        Width = Within(width, 0.3, 100, "width of stripes", " pixels");
        Persistence = Within(persistence, 0, 1, "persistence of stripes");
    }

    /// <summary>Largest standard deviation of the offsets, share of the grey range.</summary>
    public double Amplitude { get; }

    /// <summary>Standard deviation of a stripe's profile, pixels.</summary>
    public double Width { get; }

    /// <summary>Correlation of the stripes of neighbouring sections.</summary>
    public double Persistence { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<int> Apply(Volume<float> image, GreyRange range, CounterRandom random)
    {
        var amplitude = random.Uniform(0, Amplitude) * range.Span;
        var alongY = random.Below(2) == 0;
        if (amplitude == 0)
            return [];
        var (sections, height, width) = image.Shape;
        var length = alongY ? width : height;
        var radius = (int)Math.Ceiling(3 * Width);
        var kernel = Enumerable.Range(-radius, 2 * radius + 1).Select(i => Math.Exp(-i * i / (2 * Width * Width))).ToArray();
        // Weights whose squares sum to 1 keep the variance of what they smooth.
        var norm = 1 / Math.Sqrt(kernel.Sum(k => k * k));
        float[] fresh = new float[length + 2 * radius], raw = new float[length + 2 * radius], profile = new float[length];
        float keep = (float)Persistence, change = MathF.Sqrt(1 - keep * keep);
        for (var z = 0; z < sections; z++)
        {
            random.Normal(fresh);
            TensorPrimitives.Multiply(fresh, z == 0 ? 1 : change, fresh);
            TensorPrimitives.MultiplyAdd(raw, z == 0 ? 0 : keep, fresh, raw);
            profile.AsSpan().Clear();
            for (var k = 0; k < kernel.Length; k++)
                TensorPrimitives.MultiplyAdd(raw.AsSpan(k, length), (float)(amplitude * norm * kernel[k]), profile, profile);
            var section = image.Section(z);
            for (var y = 0; y < height; y++)
            {
                var row = section.Slice(y * width, width);
                if (alongY)
                    TensorPrimitives.Add(row, profile, row);
                else
                    TensorPrimitives.Add(row, profile[y], row);
            }
        }
        return [];
    }

    /// <inheritdoc/>
    public override Augmentation AtStrength(double share) => new Stripes(Amplitude * share, Width, Persistence) { Probability = Probability };
}
