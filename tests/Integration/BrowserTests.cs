using System.Diagnostics;
using System.Text.RegularExpressions;
using VisionCell.Figures;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Integration;

/// <summary>
/// Figures in a real browser: Debian's Chromium, headless, WebGL in software, no network. The set-up installs
/// chromium-headless-shell, so a machine without it fails these tests.
/// </summary>
public sealed class BrowserTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vc-browser").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Volume<float> Ball(int count = 24)
    {
        var volume = new Volume<float>(new Shape3(count, count, count), new VoxelSize(40, 10, 10), new Position(100, 200, 300), Provenance.Of("ball"));
        for (var i = 0; i < volume.Data.Length; i++)
        {
            double z = i / (count * count) - count / 2.0, y = i / count % count - count / 2.0, x = i % count - count / 2.0;
            volume.Data[i] = (float)(100 - 8 * Math.Sqrt(x * x + y * y + z * z));
        }
        return volume;
    }

    /// <summary>The document of a page after its scripts have run; no address but the file's own resolves.</summary>
    private string Dump(string html)
    {
        var page = Path.Combine(_folder, "page.html");
        File.WriteAllText(page, html);
        var start = new ProcessStartInfo("chromium-headless-shell") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND", $"--user-data-dir={_folder}/profile", "--virtual-time-budget=20000", "--dump-dom", new Uri(page).AbsoluteUri])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        using var _ = patience.Token.Register(() => process.Kill(entireProcessTree: true));
        var errors = process.StandardError.ReadToEndAsync(patience.Token);
        var dom = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.False(patience.IsCancellationRequested, "the browser did not end within two minutes");
        return dom;
    }

    private static int Count(string text, string pattern) => Regex.Count(text, pattern);

    [Fact]
    public void A_page_draws_all_kinds_of_figures_offline()
    {
        var ball = Ball();
        var mesh = MarchingCubes.Extract(ball, 50);
        PlotlyScript.BeginPage();
        // The second figure is displayed before plotly.js is on the page, as when cells are executed out of order.
        string sections = Show.Sections(ball).ToHtml(), volume = Show.Volume(ball).ToHtml(), surface = Show.Mesh(mesh).ToHtml(), again = Show.Mesh(mesh).ToHtml();
        var probe = """
            <pre id="probe"></pre><script>
            setInterval(function () {
              var plots = Array.prototype.slice.call(document.querySelectorAll('.js-plotly-plot'));
              document.getElementById('probe').textContent = JSON.stringify(plots.map(function (p) {
                return p._fullData.map(function (t) { return t.type + ':' + (t._length || (t.x && t.x.length)); });
              }));
            }, 300);
            </script>
            """;
        var dom = Dump($"<!DOCTYPE html><html><body>{volume}{sections}{surface}{again}{probe}</body></html>");

        Assert.Equal(4, Count(dom, "data-drawn=\"true\""));
        Assert.Equal(0, Count(dom, "class=\"visioncell-note\""));
        // A canvas for each WebGL scene: one volume, two meshes.
        Assert.True(Count(dom, "<canvas") >= 3);
        Assert.Equal(4, Count(dom, "<img[^>]*display: none"));
        var kinds = Regex.Match(dom, "<pre id=\"probe\">([^<]*)</pre>").Groups[1].Value;
        Assert.Contains("volume:" + 24 * 24 * 24, kinds, StringComparison.Ordinal);
        Assert.Equal(2, Count(kinds, "mesh3d:" + mesh.VertexCount));
        Assert.Equal(3, Count(kinds, "heatmap"));
    }

    [Fact]
    public void Sliders_and_clicks_cut_the_volume_anew()
    {
        var ball = Ball();
        Show.Sections(ball, at: (2, 3, 4)).SaveHtml(Path.Combine(_folder, "sections.html"));
        var html = File.ReadAllText(Path.Combine(_folder, "sections.html")).Replace("</body>", """
            <pre id="probe"></pre><script>
            var waiting = setInterval(function () {
              var plot = document.querySelector('[data-drawn] .js-plotly-plot');
              if (!plot) return;
              clearInterval(waiting);
              plot.emit('plotly_sliderchange', { step: { value: '0:12' } });
              setTimeout(function () {
                plot.emit('plotly_click', { points: [{ curveNumber: 0, x: 300 + 10 * 9, y: 200 + 10 * 11 }] });
                setTimeout(function () {
                  document.getElementById('probe').textContent = [plot.data[0].z[12][4], plot.data[1].z[5][7], plot.data[2].z[6][8],
                    plot.layout.shapes[0].x0, plot.layout.shapes[1].y0, plot.layout.shapes[3].y0, plot.layout.sliders[0].active].join(' ');
                }, 500);
              }, 500);
            }, 200);
            </script></body>
            """, StringComparison.Ordinal);
        var values = Regex.Match(Dump(html), "<pre id=\"probe\">([^<]*)</pre>").Groups[1].Value.Split(' ')
            .Select(v => double.Parse(v, System.Globalization.CultureInfo.InvariantCulture)).ToArray();

        // Values in 256 levels of the contrast.
        Assert.Equal(ball[12, 12, 4], values[0], 1.0);
        Assert.Equal(ball[5, 11, 7], values[1], 1.0);
        Assert.Equal(ball[8, 6, 9], values[2], 1.0);
        Assert.Equal([300 + 90.0, 200 + 110, 100 + 12 * 40, 12], values[3..]);
    }

    [Fact]
    public void A_figure_is_exported_as_the_browser_draws_it()
    {
        var path = Path.Combine(_folder, "mesh.png");
        Show.Mesh(MarchingCubes.Extract(Ball(), 50)).SavePng(path, 400, 300, TestContext.Current.CancellationToken);
        var png = File.ReadAllBytes(path);
        Assert.Equal([0, 0, 400 >> 8, 400 & 255, 0, 0, 300 >> 8, 300 & 255], png[16..24]);
        Assert.True(png.Length > 5_000, $"{png.Length} bytes can't hold a lit surface");
    }

    [Fact]
    public void A_notebook_with_require_js_draws_too()
    {
        PlotlyScript.BeginPage();
        // What matters of require.js to a UMD module is a global define with amd.
        var require = "<script>window.defined=0;window.define=function(){window.defined++;};window.define.amd={};</script>";
        var dom = Dump($"<!DOCTYPE html><html><body>{require}{Show.MetricsBars([("a", new Dictionary<string, double> { ["psnr"] = 25 })], "psnr").ToHtml()}<pre id=\"probe\"></pre><script>document.getElementById('probe').textContent=window.defined;</script></body></html>");
        Assert.Equal(1, Count(dom, "data-drawn=\"true\""));
        Assert.Contains("<pre id=\"probe\">0</pre>", dom, StringComparison.Ordinal);
    }
}
