using VisionCell.Figures;
using VisionCell.Volumes;

namespace VisionCell.Tests.Figures;

[Collection("Figures")]
public class PageTests
{
    private const string Library = "plotly.js v2.28.0";

    private static Figure Small(string title = "small") =>
        Show.Sections(new Volume<byte>(new Shape3(4, 4, 4), new VoxelSize(1, 1, 1), default, Provenance.Of("zero")), title);

    [Fact]
    public void A_page_gets_plotly_once_and_the_next_page_again()
    {
        for (var page = 0; page < 2; page++)
        {
            PlotlyScript.BeginPage();
            var first = Small();
            Assert.Contains(Library, first.ToHtml(), StringComparison.Ordinal);
            Assert.DoesNotContain(Library, first.ToHtml(), StringComparison.Ordinal); // displayed again
            Assert.DoesNotContain(Library, Small().ToHtml(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_page_that_has_plotly_at_its_top_gets_none_with_its_figures()
    {
        for (var again = 0; again < 2; again++)
        {
            Assert.Contains(Library, PlotlyScript.ForPage(), StringComparison.Ordinal);
            Assert.DoesNotContain(Library, Small().ToHtml(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_library_is_hidden_from_require_js_and_cannot_end_its_element()
    {
        var element = PlotlyScript.Element;
        Assert.StartsWith("<script type=\"text/javascript\">(function(){var define=undefined,module=undefined,exports=undefined", element, StringComparison.Ordinal);
        Assert.Contains("}).call(window);", element, StringComparison.Ordinal);
        Assert.Equal(element.Length - "</script>\n".Length, element.IndexOf("</script", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("src=\"http", element, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_display_has_its_own_place_and_shows_the_picture_until_it_is_drawn()
    {
        var figure = Small();
        string first = figure.ToHtml(), second = figure.ToHtml();
        string Id(string html) => html[(html.IndexOf("id=\"visioncell-", StringComparison.Ordinal) + 4)..][..43];
        Assert.NotEqual(Id(first), Id(second));
        Assert.Contains($"push([\"{Id(second)}\",", second, StringComparison.Ordinal);
        Assert.Contains($"src=\"data:image/png;base64,{Convert.ToBase64String(figure.Picture)}\"", second, StringComparison.Ordinal);
    }

    [Fact]
    public void A_saved_page_stands_alone()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("vc-figure").FullName, "deep", "f.html");
        Small("<title>").SaveHtml(path);
        var html = File.ReadAllText(path);
        Assert.StartsWith("<!DOCTYPE html>", html, StringComparison.Ordinal);
        Assert.Contains(Library, html, StringComparison.Ordinal);
        Assert.Contains("<title>&lt;title&gt;</title>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script src", html, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(Path.GetDirectoryName(path))!, recursive: true);
    }

    [Fact]
    public void Notebook_hosts_find_the_formatters_by_convention()
    {
        // As dotnet-interactive does it: by name, and by reflection alone.
        var attribute = typeof(Figure).GetCustomAttributes(inherit: true).Single(a => a.GetType().Name == "TypeFormatterSourceAttribute");
        var type = (Type)attribute.GetType().GetProperty("FormatterSourceType")!.GetValue(attribute)!;
        var preferred = (string[])attribute.GetType().GetProperty("PreferredMimeTypes")!.GetValue(attribute)!;
        Assert.Equal(["text/html", "image/png"], preferred);
        var source = Activator.CreateInstance(type)!;
        var formatters = ((IEnumerable<object>)type.GetMethod("CreateTypeFormatters")!.Invoke(source, null)!).ToList();
        var texts = formatters.ToDictionary(f => (string)f.GetType().GetProperty("MimeType")!.GetValue(f)!, f =>
        {
            using var writer = new StringWriter();
            Assert.True((bool)f.GetType().GetMethod("Format")!.Invoke(f, [Small(), writer])!);
            return writer.ToString();
        });
        Assert.Contains("class=\"visioncell-figure\"", texts["text/html"], StringComparison.Ordinal);
        Assert.Equal(0x89, Convert.FromBase64String(texts["image/png"])[0]);
        Assert.Equal("Figure: small", texts["text/plain"]);
    }

    [Fact]
    public void Microsofts_formatting_package_shows_a_figure_as_html_and_picture()
    {
        Assert.Equal(["text/html", "image/png"], Microsoft.DotNet.Interactive.Formatting.Formatter.GetPreferredMimeTypesFor(typeof(Figure)));
        var html = Microsoft.DotNet.Interactive.Formatting.Formatter.ToDisplayString(Small(), "text/html");
        Assert.Contains("class=\"visioncell-figure\"", html, StringComparison.Ordinal);
    }
}
