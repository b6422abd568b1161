using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Markdig;

namespace VisionCell.Notebooks.Running;

/// <summary>
/// One page of an executed notebook that needs no network: text rendered, code highlighted, outputs live. HTML outputs stand in the
/// page as they are, scripts included: the page is as trusted as the notebook that made it.
/// </summary>
public static partial class NotebookHtml
{
    private static readonly MarkdownPipeline Markdown = new MarkdownPipelineBuilder().UsePipeTables().UseAutoIdentifiers().UseAutoLinks().Build();

    // Richest first. Plotly's own MIME type needs a script that the page does not bring; figures here come as HTML.
    private static readonly string[] Preference =
        ["text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "application/json", "text/plain"];

    /// <summary>The notebook's first heading, or null.</summary>
    public static string? TitleOf(NotebookDocument notebook)
    {
        foreach (JsonNode? cell in notebook.Cells)
        {
            if (NotebookDocument.IsOfType(cell!, "markdown") && Heading().Match(NotebookDocument.SourceOf(cell!)) is { Success: true } match)
                return match.Groups[1].Value.Trim();
        }

        return null;
    }

    /// <summary>The page.</summary>
    public static string Render(NotebookDocument notebook, string title)
    {
        var html = new StringBuilder();
        html.Append(PageStyle.Begin(title));
        foreach (JsonNode? cell in notebook.Cells)
            AppendCell(html, cell!);
        html.Append("</main>\n</body>\n</html>\n");
        return html.ToString();
    }

    internal static string? FirstLine(string markdown)
    {
        string? line = markdown.Split('\n').Select(l => l.TrimStart('#', ' ').Trim()).FirstOrDefault(l => l.Length > 0);
        return line is { Length: > 100 } ? line[..99] + "…" : line;
    }

    private static void AppendCell(StringBuilder html, JsonNode cell)
    {
        string source = NotebookDocument.SourceOf(cell);
        if (NotebookDocument.IsOfType(cell, "markdown"))
        {
            html.Append("<section class=\"text\">").Append(Markdig.Markdown.ToHtml(WithAttachments(source, cell), Markdown)).Append("</section>\n");
            return;
        }

        if (!NotebookDocument.IsOfType(cell, "code"))
            return;
        html.Append("<section class=\"code\">\n");
        if (source.Length > 0)
        {
            string count = cell["execution_count"]?.ToString() ?? " ";
            html.Append(CultureInfo.InvariantCulture, $"<div class=\"count\">[{count}]</div><pre class=\"source\">");
            html.Append(CodeHighlighter.ToHtml(source)).Append("</pre>\n");
        }

        foreach (JsonNode? output in cell["outputs"] as JsonArray ?? [])
            AppendOutput(html, output!);
        html.Append("</section>\n");
    }

    private static void AppendOutput(StringBuilder html, JsonNode output)
    {
        switch (output["output_type"]?.GetValue<string>())
        {
            case "stream":
                string kind = output["name"]?.GetValue<string>() == "stderr" ? "stderr" : "stdout";
                html.Append(CultureInfo.InvariantCulture, $"<pre class=\"{kind}\">").Append(Plain(NotebookDocument.Text(output["text"]))).Append("</pre>\n");
                break;
            case "error":
                string trace = string.Join('\n', ((JsonArray)output["traceback"]!).Select(l => l!.GetValue<string>()));
                html.Append("<pre class=\"error\">").Append(Plain(trace.Length > 0 ? trace : $"{output["ename"]}: {output["evalue"]}")).Append("</pre>\n");
                break;
            case "display_data" or "execute_result" when output["data"] is JsonObject data:
                AppendData(html, data);
                break;
            default:
                break;
        }
    }

    private static void AppendData(StringBuilder html, JsonObject data)
    {
        string? mime = Preference.FirstOrDefault(data.ContainsKey);
        if (mime is null)
            return;
        JsonNode value = data[mime]!;
        string content = mime == "application/json" ? value.ToJsonString() : NotebookDocument.Text(value);
        html.Append("<div class=\"output\">");
        switch (mime)
        {
            case "text/html" or "image/svg+xml":
                html.Append(content);
                break;
            case "image/png" or "image/jpeg":
                html.Append(CultureInfo.InvariantCulture, $"<img alt=\"\" src=\"data:{mime};base64,{WebUtility.HtmlEncode(content.ReplaceLineEndings(string.Empty))}\">");
                break;
            case "text/markdown":
                html.Append(Markdig.Markdown.ToHtml(content, Markdown));
                break;
            default:
                html.Append("<pre>").Append(Plain(content)).Append("</pre>");
                break;
        }

        html.Append("</div>\n");
    }

    private static string WithAttachments(string source, JsonNode cell)
    {
        foreach ((string name, JsonNode? bundle) in cell["attachments"] as JsonObject ?? [])
        {
            if (bundle is JsonObject { Count: > 0 } data)
                source = source.Replace($"attachment:{name}", $"data:{data.First().Key};base64,{NotebookDocument.Text(data.First().Value)}", StringComparison.Ordinal);
        }

        return source;
    }

    // Terminal colours are dropped, and of a line that rewrites itself by carriage returns (a progress bar) the last state is kept.
    private static string Plain(string text)
    {
        string clean = Escape().Replace(text.Replace("\r\n", "\n", StringComparison.Ordinal), string.Empty);
        if (clean.Contains('\r', StringComparison.Ordinal))
            clean = string.Join('\n', clean.Split('\n').Select(l => l.TrimEnd('\r').Split('\r')[^1]));
        return WebUtility.HtmlEncode(clean);
    }

    [GeneratedRegex(@"^#\s+(.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"\x1b\[[0-9;]*[A-Za-z]")]
    private static partial Regex Escape();
}
