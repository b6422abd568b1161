using System.Text.Json.Nodes;
using VisionCell.Figures;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Integration;

/// <summary>Sections and surfaces that sliders move, in Debian's Chromium, headless, WebGL in software, no network.</summary>
public sealed class LinkedViewTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-linked-").FullName;

    // Seconds on two busy processors.
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(3));

    private CancellationToken Cancellation => _limit.Token;

    public void Dispose()
    {
        _limit.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static readonly VoxelSize s_size = new(20, 10, 12);
    private static readonly Position s_origin = new(100, 200, 300);
    private static readonly Shape3 s_shape = new(21, 31, 41);

    // Linear, so that interpolation is exact at every place.
    private static double Field(double x, double y, double z) => 0.1 * x + 0.2 * y - 0.05 * z + 100;

    private static Volume<float> Sample(Func<double, double, double, double> value)
    {
        var volume = new Volume<float>(s_shape, s_size, s_origin, Provenance.Of("field"));
        for (var i = 0; i < volume.Data.Length; i++)
            volume.Data[i] = (float)value(s_origin.X + i % s_shape.X * s_size.X, s_origin.Y + i / s_shape.X % s_shape.Y * s_size.Y, s_origin.Z + i / s_shape.SectionCount * s_size.Z);
        return volume;
    }

    private async Task<DevTools> OpenAsync(Figure figure)
    {
        var page = Path.Combine(_folder, "figure.html");
        figure.SaveHtml(page);
        var browser = await DevTools.OpenAsync(Cancellation, 1100, 900);
        await browser.NavigateAsync(new Uri(page).AbsoluteUri, Cancellation);
        await browser.WaitForAsync("document.querySelector('[data-drawn] .js-plotly-plot').layout", Cancellation);
        await browser.EvaluateAsync("window.plot = document.querySelector('[data-drawn] .js-plotly-plot'); 0", Cancellation);
        return browser;
    }

    private async Task<double[]> NumbersAsync(DevTools browser, string expression) =>
        [.. ((JsonArray)(await browser.EvaluateAsync(expression, Cancellation))!).Select(v => v is null ? double.NaN : (double)v)];

    private async Task SlideAsync(DevTools browser, string step) => await browser.EvaluateAsync($"plot.emit('plotly_sliderchange', {{ step: {{ value: '{step}' }} }}); 0", Cancellation);

    /// <summary>Drags the grip of a slider by hand, so many pixels.</summary>
    private async Task DragAsync(DevTools browser, int slider, double pixels)
    {
        var grip = await NumbersAsync(browser, $"(function () {{ var r = plot.querySelectorAll('.slider-grip-rect')[{slider}].getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; }})()");
        await browser.DragAsync(grip[0], grip[1], grip[0] + pixels, grip[1], Cancellation);
    }

    /// <summary>The plane in the page against the field: at each place within the volume its value, and at least so many of them.</summary>
    private async Task AssertPlaneAsync(DevTools browser, double[] point, double tilt, double azimuth)
    {
        var picked = await NumbersAsync(browser, """
            (function () {
              var t = plot._fullData[3], result = [];
              for (var r = 1; r < t.z.length; r += 4)
                for (var c = 1; c < t.z[r].length; c += 4)
                  if (!isNaN(t.z[r][c])) result.push(t.x0 + c * t.dx, t.y0 + r * t.dy, t.z[r][c]);
              return result;
            })()
            """);
        Assert.True(picked.Length > 3 * 40, $"{picked.Length / 3} places");
        double s = Math.Sin(tilt * Math.PI / 180), c = Math.Cos(tilt * Math.PI / 180), sa = Math.Sin(azimuth * Math.PI / 180), ca = Math.Cos(azimuth * Math.PI / 180);
        double[] middle = [300 + 20 * 12, 200 + 15 * 10, 100 + 10 * 20], normal = [s * ca, s * sa, c], u = [-sa, ca, 0], v = [-c * ca, -c * sa, s];
        var off = Enumerable.Range(0, 3).Sum(a => (point[a] - middle[a]) * normal[a]);
        for (var i = 0; i < picked.Length; i += 3)
        {
            double At(int a) => middle[a] + off * normal[a] + picked[i] * u[a] + picked[i + 1] * v[a];
            Assert.Equal(Field(At(0), At(1), At(2)), picked[i + 2], 0.5); // 256 levels of 130
        }
    }

    [Fact]
    public async Task The_oblique_section_follows_the_point_and_its_own_angles()
    {
        var uncertainty = Sample((x, _, _) => x - 290);
        await using var browser = await OpenAsync(Show.Sections(Sample(Field), at: (10, 15, 20), oblique: (40, 70), uncertainty: uncertainty));
        double[] point = [300 + 20 * 12, 200 + 15 * 10, 100 + 10 * 20];
        await AssertPlaneAsync(browser, point, 40, 70);

        // By hand: the z plane moves, and the oblique one with it.
        await DragAsync(browser, 0, 60);
        await browser.WaitForAsync("plot.layout.sliders[0].active > 11", Cancellation);
        var z = (int)(await browser.EvaluateAsync("plot.layout.sliders[0].active", Cancellation))!;
        point[2] = 100 + 20 * z;
        await browser.WaitForAsync($"plot.layout.shapes[3].y0 === {point[2]}", Cancellation);
        await AssertPlaneAsync(browser, point, 40, 70);
        var lifted = await NumbersAsync(browser, "[plot.data[0].z[4][7], plot.data[4].z[4][7]]");
        Assert.Equal(Field(300 + 7 * 12, 200 + 4 * 10, point[2]), lifted[0], 0.5);
        Assert.Equal(300 + 7 * 12 - 290, lifted[1], 2.0);

        await SlideAsync(browser, "tilt:13");
        await SlideAsync(browser, "azimuth:20");
        await AssertPlaneAsync(browser, point, 65, 200);
        // Where the plane crosses a section, in the section's panel: both ends lie on both planes.
        var ends = await NumbersAsync(browser, "[6, 7, 8].map(function (i) { return plot.layout.shapes[i]; }).flatMap(function (l) { return [l.x0, l.y0, l.x1, l.y1]; })");
        double[] normal = [Math.Sin(65 * Math.PI / 180) * Math.Cos(200 * Math.PI / 180), Math.Sin(65 * Math.PI / 180) * Math.Sin(200 * Math.PI / 180), Math.Cos(65 * Math.PI / 180)];
        foreach (var (panel, across, down) in ((int, int, int)[])[(0, 0, 1), (1, 0, 2), (2, 2, 1)])
        {
            for (var end = 0; end < 2; end++)
                Assert.Equal(0, normal[across] * (ends[4 * panel + 2 * end] - point[across]) + normal[down] * (ends[4 * panel + 2 * end + 1] - point[down]), 1e-6);
            Assert.True(Math.Abs(ends[4 * panel] - ends[4 * panel + 2]) + Math.Abs(ends[4 * panel + 1] - ends[4 * panel + 3]) > 100);
        }

        // A click on the oblique plane moves the others to the voxel there.
        double[] u = [-Math.Sin(200 * Math.PI / 180), Math.Cos(200 * Math.PI / 180), 0];
        var foot = Enumerable.Range(0, 3).Sum(a => (point[a] - new double[] { 540, 350, 300 }[a]) * normal[a]);
        await browser.EvaluateAsync("plot.emit('plotly_click', { points: [{ curveNumber: 3, x: 55, y: 0 }] }); 0", Cancellation);
        int Voxel(int a) => (int)Math.Round((new double[] { 540, 350, 300 }[a] + foot * normal[a] + 55 * u[a] - new double[] { 300, 200, 100 }[a]) / new double[] { 12, 10, 20 }[a]);
        Assert.Equal([Voxel(2), Voxel(1), Voxel(0)], await NumbersAsync(browser, "[0, 1, 2].map(function (i) { return plot.layout.sliders[i].active; })"));

        await SlideAsync(browser, "opacity:9");
        Assert.Equal([0.9, 0.9, 0.9, 0.9], await NumbersAsync(browser, "plot.data.slice(4).map(function (t) { return t.opacity; })"), (a, b) => Math.Abs(a - b) < 1e-9);
    }

    /// <summary>Area, bounds and sums of the surface as it is shown.</summary>
    private Task<double[]> MeasuresAsync(DevTools browser) => NumbersAsync(browser, """
        (function () {
          var t = plot._fullData[0], area = 0, high = [-Infinity, -Infinity, -Infinity], worst = 0;
          for (var n = 0; n < t.i.length; n++) {
            var p = [t.i[n], t.j[n], t.k[n]].map(function (v) { return [t.x[v], t.y[v], t.z[v]]; });
            var a = [0, 1, 2].map(function (d) { return p[1][d] - p[0][d]; }), b = [0, 1, 2].map(function (d) { return p[2][d] - p[0][d]; });
            area += Math.hypot(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]) / 2;
            p.forEach(function (q) { for (var d = 0; d < 3; d++) high[d] = Math.max(high[d], q[d]); });
            [t.i[n], t.j[n], t.k[n]].forEach(function (v) { worst = Math.max(worst, Math.abs(t.intensity[v] - (t.x[v] - 290))); });
          }
          return [area, high[0], high[1], high[2], worst];
        })()
        """);

    /// <summary>The largest coordinate of a vertex that a triangle has.</summary>
    private static string Highest(char axis) => $"(function (t) {{ return [t.i, t.j, t.k].reduce(function (most, corners) {{ return corners.reduce(function (m, v) {{ return Math.max(m, t.{axis}[v]); }}, most); }}, -Infinity); }})(plot._fullData[0])";

    /// <summary>Mean brightness of both halves of the scene as it is drawn, and how many of its pixels are not white.</summary>
    private async Task<(double Left, double Right, double Covered)> PictureAsync(DevTools browser)
    {
        var sums = await NumbersAsync(browser, """
            VisionCellPlotly.toImage(plot, { format: 'png', width: 500, height: 500 }).then(function (url) {
              var image = new Image();
              image.src = url;
              return image.decode().then(function () {
                var canvas = document.createElement('canvas'), context = canvas.getContext('2d');
                canvas.width = canvas.height = 500;
                context.fillStyle = 'white';
                context.fillRect(0, 0, 500, 500);
                context.drawImage(image, 0, 0);
                var pixels = context.getImageData(0, 0, 500, 400).data, inside = [];
                for (var i = 0; i < pixels.length; i += 4)
                  if (Math.min(pixels[i], pixels[i + 1], pixels[i + 2]) < 200) inside.push([i / 4 % 500, pixels[i] + pixels[i + 1] + pixels[i + 2]]);
                var middle = inside.reduce(function (sum, p) { return sum + p[0]; }, 0) / inside.length;
                function mean(half) { return half.reduce(function (sum, p) { return sum + p[1] / 3; }, 0) / half.length; }
                return [mean(inside.filter(function (p) { return p[0] < middle; })), mean(inside.filter(function (p) { return p[0] >= middle; })), inside.length];
              });
            })
            """);
        return (sums[0], sums[1], sums[2]);
    }

    [Fact]
    public async Task A_surface_is_cut_lit_and_faded()
    {
        var ball = MarchingCubes.Extract(Sample((x, y, z) => 120 - Math.Sqrt(Math.Pow(x - 540, 2) + Math.Pow(y - 350, 2) + Math.Pow(z - 300, 2))), 0);
        var values = Sample((x, _, _) => x - 290);
        await using var browser = await OpenAsync(Show.Mesh(ball, sliders: true, values: values));
        var whole = await MeasuresAsync(browser);
        Assert.Equal(ball.Area(), whole[0], 1e-3 * ball.Area());
        // The colour of the voxel that a vertex lies in, in 256 levels.
        Assert.InRange(whole[4], 0, 8);
        var before = await PictureAsync(browser);

        // By hand, to about the middle: triangles that the plane crosses are cut there, and what is between is interpolated.
        await DragAsync(browser, 0, -100);
        await browser.WaitForAsync($"{Highest('x')} < 655", Cancellation);
        await SlideAsync(browser, "x:20");
        await browser.WaitForAsync($"Math.abs({Highest('x')} - 540) < 1", Cancellation);
        var half = await MeasuresAsync(browser);
        Assert.Equal(540, half[1], 0.5);
        Assert.InRange(half[4], 0, 8);
        Assert.Equal(whole[0] / 2, half[0], 0.01 * whole[0]);
        var cut = await PictureAsync(browser);
        Assert.True(cut.Covered < 0.95 * before.Covered, $"{cut.Covered} of {before.Covered} pixels");

        // A quarter, then all of it again: nothing was lost.
        await SlideAsync(browser, "z:20");
        await browser.WaitForAsync($"{Highest('z')} < 301", Cancellation);
        Assert.Equal(whole[0] / 4, (await MeasuresAsync(browser))[0], 0.01 * whole[0]);
        await SlideAsync(browser, "x:40");
        await SlideAsync(browser, "z:40");
        await browser.WaitForAsync($"plot._fullData[0].i.length === {ball.TriangleCount}", Cancellation);
        Assert.Equal(whole[0], (await MeasuresAsync(browser))[0], 1e-9 * whole[0]);

        // A light from the right, then from the left: the other half is the brighter one, against what the colours alone make of it.
        await SlideAsync(browser, "side:6");
        await SlideAsync(browser, "turn:0");
        var right = await PictureAsync(browser);
        await SlideAsync(browser, "turn:12");
        var left = await PictureAsync(browser);
        Assert.True(right.Right - right.Left > left.Right - left.Left + 10, $"lit from the right {right}, from the left {left}");
        await SlideAsync(browser, "opacity:2");
        var faint = await PictureAsync(browser);
        Assert.True(faint.Covered < 0.7 * left.Covered || faint.Left + faint.Right > left.Left + left.Right + 20, $"faint {faint}, before {left}");
    }
}
