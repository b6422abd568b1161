using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>Sections out of focus: each blurred in its plane by a Gaussian whose width is given in nanometres.</summary>
public sealed record Defocus : IntensityAugmentation
{
    // Narrower than this share of a pixel a Gaussian takes less than a millionth from the neighbour.
    private const double Narrow = 0.15;

    /// <summary>Creates defocus.</summary>
    /// <param name="width">Largest standard deviation of the blur, nm, at least 0; each section draws its own from 0 on.</param>
    /// <param name="share">Share of the sections that are out of focus, 0 to 1.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public Defocus(double width, double share = 0.3)
    {
        Width = Within(width, 0, 1e6, "width of defocus", " nm");
        Share = Within(share, 0, 1, "share of sections out of focus");
    }

    /// <summary>Largest standard deviation of the blur, nm.</summary>
    public double Width { get; }

    /// <summary>Share of the sections.</summary>
    public double Share { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<int> Apply(Volume<float> image, GreyRange range, CounterRandom random)
    {
        for (var z = 0; z < image.Shape.Z; z++)
        {
            var draw = random.Stream((ulong)z);
            var (chosen, width) = (draw.Uniform() < Share, draw.Uniform(0, Width));
            double y = width / image.VoxelSize.Y, x = width / image.VoxelSize.X;
            if (chosen && Math.Min(y, x) > Narrow)
                SectionImages.Gaussian(image.Section(z), image.Shape.Y, image.Shape.X, y, x);
        }
        return [];
    }

    /// <inheritdoc/>
    public override Augmentation AtStrength(double share) => new Defocus(Width * share, Share) { Probability = Probability };
}
