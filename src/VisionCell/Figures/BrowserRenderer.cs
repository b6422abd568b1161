using System.Diagnostics;
using VisionCell.Volumes;

namespace VisionCell.Figures;

/// <summary>
/// Draws a figure with a headless Chromium, WebGL in software: a page calls Plotly.toImage and leaves the result in its
/// document, which the browser prints. No driver and no port are needed.
/// </summary>
internal static class BrowserRenderer
{
    private const string Mark = "data:image/png;base64,";

    // WebGL in software takes seconds for a mesh; a volume of many layers has been seen to take a minute on two busy cores.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    public static byte[] Render(Figure figure, int width, int height, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("visioncell-figure");
        try
        {
            var page = Path.Combine(folder.FullName, "figure.html");
            File.WriteAllText(page, $$"""
                <!DOCTYPE html><html><body>{{PlotlyScript.Element}}<pre id="result"></pre><script>
                var spec = {{PlotlyJson.ToScript(PlotlyJson.Expand(figure.Spec())!)}};
                spec.layout.width = {{width}}; spec.layout.height = {{height}};
                VisionCellPlotly.toImage({data: spec.data, layout: spec.layout}, {format: 'png', width: {{width}}, height: {{height}}})
                  .then(function (url) { document.getElementById('result').textContent = url; },
                        function (e) { document.getElementById('result').textContent = 'failed: ' + e; });
                </script></body></html>
                """);
            var dom = DumpDom(page, folder.FullName, cancellation);
            var start = dom.IndexOf(Mark, dom.IndexOf("<pre id=\"result\">", StringComparison.Ordinal), StringComparison.Ordinal);
            if (start < 0)
                throw new BadInputException($"'{figure.Title}': the browser drew nothing; save it with SaveHtml, or its static picture with SavePicture");
            start += Mark.Length;
            return Convert.FromBase64String(dom[start..dom.IndexOf('<', start)]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The document of a page after its scripts have run.</summary>
    /// <exception cref="BadInputException">No Chromium is installed, or it fails.</exception>
    internal static string DumpDom(string page, string profile, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Find()) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
            "--allow-file-access-from-files", "--disable-dev-shm-usage", $"--user-data-dir={profile}", "--virtual-time-budget=20000", "--dump-dom", new Uri(page).AbsoluteUri])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(s_patience);
        using var _ = patience.Token.Register(() => process.Kill(entireProcessTree: true));
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var dom = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        if (patience.IsCancellationRequested)
            throw new BadInputException($"{start.FileName} drew nothing within {s_patience.TotalMinutes:0} minutes: the figure is too large for WebGL in software; save it with SaveHtml, or its static picture with SavePicture");
        if (process.ExitCode != 0)
            throw new BadInputException($"{start.FileName} ended with code {process.ExitCode}: {errors.Result.Trim().ReplaceLineEndings(" ")}");
        return dom;
    }

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("VISIONCELL_CHROMIUM") is { Length: > 0 } given)
            return File.Exists(given) ? given : throw new BadInputException($"VISIONCELL_CHROMIUM names {given}, which does not exist");
        var names = (string[])["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return names.SelectMany(n => folders.Select(f => Path.Combine(f, n))).FirstOrDefault(File.Exists)
            ?? throw new BadInputException("exact pictures need Chromium, which is not on the PATH: apt-get install chromium-headless-shell (or name it in VISIONCELL_CHROMIUM); SavePicture draws without it");
    }
}
