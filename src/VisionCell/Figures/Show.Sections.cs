using VisionCell.Volumes;

namespace VisionCell.Figures;

public static partial class Show
{
    /// <summary>
    /// Three orthogonal sections through one point: xy, yz beside it, xz below it; where asked for, an oblique one through the same point. Sliders
    /// move each plane, a click moves the others to the point clicked, and lines mark where they cut. An uncertainty lies over the grey levels in
    /// colours, as opaque as its slider says.
    /// </summary>
    /// <param name="volume">Any volume <c>[Z, Y, X]</c>.</param>
    /// <param name="title">Stands above.</param>
    /// <param name="at">Voxel (z, y, x) where the planes meet at first; null for the middle.</param>
    /// <param name="oblique">Adds an oblique section: the angle between its normal and z, 0 to 90 degrees, and the direction into which that is tilted, degrees from x towards y.</param>
    /// <param name="uncertainty">Uncertainty of each voxel, at least 0; null for none.</param>
    /// <param name="unit">What the uncertainty is.</param>
    /// <exception cref="BadInputException">The point or the angles lie outside, or the shapes differ.</exception>
    public static Figure Sections(
        Volume volume, string title = "Sections", (int Z, int Y, int X)? at = null, (double Tilt, double Azimuth)? oblique = null, Volume? uncertainty = null, string unit = "uncertainty")
    {
        var full = volume.Shape;
        var (z, y, x) = at ?? (full.Z / 2, full.Y / 2, full.X / 2);
        if (z < 0 || z >= full.Z || y < 0 || y >= full.Y || x < 0 || x >= full.X)
            throw new BadInputException($"sections through voxel ({z}, {y}, {x}): the volume has {full} voxels");
        if (oblique is { } angles && !(angles.Tilt is >= 0 and <= 90 && angles.Azimuth is >= 0 and < 360))
            throw new BadInputException(FormattableString.Invariant($"an oblique section of tilt {angles.Tilt} and azimuth {angles.Azimuth} degrees: give 0 to 90 and 0 to below 360"));
        if (uncertainty is not null && uncertainty.Shape != full)
            throw new BadInputException($"an uncertainty of {uncertainty.Shape} voxels over a volume of {full}: crop or resample one to the other");
        var notices = Notices();
        var most = WithinBudget(full, volume.VoxelSize, uncertainty is null ? SectionsBudget : SectionsBudget / 2);
        var shown = FigureData.GetReduced(volume, most);
        var shape = shown.Shape;
        if (shape != full)
            Say(notices, $"Shown at {shape} voxels, averaged from {full}.");
        // 8-bit data keep their levels; others are shown in 256 between the limits of contrast.
        var limits = FigureData.GetContrastLimits(shown.Data);
        var grey = new SectionLayer(shown, ColourScale.Grey, limits, volume.VoxelType == VoxelType.UInt8 ? (0, 255) : limits, "grey level");
        SectionLayer? over = null;
        if (uncertainty is not null)
        {
            var values = FigureData.GetReduced(uncertainty, most);
            var high = FigureData.GetContrastLimits(values.Data).High;
            over = new SectionLayer(values, ColourScale.Amount, (0, high), (0, high), unit);
        }
        int[] middle = [(int)((long)z * shape.Z / full.Z), (int)((long)y * shape.Y / full.Y), (int)((long)x * shape.X / full.X)];
        return new LinkedSections(title, grey, over, middle, oblique).ToFigure(notices);
    }
}
