using System.Globalization;
using System.Net;
using VisionCell.Volumes;

namespace VisionCell.Figures;

/// <summary>Draws figures exactly as plotly.js does, in a headless Chromium that is started with the first one.</summary>
internal sealed class BrowserRenderer : IDisposable
{
    private Chromium? _browser;

    /// <summary>PNG of one figure at a size in pixels.</summary>
    /// <exception cref="BadInputException">No Chromium is installed, or it fails.</exception>
    public static byte[] Render(Figure figure, int width, int height, CancellationToken cancellation)
    {
        using var renderer = new BrowserRenderer();
        return renderer.Draw(figure, width, height, [1], cancellation).Pngs[0];
    }

    /// <summary>
    /// SVG and PNG of a figure, of the same drawing: the same bytes each time on one machine, since what plotly.js draws at random (ids of
    /// its elements) comes from a seed.
    /// </summary>
    /// <param name="figure">What to draw.</param>
    /// <param name="width">CSS pixels.</param>
    /// <param name="height">CSS pixels.</param>
    /// <param name="scales">Pixels of each PNG that is wanted for each CSS pixel; the largest is that of WebGL views in all of them.</param>
    /// <param name="cancellation">Ends the browser.</param>
    /// <exception cref="BadInputException">No Chromium is installed, or it fails.</exception>
    public (string Svg, IReadOnlyList<byte[]> Pngs) Draw(Figure figure, double width, double height, IReadOnlyList<double> scales, CancellationToken cancellation)
    {
        _browser ??= Chromium.Start(cancellation);
        _browser.Open(string.Create(CultureInfo.InvariantCulture, $$"""
            <!DOCTYPE html><html><head><meta charset="utf-8"></head><body><script>
            var seed = 1; Math.random = function () { seed = seed * 16807 % 2147483647; return seed / 2147483647; };
            </script>{{PlotlyScript.Element}}<script>
            var spec = {{PlotlyJson.ToScript(PlotlyJson.Expand(figure.Spec())!)}};
            spec.layout.width = {{width}}; spec.layout.height = {{height}};
            var images = [];
            function rasterise(svg, scale) {
              var image = new Image();
              image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(svg);
              return image.decode().then(function () {
                var canvas = document.createElement('canvas'), context = canvas.getContext('2d');
                canvas.width = Math.round({{width}} * scale); canvas.height = Math.round({{height}} * scale);
                context.fillStyle = 'white'; context.fillRect(0, 0, canvas.width, canvas.height);
                context.drawImage(image, 0, 0, canvas.width, canvas.height);
                images.push(canvas.toDataURL('image/png').split(',')[1]);
              });
            }
            window.done = VisionCellPlotly.toImage({ data: spec.data, layout: spec.layout, config: { plotGlPixelRatio: {{scales.DefaultIfEmpty(2).Max()}} } },
              { format: 'svg', width: {{width}}, height: {{height}}, imageDataOnly: true }).then(function (svg) {
              /* Voxels keep their edges: an image that is enlarged is not blurred. */
              var drawing = new DOMParser().parseFromString(svg, 'image/svg+xml');
              drawing.querySelectorAll('.imagelayer image').forEach(function (image) { image.style.imageRendering = 'pixelated'; });
              svg = new XMLSerializer().serializeToString(drawing);
              images.push(svg);
              return [{{string.Join(", ", scales.Select(scale => scale.ToString("R", CultureInfo.InvariantCulture)))}}].reduce(function (before, scale) {
                return before.then(function () { return rasterise(svg, scale); });
              }, Promise.resolve());
            });
            </script></body></html>
            """), cancellation);
        string Image(int i) => _browser.Evaluate($"images[{i}]", cancellation);
        return (Image(0), [.. scales.Select((_, i) => Convert.FromBase64String(Image(1 + i)))]);
    }

    /// <summary>A drawing as a PDF of one page of its size, fonts embedded.</summary>
    /// <param name="svg">The drawing.</param>
    /// <param name="widthMm">Width, mm.</param>
    /// <param name="heightMm">Height, mm.</param>
    /// <param name="title">Of the document.</param>
    /// <param name="cancellation">Ends the browser.</param>
    /// <exception cref="BadInputException">No Chromium is installed, or it fails.</exception>
    public byte[] PrintPdf(string svg, double widthMm, double heightMm, string title, CancellationToken cancellation)
    {
        _browser ??= Chromium.Start(cancellation);
        _browser.Open(string.Create(CultureInfo.InvariantCulture, $$"""
            <!DOCTYPE html><html><head><meta charset="utf-8"><title>{{WebUtility.HtmlEncode(title)}}</title>
            <style>@page { size: {{widthMm}}mm {{heightMm}}mm; margin: 0 } html, body { margin: 0; height: {{heightMm - 0.2}}mm; overflow: hidden } svg { display: block }</style></head>
            <body>{{svg}}<script>window.done = Promise.all(Array.prototype.map.call(document.images, function (i) { return i.decode(); }));</script></body></html>
            """), cancellation);
        return _browser.Print(cancellation);
    }

    public void Dispose() => _browser?.Dispose();
}
