using System.Globalization;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// The ImageDescription of ImageJ and Fiji: lines <c>key=value</c> after <c>ImageJ=version</c> (ij.io.FileSaver and
/// ij.io.TiffDecoder). Lateral pixel size is the reciprocal of XResolution and YResolution in <c>unit</c>; the distance of
/// sections is <c>spacing</c>, which ImageJ leaves out when it is 1, its default for uncalibrated stacks: a missing spacing
/// therefore counts as unknown.
/// </summary>
internal static class ImageJDescription
{
    public static TiffMetadata Read(string text, TiffPage page, string path)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                values[line[..equals]] = line[(equals + 1)..];
        }
        var (images, channels, slices, frames) = (Count("images"), Count("channels"), Count("slices"), Count("frames"));
        if (channels > 1)
            throw new BadInputException($"{path}: holds {channels} channels by its ImageJ metadata; save the one to be used as a stack of its own");
        if (slices > 1 && frames > 1)
            throw new BadInputException($"{path}: holds {frames} time points of {slices} sections by its ImageJ metadata; save one time point as a stack of its own");

        // "inch" is what ImageJ shows for the 72 dpi of an uncalibrated image, "pixel" for none at all.
        values.TryGetValue("unit", out var unit);
        var nanometres = unit is "inch" or "in" ? null : LengthUnit.InNanometres(unit);
        var zUnit = values.TryGetValue("zunit", out var u) ? LengthUnit.InNanometres(u) : nanometres;
        var yUnit = values.TryGetValue("yunit", out u) ? LengthUnit.InNanometres(u) : nanometres;
        var size = TiffMetadata.SizeOf(Math.Abs(Number("spacing") ?? 0) * zUnit, Edge(page.YResolution) * yUnit, Edge(page.XResolution) * nanometres);
        var metadata = new TiffMetadata
        {
            Kind = "ImageJ",
            Sections = images > 0 ? images : Math.Max(slices, frames),
            VoxelSize = size,
            Axes = frames > 1 ? "tyx" : "zyx",
            // ImageJ gives the origin as the pixel at coordinate 0.
            Origin = size is { } s
                ? new Position(-(Number("zorigin") ?? 0) * s.Z + 0.0, -(Number("yorigin") ?? 0) * s.Y + 0.0, -(Number("xorigin") ?? 0) * s.X + 0.0)
                : default,
        };
        metadata.Notes.Add(unit is null ? "ImageJ metadata without a unit" : $"ImageJ metadata: unit {unit}, spacing {values.GetValueOrDefault("spacing", "not stated")}");
        if (frames > 1)
            metadata.Notices.Add($"stored as {frames} time points of one section; taken as {frames} sections");
        if (values.TryGetValue("c0", out var offset))
            metadata.Notes.Add($"ImageJ calibration of grey values (c0={offset}, c1={values.GetValueOrDefault("c1", "?")}) is not applied");
        return metadata;

        int Count(string key) => Number(key) is { } n and >= 0 and <= int.MaxValue ? (int)n : 0;

        double? Number(string key) =>
            values.TryGetValue(key, out var v) && double.TryParse(v, NumberStyles.Float, CultureInfo.InvariantCulture, out var n) && double.IsFinite(n) ? n : null;

        static double? Edge(double? resolution) => resolution is > 0 ? 1 / resolution : null;
    }

    /// <summary>The description that ImageJ reads <paramref name="volume"/>'s calibration from, in nm; without calibration it says none.</summary>
    public static string Write(Volume volume, bool calibrated = true)
    {
        var (n, size, origin) = (volume.Shape.Z, volume.VoxelSize, volume.Origin);
        if (!calibrated)
            return string.Create(CultureInfo.InvariantCulture, $"ImageJ=1.54f\nimages={n}\nslices={n}\nloop=false\n");
        var text = string.Create(CultureInfo.InvariantCulture, $"ImageJ=1.54f\nimages={n}\nslices={n}\nunit=nm\nspacing={size.Z:R}\nloop=false\n");
        if (origin != default)
            text += string.Create(CultureInfo.InvariantCulture, $"xorigin={-origin.X / size.X:R}\nyorigin={-origin.Y / size.Y:R}\nzorigin={-origin.Z / size.Z:R}\n");
        return text;
    }
}
