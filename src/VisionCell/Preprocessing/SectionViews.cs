namespace VisionCell.Preprocessing;

/// <summary>
/// Sections as they lie before the eyes of one of them: that one as it came, the others moved to where it is. Its noise then is as the microscope made it,
/// independent from pixel to pixel, which it no longer is once a section was moved by a fraction of a pixel.
/// </summary>
internal interface ISectionViews
{
    /// <summary>Number of sections.</summary>
    int Count { get; }

    /// <summary>Rows of a section.</summary>
    int Height { get; }

    /// <summary>Columns of a section.</summary>
    int Width { get; }

    /// <summary>Whether all sections lie in one frame as they came, so that what one of them sees serves the others, too.</summary>
    bool AreAligned { get; }

    /// <summary>Reads sections.</summary>
    /// <param name="frame">The section in whose frame they are seen.</param>
    /// <param name="sections">Which.</param>
    /// <returns>Grey values <c>[Height, Width]</c> of each.</returns>
    float[][] Read(int frame, IReadOnlyList<int> sections);
}

/// <summary>The views of a stack whose sections lie in line already.</summary>
internal sealed class AlignedViews(ISectionSource source) : ISectionViews
{
    public int Count => source.Count;

    public int Height => source.Height;

    public int Width => source.Width;

    public bool AreAligned => true;

    public float[][] Read(int frame, IReadOnlyList<int> sections) => [.. sections.Select(z =>
    {
        var section = new float[Height * Width];
        source.Read(z, section);
        return section;
    })];
}

/// <summary>The views of a stack by the transforms that bring its sections into line. Each is resampled once.</summary>
/// <param name="source">The sections as they came.</param>
/// <param name="transforms">One for each section.</param>
/// <param name="fields">Displacement fields; null where there is none.</param>
/// <param name="interpolation">How grey values between pixels are found.</param>
internal sealed class TransformedViews(ISectionSource source, SectionTransforms transforms, IReadOnlyList<ElasticField?> fields, SectionInterpolation interpolation) : ISectionViews
{
    public int Count => source.Count;

    public int Height => source.Height;

    public int Width => source.Width;

    public bool AreAligned { get; } = transforms.Sections.All(s => s.IsIdentity);

    public float[][] Read(int frame, IReadOnlyList<int> sections)
    {
        var common = fields[frame] is null ? default : SectionResampling.Targets(Height, Width, AffineMap.Of(transforms.Sections[frame]), fields[frame]);
        return [.. sections.Select(z =>
        {
            var section = new float[Height * Width];
            source.Read(z, section);
            if (z == frame || (transforms.Sections[z].IsIdentity && transforms.Sections[frame].IsIdentity))
                return section;
            var view = new float[section.Length];
            if (fields[z] is null && fields[frame] is null)
            {
                var map = AffineMap.Of(transforms.Sections[z]).After(AffineMap.Of(transforms.Sections[frame]).Inverse());
                SectionResampling.Apply(section, view, Height, Width, transforms.Sections[z] with { Affine = map.Rows }, null, interpolation);
                return view;
            }
            var places = common.Y is null ? SectionResampling.Targets(Height, Width, AffineMap.Of(transforms.Sections[frame]), null) : common;
            SectionResampling.Apply(section, view, Height, Width, transforms.Sections[z], fields[z], interpolation, places);
            return view;
        })];
    }
}
