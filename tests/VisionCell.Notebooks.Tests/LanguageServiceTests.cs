using VisionCell.Notebooks.Sessions;

namespace VisionCell.Notebooks.Tests;

public sealed class LanguageServiceTests : IDisposable
{
    private readonly SessionProbe _session = new();
    private readonly LanguageService _language;

    public LanguageServiceTests() => _language = new LanguageService(_session.Session);

    public void Dispose()
    {
        _language.Dispose();
        _session.Dispose();
    }

    [Theory]
    [InlineData("1 + 1", CellCompleteness.Complete)]
    [InlineData("int x = 1;", CellCompleteness.Complete)]
    [InlineData("for (;;) {", CellCompleteness.Incomplete)]
    [InlineData("void F()", CellCompleteness.Incomplete)]
    [InlineData("var s = @\"open", CellCompleteness.Incomplete)]
    [InlineData("1 +", CellCompleteness.Incomplete)]
    [InlineData("}", CellCompleteness.Invalid)]
    [InlineData("", CellCompleteness.Complete)]
    public void A_cell_is_complete_when_it_can_be_run(string code, CellCompleteness expected) =>
        Assert.Equal(expected, LanguageService.Completeness(code));

    [Fact]
    public async Task Completion_knows_the_variables_and_methods_of_the_session()
    {
        await _session.Must("var measured = new List<double> { 1 }; int Measure(int depth) => depth;");
        Completions names = await Complete("Mea");
        Assert.Equal((0, 3), (names.Start, names.End));
        Assert.Equal(["Measure", "measured"], names.Matches.Select(m => m.Text).Order(StringComparer.Ordinal));
        Completions members = await Complete("measured.Cou");
        Assert.Equal(9, members.Start);
        Assert.Contains(members.Matches, m => m is { Text: "Count", Kind: "Property" });
        await _session.Must("var later = 1;");
        Assert.Contains("later", (await Complete("lat")).Matches.Select(m => m.Text));
    }

    [Fact]
    public async Task Completion_of_nothing_known_is_empty() => Assert.Empty((await Complete("zzzznothing")).Matches);

    [Fact]
    public async Task Inspection_shows_signature_and_documentation()
    {
        await _session.Must($"#r \"{typeof(VisionCell.Volumes.Shape3).Assembly.Location}\"\nusing VisionCell.Volumes; var shape = new Shape3(1, 2, 3);");
        Assert.Equal("Shape3 shape", (await Inspect("shape"))!.Split('\n')[0]);
        string? type = await Inspect("Shape3");
        Assert.Contains("VisionCell.Volumes.Shape3", type, StringComparison.Ordinal);
        Assert.Contains("\n\n", type, StringComparison.Ordinal);
        Assert.StartsWith("byte System.Math.Max(byte val1, byte val2)", await Inspect("Math.Max("), StringComparison.Ordinal);
        Assert.Null(await Inspect("   "));
    }

    private async Task<Completions> Complete(string code) => await _language.CompleteAsync(code, code.Length, TestContext.Current.CancellationToken);

    private async Task<string?> Inspect(string code) => await _language.InspectAsync(code, code.Length, TestContext.Current.CancellationToken);
}
