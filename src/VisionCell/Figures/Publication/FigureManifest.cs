using System.Text.Json;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Figures.Publication;

/// <summary>A kind of file.</summary>
public enum FigureFormat
{
    /// <summary>Vector graphics with text as text; images and 3D views inside are pixels.</summary>
    Svg,

    /// <summary>The same as a page of the figure's size, fonts embedded.</summary>
    Pdf,

    /// <summary>Pixels at print resolution.</summary>
    Png,

    /// <summary>The interactive view, one file that needs no network.</summary>
    Html,
}

/// <summary>The notebook that makes what a figure shows; it takes the run's folder as its parameter <c>output</c>.</summary>
/// <param name="Path">The file, relative to the manifest.</param>
/// <param name="Parameters">Values of its further parameters.</param>
public sealed record FigureNotebook(string Path, IReadOnlyDictionary<string, string>? Parameters = null);

/// <summary>One figure that can be made again at any time from what is recorded.</summary>
/// <param name="Id">Name of its files: letters, digits, dashes.</param>
/// <param name="Function">What draws it (<see cref="FigureFunctions"/>).</param>
/// <param name="Inputs">Files and folders by what they are to the function, relative to the run's folder.</param>
/// <param name="Parameters">Of the function; what is left out has its default.</param>
/// <param name="Title">Stands in the files' metadata and above the interactive view; null for what the function calls it.</param>
/// <param name="Preset">Style (<see cref="FigureStyle.Presets"/>); null for the manifest's.</param>
/// <param name="WidthMm">Width on paper, mm; null for the style's.</param>
/// <param name="HeightMm">Height on paper, mm; null for what its panels need.</param>
/// <param name="Formats">Files to write; null for the manifest's.</param>
/// <param name="Dpi">Resolution of PNG and of 3D views, dots per inch; null for the manifest's.</param>
/// <param name="Protocol">How its numbers were made, in words or by the name of a protocol.</param>
/// <param name="Citations">What to cite beside what the function itself stands on.</param>
/// <param name="Notebook">What makes its inputs where they are not there; null where something else does.</param>
public sealed record FigureEntry(
    string Id,
    string Function,
    IReadOnlyDictionary<string, string> Inputs,
    JsonElement? Parameters = null,
    string? Title = null,
    string? Preset = null,
    double? WidthMm = null,
    double? HeightMm = null,
    IReadOnlyList<FigureFormat>? Formats = null,
    int? Dpi = null,
    string? Protocol = null,
    IReadOnlyList<string>? Citations = null,
    FigureNotebook? Notebook = null);

/// <summary>The figures of a paper as data: <c>visioncell figures build</c> makes what has changed.</summary>
/// <param name="Figures">The figures, in the order in which they are made.</param>
/// <param name="Preset">Style of those that name none.</param>
/// <param name="Dpi">Resolution of those that name none, dots per inch.</param>
/// <param name="Formats">Files of those that name none; null for all.</param>
/// <param name="Citations">What every figure cites, for example where the data come from.</param>
public sealed record FigureManifest(
    IReadOnlyList<FigureEntry> Figures, string Preset = "double-column", int Dpi = 600, IReadOnlyList<FigureFormat>? Formats = null, IReadOnlyList<string>? Citations = null)
{
    private const int FinestDpi = 1200;

    /// <summary>The paper set of the bundled sample: what the notebooks of <c>visioncell demo</c> leave, in six figures.</summary>
    public static FigureManifest Paper
    {
        get
        {
            using var reader = new StreamReader(typeof(FigureManifest).Assembly.GetManifestResourceStream("VisionCell.Figures.paper.json")!);
            return Configuration.Parse<FigureManifest>(reader.ReadToEnd(), "paper.json").Checked("paper.json");
        }
    }

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="BadInputException">The file is missing or no manifest: an unknown key, function or preset, a size out of range.</exception>
    public static FigureManifest Read(string path) => Configuration.Read<FigureManifest>(path).Checked(path);

    /// <summary>The style of one of its figures.</summary>
    internal FigureStyle StyleOf(FigureEntry entry)
    {
        var style = FigureStyle.Preset(entry.Preset ?? Preset);
        return style with { WidthMm = entry.WidthMm ?? style.WidthMm };
    }

    /// <summary>The files of one of its figures.</summary>
    internal IReadOnlyList<FigureFormat> FormatsOf(FigureEntry entry) => entry.Formats ?? Formats ?? Enum.GetValues<FigureFormat>();

    private FigureManifest Checked(string source)
    {
        BadInputException Wrong(string what) => new($"{source}: {what}");
        if (Figures.Count == 0)
            throw Wrong("lists no figure");
        foreach (var entry in Figures)
        {
            if (entry.Id.Length == 0 || entry.Id.Any(c => !char.IsAsciiLetterOrDigit(c) && c != '-'))
                throw Wrong($"figure '{entry.Id}': an id has letters, digits and dashes only, for it names the files");
            try
            {
                FigureFunctions.Require(entry.Function).Check(entry);
                StyleOf(entry);
            }
            catch (BadInputException e)
            {
                throw Wrong($"figure '{entry.Id}': {e.Message}");
            }
            if (entry.WidthMm is < 20 or > 1000 || entry.HeightMm is < 10 or > 1000)
                throw Wrong(FormattableString.Invariant($"figure '{entry.Id}': {entry.WidthMm ?? StyleOf(entry).WidthMm} x {entry.HeightMm} mm: a width is 20 to 1000 mm, a height 10 to 1000"));
            if ((entry.Dpi ?? Dpi) is < 72 or > FinestDpi)
                throw Wrong($"figure '{entry.Id}': {entry.Dpi ?? Dpi} dpi: must be 72 to {FinestDpi}");
        }
        if (Figures.GroupBy(f => f.Id, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw Wrong($"two figures have the id '{twice.Key}': the second would overwrite the first");
        return this;
    }
}
