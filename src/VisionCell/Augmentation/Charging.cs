using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// Charging of a badly conducting specimen: from where charge builds up, a bright or dark streak fades along the fast scan direction (x),
/// and the section as a whole is offset. Each section by itself.
/// </summary>
public sealed record Charging : IntensityAugmentation
{
    /// <summary>Creates charging.</summary>
    /// <param name="amplitude">Largest brightness of a streak, share of the grey range, 0 to 1.</param>
    /// <param name="streaks">Mean number of streaks in a section of 64 x 64 pixels, 0 to 100.</param>
    /// <param name="length">Distance over which a streak fades to 1/e, pixels, above 0.</param>
    /// <param name="offset">Largest offset of a section, share of the grey range, 0 to 1.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public Charging(double amplitude = 0.25, double streaks = 1.5, double length = 15, double offset = 0.03)
    {
        Amplitude = Within(amplitude, 0, 1, "amplitude of charging");
        Streaks = Within(streaks, 0, 100, "number of streaks");
        Length = Within(length, 0.1, 1e6, "length of streaks", " pixels");
        Offset = Within(offset, 0, 1, "offset of charging");
    }

    /// <summary>Largest brightness of a streak, share of the grey range.</summary>
    public double Amplitude { get; }

    /// <summary>Mean number of streaks in 64 x 64 pixels.</summary>
    public double Streaks { get; }

    /// <summary>Distance over which a streak fades, pixels.</summary>
    public double Length { get; }

    /// <summary>Largest offset of a section, share of the grey range.</summary>
    public double Offset { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<int> Apply(Volume<float> image, GreyRange range, CounterRandom random)
    {
        if (Amplitude == 0 && Offset == 0)
            return [];
        var (sections, height, width) = image.Shape;
        var expected = Streaks * height * width / (64.0 * 64.0);
        for (var z = 0; z < sections; z++)
        {
            var section = image.Section(z);
            var draw = random.Stream((ulong)z);
            var offset = (float)draw.Uniform(-Offset, Offset) * range.Span;
            if (offset != 0)
                System.Numerics.Tensors.TensorPrimitives.Add(section, offset, section);
            // Arrivals of a Poisson process, one after the other.
            for (var at = -Math.Log(1 - draw.Uniform()); at < expected; at -= Math.Log(1 - draw.Uniform()))
            {
                int y = draw.Below(height), x = draw.Below(width);
                var amplitude = draw.Uniform(0, Amplitude) * range.Span * (draw.Uniform() < 0.75 ? 1 : -1);
                var thickness = draw.Uniform(0.4, 1.2);
                var length = Length * Math.Exp(0.5 * draw.Normal());
                for (var row = Math.Max(0, y - 3); row <= Math.Min(height - 1, y + 3); row++)
                {
                    var across = amplitude * Math.Exp(-(row - y) * (row - y) / (2 * thickness * thickness));
                    var fade = Math.Exp(-1 / length);
                    for (var column = x; column < width && Math.Abs(across) > 1e-4 * range.Span; column++, across *= fade)
                        section[row * width + column] += (float)across;
                }
            }
        }
        return [];
    }

    /// <inheritdoc/>
    public override Augmentation AtStrength(double share) => new Charging(Amplitude * share, Streaks, Length, Offset * share) { Probability = Probability };
}
