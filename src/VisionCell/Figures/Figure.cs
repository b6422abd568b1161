using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using VisionCell.Volumes;

namespace VisionCell.Figures;

/// <summary>
/// An interactive figure: Plotly JSON, the HTML that shows it without a network, and a picture of it that was drawn without a
/// browser. In a notebook the HTML shows the picture at once and replaces it when plotly.js has drawn the figure; where no
/// script runs (untrusted notebooks, PDF, viewers on the web) the picture stays.
/// </summary>
[TypeFormatterSource(typeof(FigureFormatterSource), PreferredMimeTypes = ["text/html", "image/png"])]
public sealed class Figure
{
    private readonly JsonArray _data;
    private readonly JsonObject _layout;
    private readonly (string Name, JsonObject Spec)? _view; // what window.VisionCellViews has under that name is told
    private readonly JsonArray? _frames;
    private readonly Lazy<byte[]> _picture;

    internal Figure(string title, JsonArray data, JsonObject layout, int width, int height, Func<byte[]> picture, IReadOnlyList<string>? notices = null, (string Name, JsonObject Spec)? view = null, JsonArray? frames = null)
    {
        Title = title;
        Width = width;
        Height = height;
        Notices = notices ?? [];
        _data = data;
        _layout = layout;
        _view = view;
        _frames = frames;
        _picture = new Lazy<byte[]>(picture);
    }

    /// <summary>What the figure shows.</summary>
    public string Title { get; }

    /// <summary>Preferred width, CSS pixels.</summary>
    public int Width { get; }

    /// <summary>Height, CSS pixels.</summary>
    public int Height { get; }

    /// <summary>What was reduced for display, one line each; they stand under the figure.</summary>
    public IReadOnlyList<string> Notices { get; }

    /// <summary>The figure as Plotly JSON (<c>data</c>, <c>layout</c>, <c>config</c>, <c>frames</c> of a video), arrays as typed base64.</summary>
    public string Json
    {
        get
        {
            var json = (JsonObject)PlotlyJson.Expand(Spec())!;
            foreach (var key in (string[])[_view?.Name ?? "", "webgl", "height"])
                json.Remove(key);
            return json.ToJsonString();
        }
    }

    /// <summary>The static picture, PNG.</summary>
    public byte[] Picture => _picture.Value;

    /// <summary>
    /// A figure of a chart that was made with Plotly.NET (<c>GenericChart</c>) or XPlot.Plotly (<c>PlotlyChart</c>), drawn by
    /// the same embedded plotly.js. Taken as an object and asked by name, so that neither library, nor the FSharp.Core they
    /// were built for, has to be loaded for anything else.
    /// </summary>
    /// <exception cref="BadInputException">The object is no such chart.</exception>
    public static Figure From(object chart) => chart as Figure ?? ChartInterop.Convert(chart);

    /// <summary>A figure of Plotly JSON with the members <c>data</c> and, optionally, <c>layout</c>.</summary>
    /// <exception cref="BadInputException">The text is not such JSON.</exception>
    public static Figure FromJson(string json, string? title = null)
    {
        JsonObject? spec;
        try
        {
            spec = JsonNode.Parse(json) as JsonObject;
        }
        catch (JsonException e)
        {
            throw new BadInputException($"Plotly JSON can't be read: {e.Message}", e);
        }
        if (spec?["data"] is not JsonArray data)
            throw new BadInputException("Plotly JSON needs a member 'data' that is an array of traces");
        var layout = spec["layout"] as JsonObject ?? [];
        spec.Remove("data");
        spec.Remove("layout");
        title ??= layout["title"] switch
        {
            JsonObject text => text["text"]?.ToString(),
            { } text => text.ToString(),
            null => null,
        };
        int Pixels(string name, int otherwise) => layout[name] is JsonValue value && value.TryGetValue(out double number) ? (int)number : otherwise;
        var (width, height) = (Pixels("width", 760), Pixels("height", 460));
        return new Figure(title ?? "chart", data, layout, width, height, () => ChartPicture.Draw(title, data, layout, width, height));
    }

    /// <summary>The figure as an HTML fragment; the first one of a page brings plotly.js along (see <see cref="PlotlyScript"/>).</summary>
    public string ToHtml() => PlotlyScript.ElementForPage() + Fragment($"visioncell-{Guid.NewGuid():N}");

    /// <summary>Writes one HTML file that needs nothing else and no network.</summary>
    /// <exception cref="BadInputException">The file can't be written.</exception>
    public void SaveHtml(string path) => AtomicWrite.Text(path, ToPage());

    /// <summary>One HTML document that needs nothing else and no network; the same text each time.</summary>
    /// <param name="head">More elements of its head.</param>
    internal string ToPage(string head = "") =>
        $"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{WebUtility.HtmlEncode(Title)}</title>\n{head}</head>\n<body style=\"font-family:sans-serif\">\n{PlotlyScript.Element}{Fragment("visioncell-figure")}</body></html>\n";

    /// <summary>Writes the static picture, as it was drawn without a browser.</summary>
    /// <exception cref="BadInputException">The file can't be written.</exception>
    public void SavePicture(string path) => AtomicWrite.File(path, stream => stream.Write(Picture));

    /// <summary>Writes the figure exactly as plotly.js draws it, by a headless Chromium; takes seconds.</summary>
    /// <param name="path">A .png file.</param>
    /// <param name="width">Pixels; 0 for the figure's own width.</param>
    /// <param name="height">Pixels; 0 for the figure's own height.</param>
    /// <param name="cancellation">Ends the browser.</param>
    /// <exception cref="BadInputException">No Chromium is installed, it draws nothing, or the file can't be written.</exception>
    public void SavePng(string path, int width = 0, int height = 0, CancellationToken cancellation = default)
    {
        var png = BrowserRenderer.Render(this, width > 0 ? width : Width, height > 0 ? height : Height, cancellation);
        AtomicWrite.File(path, stream => stream.Write(png));
    }

    /// <inheritdoc/>
    public override string ToString() => $"Figure: {string.Join("; ", [Title, .. Notices])}";

    /// <summary>What figure.js takes.</summary>
    internal JsonObject Spec()
    {
        var spec = new JsonObject
        {
            ["data"] = _data.DeepClone(),
            ["layout"] = _layout.DeepClone(),
            ["config"] = new JsonObject { ["responsive"] = true, ["displaylogo"] = false },
            ["height"] = Height,
            ["webgl"] = _data.Any(t => t?["type"]?.ToString() is "volume" or "mesh3d" or "surface" or "isosurface" or "scatter3d" or "cone" or "streamtube" or "scattergl"),
        };
        if (_view is { } view)
            spec[view.Name] = view.Spec.DeepClone();
        if (_frames is not null)
            spec["frames"] = _frames.DeepClone();
        return spec;
    }

    private string Fragment(string id)
    {
        var caption = string.Concat(Notices.Select(n => $"<div style=\"font:12px sans-serif;color:#555\">{WebUtility.HtmlEncode(n)}</div>"));
        var picture = $"<img alt=\"{WebUtility.HtmlEncode(Title)}\" style=\"max-width:100%\" src=\"data:image/png;base64,{Convert.ToBase64String(Picture)}\">";
        return string.Create(CultureInfo.InvariantCulture,
            $$"""
            <div id="{{id}}" class="visioncell-figure" style="width:100%;max-width:{{Width}}px">{{picture}}</div>{{caption}}
            <script type="text/javascript">(window.VisionCellFigures=window.VisionCellFigures||[]).push(["{{id}}",{{PlotlyJson.ToScript(Spec())}}]);</script>

            """);
    }
}
