using VisionCell.Volumes;

namespace VisionCell.Figures.Publication;

/// <summary>Where <c>sections</c> cuts.</summary>
/// <param name="Z">Row; null for the middle of the middle gap where a report says how the stack was made, else the middle.</param>
/// <param name="Y">Voxel; null for the middle.</param>
/// <param name="X">Voxel; null for the middle.</param>
/// <param name="ErrorLimit">Error that takes the full colour, grey levels; null for what only one voxel in 200 exceeds.</param>
internal sealed record SectionsParameters(int? Z = null, int? Y = null, int? X = null, double? ErrorLimit = null);

/// <summary>
/// Three planes (rows) through what was observed, the truth, each reconstruction, and the error of each on one scale (columns). All
/// images have one scale of length.
/// </summary>
internal static class SectionsFigure
{
    private const double Left = 6, Top = 5, Right = 14, Gap = 1.2;

    public static PanelSheet Draw(FigureRequest request, SectionsParameters p)
    {
        var methods = request.Inputs.Series(["reference", "observed", "report"]);
        var shape = methods[0].Volume.Shape;
        foreach (var (name, volume) in methods)
        {
            if (volume.Shape != shape)
                throw new BadInputException($"'{name}' has {volume.Shape} voxels, '{methods[0].Name}' {shape}: a figure compares volumes of one shape");
        }
        var reference = request.Inputs.Reference(shape);
        var errors = methods.Select(m => FigureData.GetSignedError(m.Volume, reference)).ToList();
        var observed = request.Inputs.Has("observed") ? request.Inputs.Volume("observed") : null;
        var z = p.Z ?? (request.Inputs.Sampling is { } s ? Math.Min(shape.Z - 1, (int)Math.Round(s.Centre(s.SectionsIn(shape.Z) / 2) + s.ExactPitch / 2)) : shape.Z / 2);
        (SectionPlane Plane, int Index, string Name)[] planes = [(SectionPlane.Xy, z, "xy"), (SectionPlane.Xz, p.Y ?? shape.Y / 2, "xz"), (SectionPlane.Yz, p.X ?? shape.X / 2, "yz")];

        // 1. Geometry: one scale of length for all panels.
        var columns = (observed is null ? 0 : 1) + 1 + 2 * methods.Count;
        var truths = planes.Select(plane => FigureData.GetSection(reference, plane.Plane, plane.Index)).ToList();
        var columnWidth = (request.Style.WidthMm - Left - Right - (columns - 1) * Gap) / columns;
        var scale = columnWidth / truths.Max(t => t.Columns * t.ColumnStep);
        var height = Top + truths.Sum(t => t.Rows * t.RowStep * scale + Gap);
        var sheet = request.Sheet(height);
        scale *= Math.Min(1, (sheet.Height - Top - truths.Count * Gap) / (height - Top - truths.Count * Gap));

        // 2. Scales of grey and of error.
        var (low, high) = FigureData.GetContrastLimits(reference.Data);
        var limit = p.ErrorLimit ?? Math.Ceiling(errors.Max(e => FigureData.GetContrastLimits(Array.ConvertAll(e.Data, Math.Abs), 0.005).High));

        // 3. Rows of panels.
        var y = Top;
        for (var row = 0; row < planes.Length; row++)
        {
            var (plane, index, name) = planes[row];
            double wide = truths[row].Columns * truths[row].ColumnStep * scale, tall = truths[row].Rows * truths[row].RowStep * scale;
            var (column, isFirst) = (0, true);
            void Panel(string header, SectionImage image, ColourScale colours, double from, double to)
            {
                var x = Left + column++ * (columnWidth + Gap);
                if (row == 0)
                    sheet.Text(x + columnWidth / 2, 1, header, anchor: "center");
                // A stack that ends before its last row is shorter than the truth: it is drawn at its own size.
                var area = new Area(x, y, Math.Min(wide, image.Columns * image.ColumnStep * scale), Math.Min(tall, image.Rows * image.RowStep * scale));
                sheet.Image(area, image, colours, from, to, $"{header}, {name}");
                if (isFirst)
                    sheet.ScaleBar(area, image.Columns * image.ColumnStep);
                isFirst = false;
            }
            sheet.Letter(0.3, y);
            var place = $"{name}, {(plane == SectionPlane.Xy ? "z" : plane == SectionPlane.Xz ? "y" : "x")} = {Labels.Length(Position(reference, plane, index))}";
            // A letter is about half as wide as high; beside a low row there is room for the plane's name alone.
            sheet.Text(3.4, y + tall / 2, 0.5 * PanelSheet.Mm(request.Style.TextPt) * place.Length < tall ? place : name, anchor: "center", angle: -90);
            if (observed is not null)
            {
                var (image, at) = Observed(observed, reference, plane, index);
                Panel("observed", image, ColourScale.Grey, low, high);
                if (plane == SectionPlane.Xy && Math.Abs(at) > 1e-6)
                    sheet.Text(Left + columnWidth - 0.6, y + 0.4, FormattableString.Invariant($"{at:+0.#;\u22120.#} nm in z"), request.Style.SmallPt, anchor: "right", colour: "white");
            }
            Panel("truth", truths[row], ColourScale.Grey, low, high);
            foreach (var (method, volume) in methods)
                Panel(method, FigureData.GetSection(volume, plane, index), ColourScale.Grey, low, high);
            for (var m = 0; m < methods.Count; m++)
                Panel($"{methods[m].Name} \u2212 truth", FigureData.GetSection(errors[m], plane, index), ColourScale.Diverging, -limit, limit);
            y += tall + Gap;
        }
        var bars = Math.Min(28, (sheet.Height - Top - 6) / 2);
        sheet.ColourBar(new Area(request.Style.WidthMm - Right + 1.5, Top, 2.5, bars), ColourScale.Grey, low, high, "grey level");
        sheet.ColourBar(new Area(request.Style.WidthMm - Right + 1.5, Top + bars + 5, 2.5, bars), ColourScale.Diverging, -limit, limit, "error (grey levels)");
        return sheet;
    }

    /// <summary>What the microscope gave of a plane, as coarse as it is along z; of xy the section nearest to it, and how far off it lies, nm.</summary>
    private static (SectionImage Image, double OffsetNm) Observed(Volume<float> observed, Volume<float> reference, SectionPlane plane, int index)
    {
        var at = Position(reference, plane, index);
        var (start, step, count) = plane switch
        {
            SectionPlane.Xy => (observed.Origin.Z, observed.VoxelSize.Z, observed.Shape.Z),
            SectionPlane.Xz => (observed.Origin.Y, observed.VoxelSize.Y, observed.Shape.Y),
            _ => (observed.Origin.X, observed.VoxelSize.X, observed.Shape.X),
        };
        var nearest = Math.Clamp((int)Math.Round((at - start) / step), 0, count - 1);
        return (FigureData.GetSection(observed, plane, nearest), start + nearest * step - at);
    }

    private static double Position(Volume<float> volume, SectionPlane plane, int index) => plane switch
    {
        SectionPlane.Xy => volume.Origin.Z + index * volume.VoxelSize.Z,
        SectionPlane.Xz => volume.Origin.Y + index * volume.VoxelSize.Y,
        _ => volume.Origin.X + index * volume.VoxelSize.X,
    };
}
