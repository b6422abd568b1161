using VisionCell.Volumes;

namespace VisionCell.Figures.Publication;

/// <summary>How a printed figure looks: its width and its letters.</summary>
/// <param name="WidthMm">Width on paper, mm.</param>
/// <param name="MaxHeightMm">Height on paper that leaves room for the caption, mm.</param>
/// <param name="Font">Font families, the preferred one first.</param>
/// <param name="TextPt">Size of text, points.</param>
/// <param name="SmallPt">Size of numbers at ticks, points.</param>
/// <param name="LetterPt">Size of the bold panel letters, points.</param>
/// <param name="LinePt">Width of curves, points.</param>
/// <param name="AxisPt">Width of axes and ticks, points.</param>
public sealed record FigureStyle(
    double WidthMm, double MaxHeightMm = 170, string Font = FigureStyle.SansSerif, double TextPt = 7, double SmallPt = 6, double LetterPt = 8, double LinePt = 1, double AxisPt = 0.5)
{
    /// <summary>Arial as journals ask for it; Liberation Sans and Helvetica have the same widths.</summary>
    public const string SansSerif = "Arial, Helvetica, 'Liberation Sans', sans-serif";

    /// <summary>
    /// Styles by name. Nature's widths (89 and 183 mm), height (170 mm), text of 5 to 7 pt in Arial and bold lower-case letters are
    /// those of https://research-figure-guide.nature.com (read November 2026); 88 and 180 mm suit most two-column journals.
    /// </summary>
    public static IReadOnlyDictionary<string, FigureStyle> Presets { get; } = new Dictionary<string, FigureStyle>
    {
        ["single-column"] = new(88),
        ["double-column"] = new(180),
        ["nature-single"] = new(89),
        ["nature-double"] = new(183),
    };

    /// <summary>The style of that name.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public static FigureStyle Preset(string name) => Presets.GetValueOrDefault(name)
        ?? throw new BadInputException($"preset '{name}' is not known: {string.Join(", ", Presets.Keys)}");
}
