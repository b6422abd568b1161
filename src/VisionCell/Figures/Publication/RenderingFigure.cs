using System.Text.Json.Nodes;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Figures.Publication;

/// <summary>Of <c>rendering</c>.</summary>
/// <param name="Voxels">Voxels along each axis of the volume on paper, 2 to 512.</param>
/// <param name="ScreenVoxels">The same on screen, 2 to 64: the browser meshes its layers, and the time grows with their cube.</param>
/// <param name="SurfaceVoxels">Voxels along each axis that the surface is taken from, 2 to 512.</param>
/// <param name="Triangles">Of the surface, at most.</param>
/// <param name="IsoValue">Grey level of the surface; null for the one that separates dark from bright best.</param>
/// <param name="DarkInside">Whether the dark is inside: stained membranes.</param>
/// <param name="Colour">Of the surface, #rrggbb.</param>
internal sealed record RenderingParameters(
    int Voxels = 128, int ScreenVoxels = 48, int SurfaceVoxels = 96, int Triangles = 120_000, double? IsoValue = null, bool DarkInside = true, string Colour = "#d9a066")
{
    public int Voxels { get; } = Voxels is >= 2 and <= 512 ? Voxels : throw new BadInputException($"voxels {Voxels}: must be 2 to 512");

    public int ScreenVoxels { get; } = ScreenVoxels is >= 2 and <= Show.VolumeBudget ? ScreenVoxels : throw new BadInputException($"screenVoxels {ScreenVoxels}: must be 2 to {Show.VolumeBudget}");

    public int SurfaceVoxels { get; } = SurfaceVoxels is >= 2 and <= 512 ? SurfaceVoxels : throw new BadInputException($"surfaceVoxels {SurfaceVoxels}: must be 2 to 512");

    public int Triangles { get; } = Triangles is >= 100 and <= Show.MeshBudget ? Triangles : throw new BadInputException($"triangles {Triangles}: must be 100 to {Show.MeshBudget}");
}

/// <summary>
/// A volume as seen through, and its surface at one grey level, in their box. On paper both are painted here at its resolution (rays
/// through the volume from front to back; shaded triangles); on screen they are views to turn.
/// </summary>
internal static class RenderingFigure
{
    /// <summary>Opacity of the darkest voxel at 48 along an axis; finer voxels are passed more often and stop less each.</summary>
    private const double Opacity = 0.15;

    private const int OpacityVoxels = 48;

    public static PanelSheet Draw(FigureRequest request, RenderingParameters p)
    {
        var volume = request.Inputs.Read("volume");
        var coarse = FigureData.GetReduced(volume, new Shape3(p.SurfaceVoxels, p.SurfaceVoxels, p.SurfaceVoxels));
        var iso = p.IsoValue ?? IsoThreshold.Suggest(coarse);
        var surface = MeshDecimation.Decimate(MarchingCubes.Extract(coarse, iso, new MarchingCubesOptions(InsideIsBelow: p.DarkInside), request.Inputs.Cancellation), p.Triangles);
        var shown = FigureData.GetReduced(volume, new Shape3(p.Voxels, p.Voxels, p.Voxels));
        var (low, high) = FigureData.GetContrastLimits(shown.Data);

        // The box in parallel projection is as high as its diagonals let it be; see Projection.
        var (shape, size) = (volume.Shape, volume.VoxelSize);
        double x = shape.X * size.X, y = shape.Y * size.Y, z = shape.Z * size.Z;
        var aspect = (x + y + 2 * z) / Math.Sqrt(6) / ((x + y) / Math.Sqrt(2));
        var half = request.Style.WidthMm / 2;
        var wide = half - 4;
        var sheet = request.Sheet(Math.Min(wide * aspect, request.Style.MaxHeightMm - 12) + 10);
        var tall = sheet.Height - 10;
        string[] names = [p.DarkInside ? "what is dark" : "what is bright", $"surface at grey level {Labels.Number(Math.Round(iso, 1))}"];
        for (var i = 0; i < 2; i++)
        {
            var area = new Area(i * half + 2, 5, wide, tall);
            sheet.Letter(i * half + 0.5, 0.5);
            sheet.Text(area.X + wide / 2, 1, names[i], anchor: "center");
            if (request.IsInteractive)
            {
                var view = i == 0 ? Show.Volume(volume, opaque: p.DarkInside ? OpaqueLevels.Dark : OpaqueLevels.Bright, voxels: p.ScreenVoxels) : Show.Mesh(surface, colour: p.Colour);
                sheet.Scene(area, (JsonObject)view.Spec()["data"]![0]!.DeepClone(), Show.BoxLines(volume));
                continue;
            }
            var canvas = new Canvas((int)(wide / 25.4 * request.Dpi), (int)(tall / 25.4 * request.Dpi));
            var line = Math.Max(1, (int)(request.Style.AxisPt / 72 * request.Dpi));
            if (i == 0)
            {
                double Dense(double level) => 1 - Math.Pow(1 - Opacity * Math.Pow(p.DarkInside ? 1 - level : level, 2), (double)OpacityVoxels / Math.Max(shown.Shape.Z, Math.Max(shown.Shape.Y, shown.Shape.X)));
                VolumePicture.Paint(canvas, line, line, canvas.Width - 2 * line, canvas.Height - 2 * line, shown, low, high, Dense, smooth: true, line);
            }
            else
            {
                var (from, to) = ObliquePlane.Extent(volume);
                var edge = new Vector3d(size.X, size.Y, size.Z) * 0.5;
                MeshPicture.Paint(canvas, line, line, canvas.Width - 2 * line, canvas.Height - 2 * line, surface, Show.ParseColour(p.Colour), (from - edge, to + edge), line);
            }
            sheet.Picture(area, canvas.ToPng());
        }
        sheet.Text(request.Style.WidthMm / 2, sheet.Height - 3.5, $"{Labels.Length(x)} \u00D7 {Labels.Length(y)} \u00D7 {Labels.Length(z)} (x, y, z)", request.Style.SmallPt, anchor: "center");
        return sheet;
    }
}
