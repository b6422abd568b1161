using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using VisionCell.Figures;
using VisionCell.Meshing;
using VisionCell.Runs;
using VisionCell.Tests.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Figures;

// One collection: the notices and the page are of the process.
[Collection("Figures")]
public class FigureTests
{
    private static readonly VoxelSize s_size = new(40, 12, 8);
    private static readonly Position s_origin = new(1000, 2000, 3000);

    private static Volume<byte> Bytes(Shape3 shape)
    {
        var data = new byte[shape.Count];
        new Random(4).NextBytes(data);
        return new Volume<byte>(data, shape, s_size, s_origin, Provenance.Of("noise"));
    }

    private static JsonObject Parse(Figure figure) => (JsonObject)JsonNode.Parse(figure.Json)!;

    private static float[] Floats(JsonNode? node) => PlotlyJson.ReadTyped((JsonObject)node!);

    private static double[] Range(JsonNode? axis) => [.. axis!["range"]!.AsArray().Select(n => n!.GetValue<double>())];

    private static (int Width, int Height) PngSize(byte[] png)
    {
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], png[..4]);
        return (BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20)));
    }

    [Fact]
    public void A_volume_figure_decodes_to_the_voxels_at_their_places_in_nm()
    {
        var shape = new Shape3(5, 6, 7);
        var volume = Bytes(shape);
        var figure = Show.Volume(volume, limits: (0, 255));
        var trace = Parse(figure)["data"]![0]!;

        Assert.Equal("volume", trace["type"]!.GetValue<string>());
        float[] x = Floats(trace["x"]), y = Floats(trace["y"]), z = Floats(trace["z"]), value = Floats(trace["value"]);
        Assert.Equal(shape.Count, value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            Assert.Equal(volume.Data[i], value[i]);
            Assert.Equal((1000 + i / 42 * 40f, 2000 + i / 7 % 6 * 12f, 3000 + i % 7 * 8f), (z[i], y[i], x[i]));
        }
        Assert.Equal((0.0, 255.0), (trace["cmin"]!.GetValue<double>(), trace["cmax"]!.GetValue<double>()));
        Assert.Equal("rgb(0,0,0)", trace["colorscale"]![0]![1]!.GetValue<string>());
        var scene = Parse(figure)["layout"]!["scene"]!;
        Assert.Equal("data", scene["aspectmode"]!.GetValue<string>());
        Assert.Equal("z (nm)", scene["zaxis"]!["title"]!["text"]!.GetValue<string>());
        Assert.Empty(figure.Notices);
    }

    [Fact]
    public void A_large_volume_is_averaged_with_a_notice_and_keeps_its_extent()
    {
        var told = new List<string>();
        var before = Show.Notice;
        Show.Notice = told.Add;
        Figure figure;
        try
        {
            figure = Show.Volume(Bytes(new Shape3(70, 100, 129)), voxels: Show.VolumeBudget);
        }
        finally
        {
            Show.Notice = before;
        }
        var notice = Assert.Single(figure.Notices);
        Assert.Equal("Shown at 64 x 64 x 64 voxels, averaged from 70 x 100 x 129.", notice);
        Assert.Equal([notice], told);
        Assert.Contains(notice, figure.ToHtml(), StringComparison.Ordinal);
        var x = Floats(Parse(figure)["data"]![0]!["x"]);
        // Outer faces of the first and the last voxel stay where they were.
        var step = x[1] - x[0];
        Assert.Equal(3000 - 4, x.Min() - step / 2, 0.01);
        Assert.Equal(3000 - 4 + 129 * 8, x.Max() + step / 2, 0.01);
        PlotlyScript.ElementForPage();
        Assert.InRange(figure.ToHtml().Length, 262_144, 1_500_000);
        Assert.Throws<BadInputException>(() => Show.Volume(Bytes(new Shape3(4, 4, 4)), voxels: 65));
    }

    [Fact]
    public void Averaging_keeps_the_mean_and_linear_ramps()
    {
        var ramp = Shapes.Sample(new Shape3(10, 21, 35), s_size, s_origin, (x, y, z) => 0.01 * x - 0.02 * y + 0.003 * z);
        // Whether boxes cut voxels or not, each voxel counts once in all.
        Assert.Equal(ramp.Data.Average(), FigureData.GetReduced(ramp, new Shape3(4, 8, 13)).Data.Average(), 1e-3);
        var small = FigureData.GetReduced(ramp, new Shape3(5, 7, 7));
        // The mean of a linear function over a box is its value at the centre of the box: the new place of the voxel.
        for (var i = 0; i < small.Data.Length; i++)
        {
            double x = small.Origin.X + i % 7 * small.VoxelSize.X, y = small.Origin.Y + i / 7 % 7 * small.VoxelSize.Y, z = small.Origin.Z + i / 49 * small.VoxelSize.Z;
            Assert.Equal(0.01 * x - 0.02 * y + 0.003 * z, small.Data[i], 1e-3);
        }
        Assert.Same(ramp, FigureData.GetReduced(ramp, new Shape3(64, 64, 64)));
    }

    [Fact]
    public void Sections_show_the_three_planes_through_the_point_with_equal_scales()
    {
        var volume = Bytes(new Shape3(6, 8, 10));
        var figure = Show.Sections(volume, at: (2, 3, 4));
        var data = Parse(figure)["data"]!.AsArray();
        Assert.Equal(3, data.Count);
        float[] xy = Floats(data[0]!["z"]), xz = Floats(data[1]!["z"]), yz = Floats(data[2]!["z"]);
        Assert.Equal("8, 10", data[0]!["z"]!["shape"]!.GetValue<string>());
        Assert.Equal("6, 10", data[1]!["z"]!["shape"]!.GetValue<string>());
        Assert.Equal("8, 6", data[2]!["z"]!["shape"]!.GetValue<string>());
        Assert.Equal(volume[2, 5, 7], xy[5 * 10 + 7]);
        Assert.Equal(volume[5, 3, 7], xz[5 * 10 + 7]);
        Assert.Equal(volume[1, 6, 4], yz[6 * 6 + 1]);
        Assert.Equal((3000.0, 8.0, 2000.0, 12.0), (data[0]!["x0"]!.GetValue<double>(), data[0]!["dx"]!.GetValue<double>(), data[0]!["y0"]!.GetValue<double>(), data[0]!["dy"]!.GetValue<double>()));
        var layout = Parse(figure)["layout"]!;
        Assert.Equal("x", layout["yaxis"]!["scaleanchor"]!.GetValue<string>());
        Assert.Equal([2000 - 6 + 8 * 12, 2000 - 6], Range(layout["yaxis"]));
        Assert.Equal([3000 - 4, 3000 - 4 + 80], Range(layout["xaxis"]));
        Assert.Equal([6, 8, 10], layout["sliders"]!.AsArray().Select(s => s!["steps"]!.AsArray().Count));
        Assert.Throws<BadInputException>(() => Show.Sections(volume, at: (6, 0, 0)));
    }

    [Fact]
    public void Sections_hold_the_volume_once_for_the_sliders()
    {
        var volume = Bytes(new Shape3(6, 8, 10));
        var sections = Show.Sections(volume).Spec()["sections"]!;
        var packed = (JsonObject)sections["values"]!;
        var values = PlotlyJson.ReadTyped((JsonObject)packed["quantised"]!, packed["low"]!.GetValue<double>(), packed["step"]!.GetValue<double>());
        Assert.Equal(volume.Data.Select(v => (float)v), values);
        Assert.DoesNotContain("sections", Show.Sections(volume).Json, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(300, 300, 300)]
    [InlineData(20, 1000, 1000)]
    [InlineData(3, 5000, 2000)]
    public void The_section_budget_is_kept_and_used(int z, int y, int x)
    {
        var shape = Show.WithinBudget(new Shape3(z, y, x), new VoxelSize(50, 10, 10), Show.SectionsBudget);
        Assert.InRange(shape.Count, Show.SectionsBudget / 2, Show.SectionsBudget);
        Assert.True(shape.Z <= z && shape.Y <= y && shape.X <= x);
    }

    [Fact]
    public void An_untilted_oblique_section_is_the_plain_one_and_a_tilted_one_samples_the_plane()
    {
        var volume = Shapes.Sample(new Shape3(9, 11, 13), s_size, s_origin, (x, y, z) => 0.5 * x + 0.25 * y - 0.125 * z);
        var flat = FigureData.GetObliqueSection(volume, 0, 0);
        var plain = FigureData.GetSection(volume, SectionPlane.Xy);
        Assert.Equal(plain.Data[0], flat.Data[0], 1e-3f);
        Assert.Equal(plain.Data[^1], flat.Data[(int)Math.Round(120 / flat.RowStep) * flat.Columns + flat.Columns - 1], 1e-2f);

        // A linear field is linear on any plane: along u by u · gradient.
        var (tilt, azimuth) = (50 * Math.PI / 180, 20 * Math.PI / 180);
        var tilted = FigureData.GetObliqueSection(volume, 50, 20, 10);
        var alongU = 0.5 * -Math.Sin(azimuth) + 0.25 * Math.Cos(azimuth);
        var alongV = -0.5 * Math.Cos(tilt) * Math.Cos(azimuth) - 0.25 * Math.Cos(tilt) * Math.Sin(azimuth) - 0.125 * Math.Sin(tilt);
        var compared = 0;
        for (var i = tilted.Columns + 1; i < tilted.Data.Length; i++)
        {
            if (i % tilted.Columns == 0 || float.IsNaN(tilted.Data[i] + tilted.Data[i - 1] + tilted.Data[i - tilted.Columns]))
                continue;
            Assert.Equal(alongU * tilted.ColumnStep, tilted.Data[i] - tilted.Data[i - 1], 1e-2);
            Assert.Equal(alongV * tilted.RowStep, tilted.Data[i] - tilted.Data[i - tilted.Columns], 1e-2);
            compared++;
        }
        Assert.True(compared > 20);
        Assert.Throws<BadInputException>(() => FigureData.GetObliqueSection(volume, 0, 0, 1e6));
        Assert.Equal(3, Parse(Show.ObliqueSection(volume, 30, 60))["data"]!.AsArray().Count);
    }

    [Fact]
    public void A_mesh_figure_decodes_to_the_mesh()
    {
        var mesh = MarchingCubes.Extract(Shapes.AnisotropicBall(), 0);
        var trace = Parse(Show.Mesh(mesh))["data"]![0]!;
        Assert.Equal("mesh3d", trace["type"]!.GetValue<string>());
        float[] x = Floats(trace["x"]), y = Floats(trace["y"]), z = Floats(trace["z"]), i = Floats(trace["i"]), k = Floats(trace["k"]);
        for (var v = 0; v < mesh.VertexCount; v++)
        {
            Assert.Equal(mesh.Positions[3 * v], x[v], 0.01f); // extent 400 nm in 65,535 levels
            Assert.Equal(mesh.Positions[3 * v + 1], y[v], 0.01f);
            Assert.Equal(mesh.Positions[3 * v + 2], z[v], 0.01f);
        }
        Assert.Equal(mesh.Triangles.Where((_, c) => c % 3 == 0).Select(c => (float)c), i);
        Assert.Equal(mesh.Triangles.Where((_, c) => c % 3 == 2).Select(c => (float)c), k);
        Assert.Throws<BadInputException>(() => Show.Mesh(mesh, colour: "tomato"));
        Assert.Throws<BadInputException>(() => Show.Mesh(new Mesh([], [])));
    }

    [Fact]
    public void A_mesh_above_the_budget_is_simplified_with_a_notice()
    {
        var noise = Shapes.Noise(2, new Shape3(40, 40, 40), r => r.NextSingle());
        var mesh = MarchingCubes.Extract(noise, 0.5);
        Assert.InRange(mesh.TriangleCount, Show.MeshBudget, 1_000_000);
        var figure = Show.Mesh(mesh);
        Assert.Contains($"simplified from {mesh.TriangleCount.ToString("N0", CultureInfo.InvariantCulture)}.", Assert.Single(figure.Notices), StringComparison.Ordinal);
        Assert.InRange(Floats(Parse(figure)["data"]![0]!["i"]).Length, Show.MeshBudget - 1, Show.MeshBudget);
    }

    [Fact]
    public void Before_and_after_shows_each_error_on_one_symmetric_scale()
    {
        var truth = Shapes.Noise(3, new Shape3(8, 9, 10), r => 100 * r.NextSingle());
        var figure = Show.BeforeAfter([("plus", truth.Map(v => v + 5)), ("same", truth), ("minus", truth.Map(v => v - 2))], truth, 4);
        var data = Parse(figure)["data"]!.AsArray();
        Assert.Equal(["reference", "plus", "plus \u2212 reference", "same", "same \u2212 reference", "minus", "minus \u2212 reference"], data.Select(t => t!["name"]!.GetValue<string>()));
        foreach (var (trace, expected) in ((int, float)[])[(2, 5), (4, 0), (6, -2)])
        {
            Assert.Equal(-data[trace]!["zmin"]!.GetValue<double>(), data[trace]!["zmax"]!.GetValue<double>());
            Assert.All(Floats(data[trace]!["z"]), v => Assert.Equal(expected, v, 0.03f));
        }
        Assert.Equal(data[0]!["zmin"]!.GetValue<double>(), data[1]!["zmin"]!.GetValue<double>());
        Assert.Equal("8, 10", data[0]!["z"]!["shape"]!.GetValue<string>()); // xz: across the sections
        Assert.Equal(2, Parse(Show.BeforeAfter([("a", truth), ("b", truth)]))["data"]!.AsArray().Count);
        Assert.Throws<BadInputException>(() => Show.BeforeAfter([]));
        Assert.Contains("'b'", Assert.Throws<BadInputException>(() => Show.BeforeAfter([("a", truth), ("b", truth.Crop(new Box(0, 0, 0, new Shape3(4, 4, 4))))])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_curves_hold_every_report()
    {
        var reports = Enumerable.Range(1, 50).Select(i => new TrainingProgress(i, TimeSpan.FromSeconds(i), i / 50.0, 1.0 / i, 1e-3, i % 10 == 0 ? 20 + i / 10.0 : null)).ToList();
        var data = Parse(Show.TrainingCurves(reports))["data"]!.AsArray();
        Assert.Equal(reports.Select(r => (float)r.Loss), Floats(data[0]!["y"]));
        Assert.Equal([10f, 20, 30, 40, 50], Floats(data[1]!["x"]));
        Assert.Equal([21f, 22, 23, 24, 25], Floats(data[1]!["y"]));
        Assert.Throws<BadInputException>(() => Show.TrainingCurves([]));
    }

    [Fact]
    public void A_table_of_metrics_leaves_missing_values_empty()
    {
        List<(string, IReadOnlyDictionary<string, double>)> rows =
            [("linear", new Dictionary<string, double> { ["psnr"] = 24.2216 }), ("superresolution", new Dictionary<string, double> { ["psnr"] = 25.99, ["seconds"] = 180 })];
        var cells = Parse(Show.MetricsTable(rows))["data"]![0]!["cells"]!["values"]!.AsArray().Select(c => c!.AsArray().Select(v => v!.GetValue<string>()).ToArray()).ToArray();
        Assert.Equal([["linear", "superresolution"], ["24.2216", "25.99"], ["", "180"]], cells);
        Assert.Equal([24.2216f, 25.99f], Floats(Parse(Show.MetricsBars(rows, "psnr"))["data"]![0]!["y"]));
        Assert.Contains("psnr, seconds", Assert.Throws<BadInputException>(() => Show.MetricsBars(rows, "ssim")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Contrast_limits_leave_out_hot_pixels()
    {
        var values = Enumerable.Range(0, 10_000).Select(i => (float)(i % 100)).Append(1e6f).Append(float.NaN).ToArray();
        Assert.Equal((0.0, 99.0), FigureData.GetContrastLimits(values));
        Assert.Equal((6.5, 7.5), FigureData.GetContrastLimits([7f, 7, 7]));
    }

    [Fact]
    public void Every_figure_has_a_picture_that_is_not_blank()
    {
        var volume = Bytes(new Shape3(12, 14, 16));
        var mesh = MarchingCubes.Extract(Shapes.AnisotropicBall(), 0);
        var progress = Enumerable.Range(1, 5).Select(i => new TrainingProgress(i, TimeSpan.FromSeconds(i), 0, 1.0 / i, 0, i)).ToList();
        List<(string, IReadOnlyDictionary<string, double>)> rows = [("a", new Dictionary<string, double> { ["m"] = 1 })];
        Figure[] figures = [Show.Sections(volume), Show.ObliqueSection(volume), Show.Volume(volume), Show.Mesh(mesh), Show.BeforeAfter([("a", volume.ToFloat32())], volume.ToFloat32()),
            Show.TrainingCurves(progress), Show.MetricsTable(rows), Show.MetricsBars(rows, "m"), Figure.FromJson("""{"data":[{"type":"pie"}]}""")];
        foreach (var figure in figures)
        {
            var (width, height) = PngSize(figure.Picture);
            var data = Encoding.Latin1.GetString(figure.Picture).IndexOf("IDAT", StringComparison.Ordinal) + 4;
            using var zlib = new ZLibStream(new MemoryStream(figure.Picture, data, figure.Picture.Length - data), CompressionMode.Decompress);
            var rowsOfPixels = new byte[height * (1 + 3 * width)];
            zlib.ReadExactly(rowsOfPixels);
            Assert.True(rowsOfPixels.Distinct().Count() > 4, figure.Title);
        }
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[1,2]")]
    [InlineData("""{"data":3}""")]
    public void What_is_no_figure_is_refused(string json) => Assert.Throws<BadInputException>(() => Figure.FromJson(json));

    [Fact]
    public void Json_is_valid_and_titles_cannot_end_the_script()
    {
        var figure = Show.Sections(Bytes(new Shape3(3, 4, 5)), "</script><b>\u2028\"");
        using var parsed = JsonDocument.Parse(figure.Json);
        Assert.Equal("</script><b>\u2028\"", parsed.RootElement.GetProperty("layout").GetProperty("title").GetProperty("text").GetString());
        PlotlyScript.ElementForPage();
        var html = figure.ToHtml();
        Assert.Equal(1, html.Split("</script>").Length - 1);
        Assert.DoesNotContain("<b>", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mesh_takes_the_colour_of_the_voxel_below_each_vertex()
    {
        var values = new Volume<float>(new Shape3(2, 1, 3), s_size, s_origin, Provenance.Of("signed"));
        values[0, 0, 0] = -5;
        values[1, 0, 2] = 9; // beyond the limit
        var mesh = new Mesh([3000, 2000, 1000, 3016, 2000, 1040, 3008, 2000, 1000], [0, 1, 2]);
        var colours = FigureData.GetColoured(mesh, values, 5).Colours!;
        Assert.Equal([59, 76, 192, 255, 180, 4, 38, 255, 221, 221, 221, 255], colours);
        Assert.Throws<BadInputException>(() => FigureData.GetColoured(mesh, values, 0));
    }

    [Theory]
    [InlineData("")]
    [InlineData("12.5 nm")]
    [InlineData("\u2212 \u00B5 \u3042")]
    public void Letters_stay_within_the_width_that_they_announce(string text)
    {
        var canvas = new Canvas(300, 40);
        canvas.Text(20, 10, text, Rgb.Black);
        var columns = Enumerable.Range(0, 300).Where(x => Enumerable.Range(0, 40).Any(y => canvas.Pixels[3 * (y * 300 + x)] < 200)).ToList();
        Assert.Equal(text.Length > 0, columns.Count > 0);
        Assert.All(columns, x => Assert.InRange(x, 18, 22 + Canvas.TextWidth(text)));
    }

    [Fact]
    public void A_line_that_is_too_long_ends_in_dots_within_its_width()
    {
        var canvas = new Canvas(300, 40);
        canvas.TextWithin(20, 10, 80, new string('w', 60), Rgb.Black);
        Assert.All(Enumerable.Range(0, 300 * 40).Where(i => canvas.Pixels[3 * i] < 200), i => Assert.InRange(i % 300, 18, 102));
    }
}
