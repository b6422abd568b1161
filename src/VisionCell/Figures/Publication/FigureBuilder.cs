using System.Diagnostics;
using System.Globalization;
using System.Text;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Figures.Publication;

/// <summary>What came of one figure.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Reason">Why it was made; null where it was unchanged and left as it is.</param>
/// <param name="Files">Its files, absolute.</param>
/// <param name="Seconds">Time that it took, s.</param>
public sealed record BuiltFigure(string Id, string? Reason, IReadOnlyList<string> Files, double Seconds);

/// <summary>
/// Makes the figures of a manifest from what a run recorded: those whose inputs, parameters, style, code, browser or files have
/// changed, and no others. The same inputs give the same bytes on one machine.
/// </summary>
/// <param name="run">The run's folder, which the manifest's paths start from.</param>
/// <param name="output">Where the files go, and <c>figures.json</c>, which says what they were made from.</param>
/// <param name="messages">Told of each figure why it is made, or that it is unchanged.</param>
public sealed class FigureBuilder(string run, string output, IProgress<string>? messages = null)
{
    // Of the picture that stands in the page until the view is drawn: pixels for each CSS pixel.
    private const double PageScale = 2;

    private readonly Dictionary<string, string> _hashes = [];

    /// <summary>Makes what has changed.</summary>
    /// <param name="manifest">The figures.</param>
    /// <param name="only">Ids of those wanted; null for all.</param>
    /// <param name="force">Whether unchanged ones are made as well.</param>
    /// <param name="cancellation">Stops between and within figures; those done stay done.</param>
    /// <exception cref="BadInputException">An id is unknown, an input is not there or does not suit, or no Chromium is installed.</exception>
    public IReadOnlyList<BuiltFigure> Build(FigureManifest manifest, IReadOnlyCollection<string>? only = null, bool force = false, CancellationToken cancellation = default)
    {
        if (only?.FirstOrDefault(id => manifest.Figures.All(f => f.Id != id)) is { } unknown)
            throw new BadInputException($"no figure '{unknown}' in the manifest: {string.Join(", ", manifest.Figures.Select(f => f.Id))}");
        if (!Directory.Exists(run))
            throw new BadInputException($"{run}: no such folder; give the folder of a run with --run");
        var wanted = manifest.Figures.Where(f => only is null || only.Contains(f.Id)).ToList();
        // All of them first: what is missing is found before anything is drawn.
        var inputs = wanted.ToDictionary(f => f.Id, Locate);
        var record = Path.Combine(run, "run.json") is var file && File.Exists(file) ? RunRecord.Read(file) : null;
        var browser = Chromium.Version();
        Directory.CreateDirectory(output);
        var ledger = new FigureLedger(output);
        var built = new List<BuiltFigure>();
        using var renderer = new BrowserRenderer();
        foreach (var entry in wanted)
        {
            cancellation.ThrowIfCancellationRequested();
            var clock = Stopwatch.StartNew();
            var drawing = Describe(manifest, entry, inputs[entry.Id], record, browser);
            var names = drawing.Formats.Select(f => FileName(entry.Id, f)).ToList();
            var reason = drawing.State.WhyAgain(ledger[entry.Id], output, names) ?? (force ? "asked for" : null);
            if (reason is not null)
            {
                messages?.Report($"{entry.Id}: {reason}");
                var files = Draw(drawing, renderer, cancellation);
                foreach (var (name, content) in files)
                    AtomicWrite.File(Path.Combine(output, name), stream => stream.Write(content));
                ledger.Set(entry.Id, drawing.State with { Files = files.ToDictionary(f => f.Key, f => ContentHash.OfBytes(f.Value)) });
            }
            else
            {
                messages?.Report($"{entry.Id}: unchanged");
            }
            built.Add(new BuiltFigure(entry.Id, reason, [.. names.Select(n => Path.Combine(output, n))], Math.Round(clock.Elapsed.TotalSeconds, 2)));
        }
        return built;
    }

    /// <summary>The notebooks of wanted figures whose inputs are not all there, each once, in the order of the figures.</summary>
    /// <param name="manifest">The figures.</param>
    /// <param name="only">Ids of those wanted; null for all.</param>
    public IReadOnlyList<FigureNotebook> NotebooksToRun(FigureManifest manifest, IReadOnlyCollection<string>? only = null) =>
        [.. manifest.Figures.Where(f => only is null || only.Contains(f.Id)).Where(f => f.Inputs.Values.Any(path => !Path.Exists(Path.GetFullPath(path, Path.GetFullPath(run))))).Select(f => f.Notebook).OfType<FigureNotebook>().DistinctBy(n => n.Path)];

    private static string FileName(string id, FigureFormat format) => $"{id}.{format.ToString().ToLowerInvariant()}";

    private Dictionary<string, string> Locate(FigureEntry entry)
    {
        var paths = new Dictionary<string, string>();
        foreach (var (role, path) in entry.Inputs)
        {
            paths[role] = Path.GetFullPath(path, Path.GetFullPath(run));
            if (!Path.Exists(paths[role]))
                throw new BadInputException($"figure '{entry.Id}': its input '{role}' is not there: {paths[role]}; make it, or leave the figure out with --only");
        }
        return paths;
    }

    private sealed record Drawing(
        FigureEntry Entry, FigureFunction Function, FigureStyle Style, int Dpi, IReadOnlyList<FigureFormat> Formats, IReadOnlyDictionary<string, string> Paths, FigureProvenance Provenance, FigureState State);

    private Drawing Describe(FigureManifest manifest, FigureEntry entry, Dictionary<string, string> paths, RunRecord? record, string browser)
    {
        var function = FigureFunctions.Require(entry.Function);
        var (style, dpi) = (manifest.StyleOf(entry), entry.Dpi ?? manifest.Dpi);
        var parameters = function.Parameters(entry);
        var hashes = paths.ToDictionary(p => p.Key, p => _hashes.TryGetValue(p.Value, out var known) ? known : _hashes[p.Value] = ContentHash.OfPath(p.Value));
        var software = $"Vision Cell {CodeVersion.Informational}, plotly.js 2.28.0, {browser}";
        var provenance = new FigureProvenance(
            entry.Id, entry.Title ?? function.Title, function.Name, parameters, entry.Inputs.ToDictionary(i => i.Key, i => new DataRecord(i.Value, hashes[i.Key])), record?.Run,
            record?.Data ?? new Dictionary<string, DataRecord>(), record?.Commit, software, entry.Protocol, style,
            [.. (manifest.Citations ?? []).Concat(entry.Citations ?? []).Concat(function.Citations)]);
        var state = new FigureState(
            function.Name, hashes, ContentHash.OfString(parameters.GetRawText()),
            ContentHash.Combine(Configuration.ToJson(style), FormattableString.Invariant($"{entry.HeightMm} {dpi}")),
            ContentHash.Combine([provenance.Title, entry.Protocol ?? "", .. provenance.Citations]), CodeVersion.Current, browser, new Dictionary<string, string>());
        return new Drawing(entry, function, style, dpi, manifest.FormatsOf(entry), paths, provenance, state);
    }

    private static Dictionary<string, byte[]> Draw(Drawing d, BrowserRenderer renderer, CancellationToken cancellation)
    {
        var inputs = new FigureInputs(d.Paths, cancellation);
        PanelSheet Sheet(bool isInteractive) => d.Function.Draw(d.Entry, new FigureRequest(inputs, d.Style, d.Entry.HeightMm, d.Dpi, isInteractive));
        bool Has(FigureFormat format) => d.Formats.Contains(format);
        var sheet = Sheet(isInteractive: false);
        if (sheet.Height > d.Style.MaxHeightMm && d.Entry.HeightMm is null)
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"figure '{d.Entry.Id}': its panels need {sheet.Height:0} mm, more than the {d.Style.MaxHeightMm:0} mm of the page: give heightMm, a smaller widthMm or fewer inputs"));
        var title = d.Provenance.Title;
        var paper = sheet.ToFigure(title, () => []);
        double[] scales = [.. Has(FigureFormat.Png) ? [d.Dpi / 96.0] : Array.Empty<double>(), .. Has(FigureFormat.Html) ? [PageScale] : Array.Empty<double>()];
        var (svg, pngs) = renderer.Draw(paper, PanelSheet.Pixels(sheet.Width), PanelSheet.Pixels(sheet.Height), scales, cancellation);
        var marked = FigureMetadata.Svg(svg, d.Provenance, sheet.Width, sheet.Height);
        var files = new Dictionary<string, byte[]>();
        foreach (var format in d.Formats)
        {
            files[FileName(d.Entry.Id, format)] = format switch
            {
                FigureFormat.Svg => Encoding.UTF8.GetBytes(marked),
                FigureFormat.Pdf => FigureMetadata.Pdf(renderer.PrintPdf(marked, sheet.Width, sheet.Height, title, cancellation), d.Provenance),
                FigureFormat.Png => FigureMetadata.Png(pngs[0], d.Provenance, d.Dpi),
                _ => Encoding.UTF8.GetBytes(Sheet(isInteractive: true).ToFigure(title, () => pngs[^1]).ToPage(FigureMetadata.Html(d.Provenance))),
            };
        }
        return files;
    }
}
