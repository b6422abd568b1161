using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text;
using VisionCell.Volumes;

namespace VisionCell.Figures;

/// <summary>
/// plotly.js, once a page and without a network. It is read as a resource out of the file Plotly.NET.dll, which is not loaded
/// for it: Plotly.NET needs a newer FSharp.Core than some notebook hosts carry.
/// </summary>
public static class PlotlyScript
{
    private static readonly Lock s_lock = new();
    private static string? s_element;
    private static bool s_isOnPage;

    // figure.js draws what waits as soon as it is read, so it comes last.
    private static readonly string[] s_scripts = ["figure.sections.js", "figure.mesh.js", "figure.js"];

    /// <summary>
    /// Starts a new page (a notebook session, a report): the next figure brings plotly.js along. A process that shows the
    /// figures of one notebook needs no call; one that runs several notebooks calls it before each.
    /// </summary>
    public static void BeginPage()
    {
        lock (s_lock)
            s_isOnPage = false;
    }

    /// <summary>The script element with plotly.js and what draws the figures, 3.6 MB.</summary>
    /// <exception cref="BadInputException">Plotly.NET.dll is not beside this library.</exception>
    public static string Element
    {
        get
        {
            lock (s_lock)
                return s_element ??= Build();
        }
    }

    /// <summary>
    /// The element for the top of a page; the figures that follow bring no copy of their own. Shown by one of the first cells of a
    /// notebook, it stays in the saved notebook whichever figure is made again.
    /// </summary>
    /// <exception cref="BadInputException">Plotly.NET.dll is not beside this library.</exception>
    public static string ForPage()
    {
        lock (s_lock)
            s_isOnPage = true;
        return Element;
    }

    /// <summary>The element for the first figure of a page, nothing for the others.</summary>
    internal static string ElementForPage()
    {
        lock (s_lock)
        {
            if (s_isOnPage)
                return "";
            s_isOnPage = true;
        }
        return Element;
    }

    private static string Build()
    {
        // Jupyter's classic notebook has require.js: a UMD module would register with it instead of with the window. Another
        // plotly.js that the page has already is put back. MathJax stays as the page has configured it.
        return new StringBuilder("<script type=\"text/javascript\">(function(){var define=undefined,module=undefined,exports=undefined,other=window.Plotly;")
            .Append("window.PlotlyConfig=window.PlotlyConfig||{MathJaxConfig:'local'};\n")
            .Append(ReadLibrary().Replace("</script", "<\\/script", StringComparison.OrdinalIgnoreCase))
            .Append("\nwindow.VisionCellPlotly=window.Plotly;if(other)window.Plotly=other;}).call(window);\n")
            .AppendJoin('\n', s_scripts.Select(ReadScript))
            .Append("</script>\n")
            .ToString();
    }

    private static string ReadScript(string name)
    {
        using var reader = new StreamReader(typeof(PlotlyScript).Assembly.GetManifestResourceStream($"VisionCell.Figures.{name}")!);
        return reader.ReadToEnd();
    }

    /// <summary>plotly.min.js as text.</summary>
    internal static string ReadLibrary()
    {
        var file = FindPlotlyNet();
        using var stream = File.OpenRead(file);
        using var image = new PEReader(stream);
        var metadata = image.GetMetadataReader();
        foreach (var handle in metadata.ManifestResources)
        {
            var resource = metadata.GetManifestResource(handle);
            var name = metadata.GetString(resource.Name);
            if (!resource.Implementation.IsNil || !name.Contains("plotly-", StringComparison.Ordinal) || !name.EndsWith(".min.js", StringComparison.Ordinal))
                continue;
            var section = image.GetSectionData(image.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress);
            var content = section.GetReader((int)resource.Offset, section.Length - (int)resource.Offset);
            return content.ReadUTF8(content.ReadInt32()).TrimStart('\uFEFF');
        }
        throw new BadInputException($"{file}: has no plotly.js inside; Plotly.NET 6.0.0 is needed");
    }

    private static string FindPlotlyNet()
    {
        const string Name = "Plotly.NET.dll";
        var places = new List<string> { AppContext.BaseDirectory };
        if (typeof(PlotlyScript).Assembly.Location is { Length: > 0 } here)
            places.Insert(0, Path.GetDirectoryName(here)!);
        places.AddRange(AppDomain.CurrentDomain.GetAssemblies()
            .Where(a => !a.IsDynamic && a.GetName().Name == "Plotly.NET" && a.Location.Length > 0)
            .Select(a => Path.GetDirectoryName(a.Location)!));
        return places.Select(p => Path.Combine(p, Name)).FirstOrDefault(File.Exists)
            ?? throw new BadInputException($"{Name} is not in {places[0]}: figures take plotly.js from it; publish the library with its dependencies");
    }
}
