using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>
/// Sections of one size, read one at a time: what every step of preprocessing sees, so that memory is bounded by the few sections
/// that a step keeps and not by the stack.
/// </summary>
public interface ISectionSource
{
    /// <summary>Number of sections.</summary>
    int Count { get; }

    /// <summary>Rows of a section.</summary>
    int Height { get; }

    /// <summary>Columns of a section.</summary>
    int Width { get; }

    /// <summary>Reads one section; safe to call from several threads.</summary>
    /// <param name="z">Which, from 0.</param>
    /// <param name="destination">Receives grey values <c>[Height, Width]</c>.</param>
    void Read(int z, Span<float> destination);
}

/// <summary>The sections of a volume in memory.</summary>
/// <param name="volume">Grey values <c>[Z, Y, X]</c>.</param>
public sealed class VolumeSections(Volume<float> volume) : ISectionSource
{
    /// <inheritdoc/>
    public int Count => volume.Shape.Z;

    /// <inheritdoc/>
    public int Height => volume.Shape.Y;

    /// <inheritdoc/>
    public int Width => volume.Shape.X;

    /// <inheritdoc/>
    public void Read(int z, Span<float> destination) => volume.Section(z).CopyTo(destination);
}
