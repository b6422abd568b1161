using System.Text.Json;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Figures.Publication;

/// <summary>What a figure function is asked for.</summary>
/// <param name="Inputs">What it shows.</param>
/// <param name="Style">Size and letters.</param>
/// <param name="HeightMm">Height on paper, mm; null for what its panels need.</param>
/// <param name="Dpi">Resolution of what is painted here rather than drawn by the browser, dots per inch.</param>
/// <param name="IsInteractive">Whether it is for a browser or for paper.</param>
internal sealed record FigureRequest(FigureInputs Inputs, FigureStyle Style, double? HeightMm, int Dpi, bool IsInteractive)
{
    // Narrower than this, charts stand one below the other.
    private const double Wide = 120;

    public PanelSheet Sheet(double height) => new(Style, HeightMm ?? height, IsInteractive);

    /// <summary>A sheet with lettered places for charts, side by side where the paper is wide enough, one below the other where not.</summary>
    /// <param name="count">How many.</param>
    /// <param name="height">Height of one with its titles, mm.</param>
    /// <param name="above">Room above the first row, mm.</param>
    public (PanelSheet Sheet, Area[] Plots) Charts(int count, double height, double above = 0)
    {
        const double Left = 11, Top = 5, Bottom = 9, Right = 3;
        var columns = Style.WidthMm >= Wide ? count : 1;
        var rows = count / columns;
        var sheet = Sheet(above + rows * height);
        double wide = Style.WidthMm / columns, tall = (sheet.Height - above) / rows;
        return (sheet, [.. Enumerable.Range(0, count).Select(i => new Area(i % columns * wide + Left, above + i / columns * tall + Top, wide - Left - Right, tall - Top - Bottom))]);
    }
}

/// <summary>A function that draws a figure: pure, of recorded inputs and parameters alone.</summary>
public abstract class FigureFunction
{
    private protected FigureFunction(string name, string title, IReadOnlyList<string> required, IReadOnlyList<string> optional, string? series, IReadOnlyList<string> citations)
    {
        (Name, Title, Required, Optional, Series, Citations) = (name, title, required, optional, series, citations);
    }

    /// <summary>How manifests call it.</summary>
    public string Name { get; }

    /// <summary>What it shows.</summary>
    public string Title { get; }

    /// <summary>Inputs that it needs.</summary>
    public IReadOnlyList<string> Required { get; }

    /// <summary>Inputs that it takes where they are given.</summary>
    public IReadOnlyList<string> Optional { get; }

    /// <summary>What inputs of other names are; null where there are none.</summary>
    public string? Series { get; }

    /// <summary>What its methods of drawing and measuring stand on.</summary>
    public IReadOnlyList<string> Citations { get; }

    /// <summary>Refuses an entry whose inputs or parameters don't suit, before anything is read.</summary>
    /// <exception cref="BadInputException">An input is missing or one too many, a parameter is unknown or refused.</exception>
    internal void Check(FigureEntry entry)
    {
        var known = Required.Concat(Optional).ToList();
        if (Required.FirstOrDefault(r => !entry.Inputs.ContainsKey(r)) is { } missing)
            throw new BadInputException($"function '{Name}' needs the input '{missing}'");
        if (Series is null && entry.Inputs.Keys.FirstOrDefault(k => !known.Contains(k)) is { } extra)
            throw new BadInputException($"function '{Name}' takes no input '{extra}': {string.Join(", ", known)}");
        if (Series is not null && entry.Inputs.Keys.All(known.Contains))
            throw new BadInputException($"function '{Name}' needs at least one {Series}, as an input by its name");
        Parameters(entry);
    }

    /// <summary>The parameters of an entry, every default written out.</summary>
    internal abstract JsonElement Parameters(FigureEntry entry);

    internal abstract PanelSheet Draw(FigureEntry entry, FigureRequest request);
}

/// <summary>A figure function with parameters of a type.</summary>
internal sealed class FigureFunction<T>(
    string name, string title, IReadOnlyList<string> required, IReadOnlyList<string> optional, string? series, IReadOnlyList<string> citations, Func<FigureRequest, T, PanelSheet> draw)
    : FigureFunction(name, title, required, optional, series, citations)
{
    internal override JsonElement Parameters(FigureEntry entry) => JsonSerializer.SerializeToElement(Of(entry), Configuration.Json);

    internal override PanelSheet Draw(FigureEntry entry, FigureRequest request) => draw(request, Of(entry));

    private static T Of(FigureEntry entry) => Configuration.Parse<T>(entry.Parameters?.GetRawText() ?? "{}", "parameters");
}

/// <summary>The figure functions by name.</summary>
public static class FigureFunctions
{
    private const string Moreland = "K. Moreland, Diverging color maps for scientific visualization, ISVC 2009, doi:10.1007/978-3-642-10520-3_9 (colours of errors)";
    private const string Viridis = "S. van der Walt and N. Smith, A better default colormap for Matplotlib, SciPy 2015 (colours of amounts)";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<FigureFunction> All { get; } =
    [
        new FigureFunction<SectionsParameters>("sections", "Sections before and after, with their errors", ["reference"], ["observed", "report"], "reconstruction", [Moreland], SectionsFigure.Draw),
        new FigureFunction<NoParameters>("training", "Gain against training time", [], [], "training log", [], TrainingFigure.Draw),
        new FigureFunction<CorrelationParameters>("fourier-shell-correlation", "Fourier shell correlation with the truth", ["reference"], [], "reconstruction",
        [
            "G. Harauz and M. van Heel, Exact filters for general geometry three dimensional reconstruction, Optik 73, 146-156, 1986",
            "P. B. Rosenthal and R. Henderson, J. Mol. Biol. 333, 2003, doi:10.1016/j.jmb.2003.07.013 (threshold)",
            "Y. Z. Tan et al., Nature Methods 14, 2017, doi:10.1038/nmeth.4347 (cone)",
        ], CorrelationFigure.Draw),
        new FigureFunction<UncertaintyParameters>("uncertainty", "Expected and true error", ["reference", "reconstruction", "uncertainty"], ["report"], null,
            [Viridis, "E. Ilg et al., Uncertainty estimates and multi-hypotheses networks for optical flow, ECCV 2018 (sparsification)"], UncertaintyFigure.Draw),
        new FigureFunction<NoParameters>("methods", "Methods compared", ["report"], [], null, [], MethodTableFigure.Draw),
        new FigureFunction<RenderingParameters>("rendering", "Volume and surface", ["volume"], [], null, ["W. E. Lorensen and H. E. Cline, Marching cubes, SIGGRAPH 1987, doi:10.1145/37401.37422"], RenderingFigure.Draw),
    ];

    /// <summary>The function of that name.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public static FigureFunction Require(string name) => All.FirstOrDefault(f => f.Name == name)
        ?? throw new BadInputException($"function '{name}' is not known: {string.Join(", ", All.Select(f => f.Name))}");
}

/// <summary>Of a function that has none.</summary>
internal sealed record NoParameters;
