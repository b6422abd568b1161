using System.Text.Json.Nodes;
using VisionCell.Figures;
using VisionCell.Meshing;
using VisionCell.Tests.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Figures;

/// <summary>What linked sections and surfaces with sliders hold; what moves is tested in a browser (tests/Integration).</summary>
[Collection("Figures")]
public class LinkedFigureTests
{
    private static readonly VoxelSize s_size = new(40, 12, 8);
    private static readonly Position s_origin = new(1000, 2000, 3000);

    private static double Field(double x, double y, double z) => 0.5 * x + 0.25 * y - 0.125 * z;

    private static Volume<float> Linear(Shape3 shape) => Shapes.Sample(shape, s_size, s_origin, Field);

    private static JsonObject Parse(Figure figure) => (JsonObject)JsonNode.Parse(figure.Json)!;

    private static float[] Floats(JsonNode? node) => PlotlyJson.ReadTyped((JsonObject)node!);

    [Fact]
    public void The_oblique_section_goes_through_the_point_where_the_others_meet()
    {
        var volume = Linear(new Shape3(9, 31, 43));
        var data = Parse(Show.Sections(volume, at: (2, 20, 7), oblique: (50, 20)))["data"]!.AsArray();
        Assert.Equal(4, data.Count);
        var plane = data[3]!;
        var values = Floats(plane["z"]);
        double Number(string key) => plane[key]!.GetValue<double>();
        var columns = int.Parse(plane["z"]!["shape"]!.GetValue<string>().Split(", ")[1], System.Globalization.CultureInfo.InvariantCulture);

        // By the geometry of the documentation: the foot of the middle, u horizontal, v across it.
        var (tilt, azimuth) = (50 * Math.PI / 180, 20 * Math.PI / 180);
        double[] normal = [Math.Sin(tilt) * Math.Cos(azimuth), Math.Sin(tilt) * Math.Sin(azimuth), Math.Cos(tilt)];
        double[] u = [-Math.Sin(azimuth), Math.Cos(azimuth), 0], v = [-Math.Cos(tilt) * Math.Cos(azimuth), -Math.Cos(tilt) * Math.Sin(azimuth), Math.Sin(tilt)];
        double[] middle = [3000 + 21 * 8, 2000 + 15 * 12, 1000 + 4 * 40], point = [3000 + 7 * 8, 2000 + 20 * 12, 1000 + 2 * 40];
        double off = Enumerable.Range(0, 3).Sum(a => (point[a] - middle[a]) * normal[a]);
        var (inside, outside) = (0, 0);
        for (var i = 0; i < values.Length; i++)
        {
            double s = Number("x0") + i % columns * Number("dx"), t = Number("y0") + i / columns * Number("dy");
            var p = Enumerable.Range(0, 3).Select(a => middle[a] + off * normal[a] + s * u[a] + t * v[a]).ToArray();
            var within = p[0] is > 3000 and < 3000 + 42 * 8 && p[1] is > 2000 and < 2000 + 30 * 12 && p[2] is > 1000 and < 1000 + 8 * 40;
            if (within)
                Assert.Equal(Field(p[0], p[1], p[2]), values[i], 0.01);
            else if (p[0] is < 2999 or > 3001 + 42 * 8 || p[1] is < 1999 or > 2001 + 30 * 12 || p[2] is < 999 or > 1001 + 8 * 40)
                Assert.True(float.IsNaN(values[i]), $"{values[i]} at {p[0]}, {p[1]}, {p[2]}");
            (inside, outside) = (inside + (within ? 1 : 0), outside + (float.IsNaN(values[i]) ? 1 : 0));
        }
        Assert.True(inside > 500 && outside > 500, $"{inside} within the volume, {outside} beyond it");
        // The volume reaches nowhere beyond the panel: its corners are half a diagonal from the middle.
        Assert.Equal(Math.Sqrt(Math.Pow(21 * 8, 2) + Math.Pow(15 * 12, 2) + Math.Pow(4 * 40, 2)), -Number("x0"), 1e-6);
    }

    [Fact]
    public void An_uncertainty_lies_over_each_section_in_colours_and_shares_the_room()
    {
        var shape = new Shape3(6, 8, 10);
        var uncertainty = Shapes.Noise(3, shape, r => 7 * r.NextSingle());
        var figure = Show.Sections(Linear(shape), at: (2, 3, 4), oblique: (30, 0), uncertainty: uncertainty, unit: "error to expect");
        var data = Parse(figure)["data"]!.AsArray();
        Assert.Equal(8, data.Count);
        for (var p = 0; p < 4; p++)
        {
            Assert.Equal((data[p]!["xaxis"]!.GetValue<string>(), data[p]!["yaxis"]!.GetValue<string>()), (data[4 + p]!["xaxis"]!.GetValue<string>(), data[4 + p]!["yaxis"]!.GetValue<string>()));
            Assert.Equal(0.0, data[4 + p]!["zmin"]!.GetValue<double>());
            Assert.InRange(data[4 + p]!["opacity"]!.GetValue<double>(), 0.2, 0.8);
        }
        Assert.Equal("error to expect", data[4]!["colorbar"]!["title"]!["text"]!.GetValue<string>());
        Assert.Equal(uncertainty[2, 5, 7], Floats(data[4]!["z"])[5 * 10 + 7], 0.02f);
        Assert.Equal(uncertainty[5, 3, 7], Floats(data[5]!["z"])[5 * 10 + 7], 0.02f);
        Assert.Equal(uncertainty[1, 6, 4], Floats(data[6]!["z"])[6 * 6 + 1], 0.02f);
        Assert.Equal(["0:0", "1:0", "2:0", "tilt:0", "azimuth:0", "opacity:0"], Parse(figure)["layout"]!["sliders"]!.AsArray().Select(s => s!["steps"]![0]!["value"]!.GetValue<string>()));
        Assert.NotEqual(Show.Sections(Linear(shape), at: (2, 3, 4), oblique: (30, 0)).Picture, figure.Picture);

        var large = new Volume<byte>(new Shape3(160, 160, 160), s_size, s_origin, Provenance.Of("large"));
        var spec = Show.Sections(large, uncertainty: large).Spec()["sections"]!;
        var voxels = spec["shape"]!.AsArray().Aggregate(1L, (product, n) => product * n!.GetValue<int>());
        Assert.InRange(2 * voxels, Show.SectionsBudget / 2, Show.SectionsBudget);

        Assert.Contains("crop or resample", Assert.Throws<BadInputException>(() => Show.Sections(Linear(shape), uncertainty: Linear(new Shape3(6, 8, 9)))).Message, StringComparison.Ordinal);
        Assert.Contains("tilt 91", Assert.Throws<BadInputException>(() => Show.Sections(Linear(shape), oblique: (91, 0))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_surface_takes_the_colours_of_the_uncertainty_where_its_vertices_lie()
    {
        var mesh = MarchingCubes.Extract(Shapes.AnisotropicBall(), 0);
        var values = Shapes.Sample(new Shape3(15, 41, 60), s_size, new Position(5020, 7060, 9064), (x, _, _) => x - 9000);
        var figure = Show.Mesh(mesh, values: values, unit: "expected error");
        var trace = Parse(figure)["data"]![0]!;
        var intensity = Floats(trace["intensity"]);
        var step = trace["cmax"]!.GetValue<double>() / 255;
        for (var v = 0; v < mesh.VertexCount; v++)
            Assert.Equal(Math.Min(trace["cmax"]!.GetValue<double>(), Math.Clamp(Math.Round((mesh.Positions[3 * v] - 9064) / 8), 0, 59) * 8 + 64), intensity[v], 8 + step);
        Assert.Equal("expected error", trace["colorbar"]!["title"]!["text"]!.GetValue<string>());
        Assert.Null(trace["color"]);
        Assert.NotEqual(Show.Mesh(mesh).Picture, figure.Picture);
    }

    [Fact]
    public void Sliders_of_a_surface_reach_from_face_to_face_of_its_box_and_its_axes_stay()
    {
        var mesh = MarchingCubes.Extract(Shapes.AnisotropicBall(), 0);
        var figure = Show.Mesh(mesh, sliders: true);
        var (min, max) = mesh.Bounds;
        var clip = figure.Spec()["clip"]!;
        Assert.Equal([min.X, min.Y, min.Z], clip["low"]!.AsArray().Select(n => n!.GetValue<double>()));
        Assert.Equal([max.X, max.Y, max.Z], clip["high"]!.AsArray().Select(n => n!.GetValue<double>()));
        var layout = Parse(figure)["layout"]!;
        var range = layout["scene"]!["xaxis"]!["range"]!.AsArray().Select(n => n!.GetValue<double>()).ToArray();
        Assert.True(range[0] < min.X && range[1] > max.X);
        Assert.Equal(["x:0", "y:0", "z:0", "turn:0", "side:0", "opacity:0"], layout["sliders"]!.AsArray().Select(s => s!["steps"]![0]!["value"]!.GetValue<string>()));
        // At first nothing is cut off.
        Assert.All(layout["sliders"]!.AsArray().Take(3), s => Assert.Equal(s!["steps"]!.AsArray().Count - 1, s["active"]!.GetValue<int>()));
        Assert.DoesNotContain("\"clip\"", figure.Json, StringComparison.Ordinal);
        Assert.Null(Show.Mesh(mesh).Spec()["clip"]);
    }

    [Fact]
    public void The_largest_figures_keep_their_size_in_the_page()
    {
        var noise = Shapes.Noise(2, new Shape3(40, 40, 40), r => r.NextSingle());
        PlotlyScript.ElementForPage();
        // 200,000 triangles of 3 corners, 100,000 vertices of three coordinates of 2 bytes and one level, times 4/3.
        Assert.InRange(Show.Mesh(MarchingCubes.Extract(noise, 0.5), sliders: true, values: noise).ToHtml().Length, 1_000_000, 4_500_000);
        var large = new Volume<byte>(new Shape3(128, 128, 128), s_size, s_origin, Provenance.Of("large"));
        Assert.InRange(Show.Sections(large, oblique: (45, 0), uncertainty: large).ToHtml().Length, 2_500_000, 3_600_000);
    }
}
