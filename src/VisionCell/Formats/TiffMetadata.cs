using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>What the description of a TIFF file says about the stack in it.</summary>
internal sealed class TiffMetadata
{
    /// <summary>"ImageJ", "OME" or "" where the description is neither.</summary>
    public string Kind { get; init; } = "";

    /// <summary>Sections that the description announces; 0 where it says nothing.</summary>
    public int Sections { get; init; }

    /// <summary>For each section the index of its page, or <c>null</c> where pages are in order.</summary>
    public int[]? PageOfSection { get; init; }

    /// <summary>Voxel size, nm, or <c>null</c> unless all three edges are stated with a unit of length.</summary>
    public VoxelSize? VoxelSize { get; init; }

    /// <summary>Centre of the first voxel, nm.</summary>
    public Position Origin { get; init; }

    /// <summary>Axes, slowest first.</summary>
    public string Axes { get; init; } = "zyx";

    public List<string> Notes { get; } = [];

    public List<string> Notices { get; } = [];

    /// <summary>Reads the description of the first page.</summary>
    /// <exception cref="BadInputException">It announces channels, time points or several images.</exception>
    public static TiffMetadata Of(TiffPage page, string path)
    {
        var text = page.Description;
        var metadata =
            text.StartsWith("ImageJ=", StringComparison.Ordinal) ? ImageJDescription.Read(text, page, path)
            : text.Contains("<OME", StringComparison.Ordinal) ? OmeXml.Read(text, page, path)
            : new TiffMetadata();
        if (metadata.VoxelSize is null && page is { ResolutionUnit: 2 or 3, XResolution: > 0, YResolution: > 0 } && metadata.Kind.Length == 0)
        {
            var unit = page.ResolutionUnit == 2 ? 2.54e7 : 1e7;
            metadata.Notes.Add(FormattableString.Invariant(
                $"resolution tags: pixels of {unit / page.YResolution:0.####} x {unit / page.XResolution:0.####} nm; the distance of sections is not stated"));
        }
        return metadata;
    }

    /// <summary>A voxel size where all three edges are positive and finite.</summary>
    public static VoxelSize? SizeOf(double? z, double? y, double? x) =>
        z is > 0 and < double.PositiveInfinity && y is > 0 and < double.PositiveInfinity && x is > 0 and < double.PositiveInfinity
            ? new VoxelSize(z.Value, y.Value, x.Value)
            : null;
}
