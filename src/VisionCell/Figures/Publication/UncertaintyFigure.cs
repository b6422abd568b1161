using VisionCell.Evaluation;

namespace VisionCell.Figures.Publication;

/// <summary>Of <c>uncertainty</c>.</summary>
/// <param name="Y">Which xz plane is shown; null for the middle.</param>
internal sealed record UncertaintyParameters(int? Y = null);

/// <summary>
/// The error that a method expects beside the one it makes, and how far the first can be believed: coverage of its intervals, mean
/// true error by expected error, and the error that is left when the least certain voxels are taken away.
/// </summary>
internal static class UncertaintyFigure
{
    public static PanelSheet Draw(FigureRequest request, UncertaintyParameters p)
    {
        var inputs = request.Inputs;
        var (reconstruction, expected) = (inputs.Volume("reconstruction"), inputs.Volume("uncertainty"));
        var reference = inputs.Reference(reconstruction.Shape);
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireSameGrid(expected, reference);
        var region = inputs.Sampling is { } sampling ? ScoredRegion.HeldOut(sampling, sampling.SectionsIn(reference.Shape.Z)) : ScoredRegion.All(reference.Shape.Z);
        var score = UncertaintyScore.Of(reconstruction, reference, expected, region);

        // 1. The two errors in the plane where the gaps lie, on one scale.
        const double Left = 6, Right = 14, Gap = 4, Top = 5;
        var absolute = FigureData.GetSignedError(reconstruction, reference).Map(Math.Abs);
        SectionImage[] images = [FigureData.GetSection(expected, SectionPlane.Xz, p.Y), FigureData.GetSection(absolute, SectionPlane.Xz, p.Y)];
        var image = images[0];
        var aspect = image.Rows * image.RowStep / (image.Columns * image.ColumnStep);
        var wide = Math.Min((request.Style.WidthMm - Left - Right - Gap) / 2, 62 / aspect);
        var tall = wide * aspect;
        var (sheet, plots) = request.Charts(3, 55, Top + tall + 3);
        var high = FigureData.GetContrastLimits(images[1].Data, 0.01).High;
        string[] names = ["expected error", "true absolute error"];
        for (var i = 0; i < 2; i++)
        {
            var area = new Area(Left + i * (wide + Gap), Top, wide, tall);
            sheet.Letter(area.X - (i == 0 ? 5.5 : 3.2), 0.5);
            sheet.Text(area.X + wide / 2, 1, $"{names[i]}, xz", anchor: "center");
            sheet.Image(area, images[i], ColourScale.Amount, 0, high, names[i]);
            if (i == 0)
                sheet.ScaleBar(area, image.Columns * image.ColumnStep);
        }
        sheet.ColourBar(new Area(Left + 2 * wide + Gap + 1.5, Top, 2.5, Math.Min(28, tall)), ColourScale.Amount, 0, high, "grey levels");

        // 2. What the one says of the other. Perfect is the dotted line.
        var coverage = sheet.Chart(plots[0], "nominal coverage (%)", "voxels inside (%)", (0, 100), (0, 100));
        coverage.Curve(null, [0, 100], [0, 100], 6, "dot");
        coverage.Curve(null, score.Coverage!.Select(c => 100 * c.Nominal), score.Coverage!.Select(c => 100 * c.Observed), 0, markers: true);
        var most = 1.05 * score.Calibration!.Max(b => Math.Max(b.Expected, b.Observed));
        var calibration = sheet.Chart(plots[1], "expected error (grey levels)", "mean true error (grey levels)", (0, most), (0, most));
        calibration.Curve(null, [0, most], [0, most], 6, "dot");
        calibration.Curve(null, score.Calibration!.Select(b => b.Expected), score.Calibration!.Select(b => b.Observed), 0, markers: true);
        var sparsification = sheet.Chart(plots[2], "least certain voxels left out (%)", "mean error of the rest (of all)", (0, 100), (0, 1.3), keyWidth: 26);
        if (score.Sparsification is { } points)
        {
            sparsification.Curve("by expected error", points.Select(q => 100 * q.Removed), points.Select(q => q.Error), 0);
            sparsification.Curve("by true error", points.Select(q => 100 * q.Removed), points.Select(q => q.Oracle), 1);
        }
        sparsification.Curve(null, [0, 100], [1, 1], 6, "dot");
        return sheet;
    }
}
