using VisionCell.Notebooks.Sessions;

namespace VisionCell.Notebooks.Tests;

public sealed class DisplayTests : IDisposable
{
    private readonly SessionProbe _session = new();

    public void Dispose() => _session.Dispose();

    [Theory]
    [InlineData("display(\"<b>x</b>\", \"text/html\");", "text/html", "<b>x</b>")]
    [InlineData("\"<b>x</b>\".DisplayAs(\"text/html\");", "text/html", "<b>x</b>")]
    [InlineData("\"<b>x</b>\".Display(\"text/html\");", "text/html", "<b>x</b>")]
    [InlineData("\"# head\".DisplayAs(\"text/markdown\");", "text/markdown", "# head")]
    [InlineData("display(5);", "text/plain", "5")]
    [InlineData("5.Display();", "text/plain", "5")]
    [InlineData("KernelInvocationContext.Current.Display(5);", "text/plain", "5")]
    [InlineData("new[] { 1, 2 }.Display(\"application/json\");", "application/json", "[1,2]")]
    [InlineData("((string)null).Display();", "text/plain", "<null>")]
    public async Task A_value_is_shown_in_the_type_asked_for(string code, string mime, string text)
    {
        await _session.Must(code);
        var shown = (DisplayOutput)Assert.Single(_session.Outputs);
        Assert.Equal(text, shown.Data[mime]);
        Assert.NotEmpty(shown.DisplayId);
    }

    [Fact]
    public async Task A_list_is_a_table_in_html_with_a_text_fallback()
    {
        CellResult result = await _session.Must("new List<int> { 11, 22 }");
        Assert.Contains("22", result.Value!["text/html"], StringComparison.Ordinal);
        Assert.Contains("22", result.Value["text/plain"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("display")]
    [InlineData("KernelInvocationContext.Current.Display")]
    public async Task An_update_names_the_display_that_it_replaces_also_from_a_later_cell(string display)
    {
        await _session.Must($"var shown = {display}(\"one\");");
        await _session.Must("shown.Update(\"two\");");
        var first = (DisplayOutput)_session.Outputs[0];
        var second = (UpdateOutput)_session.Outputs[1];
        Assert.Equal(first.DisplayId, second.DisplayId);
        Assert.Equal("two", second.Data["text/plain"]);
    }

    [Fact]
    public async Task An_update_keeps_the_type_that_was_asked_for()
    {
        await _session.Must("display(\"<i>1</i>\", \"text/html\").Update(\"<i>2</i>\");");
        Assert.Equal("<i>2</i>", ((UpdateOutput)_session.Outputs[1]).Data["text/html"]);
    }

    [Fact]
    public void Json_goes_out_as_json_and_the_rest_as_text()
    {
        MimeBundle bundle = MimeBundle.Literal("{\"a\": 1}", "application/json", "text/plain");
        Assert.Equal("""{"application/json":{"a":1},"text/plain":"{\u0022a\u0022: 1}"}""", bundle.ToJson().ToJsonString());
    }
}
