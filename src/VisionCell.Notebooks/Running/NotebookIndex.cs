using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using VisionCell.Figures;
using VisionCell.Volumes;

namespace VisionCell.Notebooks.Running;

/// <summary>The page that lists the executed notebooks of a run.</summary>
public static partial class NotebookIndex
{
    /// <summary>Writes <c>index.html</c>, which links to the pages and to the run's record by relative paths and needs no network.</summary>
    /// <param name="outDir">The run's folder.</param>
    /// <param name="entries">The notebooks, in order.</param>
    /// <param name="title">What was run.</param>
    /// <param name="figures">Shown live below the list; they bring plotly.js into the page.</param>
    /// <returns>The page's path.</returns>
    public static string Write(string outDir, IReadOnlyList<NotebookRun> entries, string title = "Vision Cell", IReadOnlyList<Figure>? figures = null)
    {
        var html = new StringBuilder();
        html.Append(PageStyle.Begin(title));
        html.Append(CultureInfo.InvariantCulture, $"<h1>{WebUtility.HtmlEncode(title)}</h1>\n<div class=\"cards\">\n");
        foreach (NotebookRun entry in entries)
            AppendCard(html, outDir, entry);
        html.Append("</div>\n");
        if (File.Exists(Path.Combine(outDir, "run.json")))
            html.Append("<p><a href=\"run.json\">The record of this run</a>: configuration, seeds, data, versions, machine and times.</p>\n");
        PlotlyScript.BeginPage();
        foreach (Figure figure in figures ?? [])
            html.Append(CultureInfo.InvariantCulture, $"<section>{figure.ToHtml()}</section>\n");
        html.Append("</main>\n</body>\n</html>\n");
        string path = Path.Combine(outDir, "index.html");
        AtomicWrite.Text(path, html.ToString());
        return path;
    }

    private static void AppendCard(StringBuilder html, string outDir, NotebookRun entry)
    {
        string link = string.Join('/', Path.GetRelativePath(outDir, entry.HtmlPath).Split(Path.DirectorySeparatorChar).Select(Uri.EscapeDataString));
        string picture = FirstPicture(entry.ExecutedPath) is { } source ? $"<img alt=\"\" src=\"{WebUtility.HtmlEncode(source)}\">" : string.Empty;
        string state = entry.Error is null ? string.Empty : " failed";
        html.Append(CultureInfo.InvariantCulture, $"<a class=\"card{state}\" href=\"{link}\">{picture}<div><h2>{WebUtility.HtmlEncode(entry.Title)}</h2>");
        html.Append(CultureInfo.InvariantCulture, $"<p>{WebUtility.HtmlEncode(entry.Notebook)} · {entry.Duration.TotalSeconds:F0} s</p>");
        if (entry.Error is not null)
            html.Append(CultureInfo.InvariantCulture, $"<p class=\"why\">{WebUtility.HtmlEncode(entry.Error)}</p>");
        html.Append("</div></a>\n");
    }

    /// <summary>The first picture among a notebook's outputs, as a data address: a figure's static fallback, or a picture shown.</summary>
    internal static string? FirstPicture(string executedPath)
    {
        if (!File.Exists(executedPath))
            return null;
        IEnumerable<JsonObject> bundles = NotebookDocument.Read(executedPath).Cells
            .SelectMany(c => c!["outputs"] as JsonArray ?? [])
            .Select(o => o!["data"] as JsonObject)
            .OfType<JsonObject>();
        foreach (JsonObject data in bundles)
        {
            foreach (string mime in (string[])["image/png", "image/jpeg"])
            {
                if (data[mime] is { } picture)
                    return $"data:{mime};base64,{NotebookDocument.Text(picture).ReplaceLineEndings(string.Empty)}";
            }

            if (data["text/html"] is { } html && DataPicture().Match(NotebookDocument.Text(html)) is { Success: true } match)
                return match.Groups[1].Value;
        }

        return null;
    }

    [GeneratedRegex(@"<img[^>]*\ssrc=[""'](data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=]+)[""']")]
    private static partial Regex DataPicture();
}
