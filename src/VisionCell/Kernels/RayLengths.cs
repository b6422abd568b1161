namespace VisionCell.Kernels;

/// <summary>Checks of the spans of <see cref="IRayKernels{T}"/>.</summary>
internal static class RayLengths
{
    /// <summary>R of a march.</summary>
    public static int Rays<T>(RayMarch march, ReadOnlySpan<uint> occupancy, ReadOnlySpan<T> rays)
    {
        march.Validated();
        Lengths.Require(occupancy.Length, march.Words, nameof(occupancy));
        return Lengths.Rows(rays.Length, RayMarch.RayWidth, nameof(rays));
    }

    /// <summary>N of offsets, which begin at 0 and never fall.</summary>
    public static int Samples(ReadOnlySpan<int> offsets, int rays)
    {
        Lengths.Require(offsets.Length, rays + 1L, nameof(offsets));
        if (offsets[0] != 0)
            throw new ArgumentException($"offsets begin at {offsets[0]}, not at 0", nameof(offsets));
        for (var r = 0; r < rays; r++)
        {
            if (offsets[r + 1] < offsets[r])
                throw new ArgumentException($"offsets fall from {offsets[r]} to {offsets[r + 1]} at ray {r}", nameof(offsets));
        }
        return offsets[rays];
    }

    /// <summary>R of what has a number of columns for each ray; checks offsets and samples against it.</summary>
    public static int Rays<T>(ReadOnlySpan<int> offsets, ReadOnlySpan<T> samples, int perRay, int columns, string name)
    {
        var rays = Lengths.Rows(perRay, columns, name);
        Lengths.Require(samples.Length, 2L * Samples(offsets, rays), nameof(samples));
        return rays;
    }

    /// <summary>R of what is composited.</summary>
    public static int Composite<T>(ReadOnlySpan<int> offsets, ReadOnlySpan<T> samples, ReadOnlySpan<T> densities, ReadOnlySpan<T> emissions, int images, string name)
    {
        var rays = Rays(offsets, samples, images, 3, name);
        Lengths.Require(densities.Length, offsets[rays], nameof(densities));
        Lengths.Require(emissions.Length, offsets[rays], nameof(emissions));
        return rays;
    }

    /// <summary>R of a gradient of what is composited.</summary>
    public static int Composite<T>(ReadOnlySpan<int> offsets, ReadOnlySpan<T> samples, ReadOnlySpan<T> densities, ReadOnlySpan<T> emissions, ReadOnlySpan<T> imageGradient, ReadOnlySpan<T> densityGradient, ReadOnlySpan<T> emissionGradient)
    {
        var rays = Composite(offsets, samples, densities, emissions, imageGradient.Length, nameof(imageGradient));
        Lengths.Require(densityGradient.Length, offsets[rays], nameof(densityGradient));
        Lengths.Require(emissionGradient.Length, offsets[rays], nameof(emissionGradient));
        return rays;
    }

    /// <summary>Checks the grid of an update.</summary>
    public static void Cells<T>(ReadOnlySpan<T> found, ReadOnlySpan<T> known, ReadOnlySpan<uint> occupancy)
    {
        Lengths.Require(known.Length, found.Length, nameof(known));
        Lengths.Require(occupancy.Length, (found.Length + 31L) / 32, nameof(occupancy));
    }
}
