using System.Buffers.Binary;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace VisionCell.Figures.Publication;

/// <summary>Writes provenance into the files of a figure, where each format keeps such things.</summary>
internal static partial class FigureMetadata
{
    /// <summary>Name under which all formats but PDF carry the provenance.</summary>
    public const string Key = "visioncell:provenance";

    /// <summary>
    /// SVG as Plotly draws it, at its size on paper, with a title and <c>metadata</c>.
    /// </summary>
    public static string Svg(string svg, FigureProvenance provenance, double widthMm, double heightMm)
    {
        var size = RootSize().Match(svg);
        var end = svg.IndexOf('>', StringComparison.Ordinal);
        var root = RootSize().Replace(svg[..end], "", 1);
        var box = root.Contains("viewBox", StringComparison.Ordinal) ? "" : $" viewBox=\"0 0 {size.Groups[1].Value} {size.Groups[2].Value}\"";
        return FormattableString.Invariant(
            $"{root} width=\"{widthMm:0.###}mm\" height=\"{heightMm:0.###}mm\"{box}><title>{WebUtility.HtmlEncode(provenance.Title)}</title><metadata id=\"{Key}\">{WebUtility.HtmlEncode(provenance.ToJson())}</metadata>{svg[(end + 1)..]}");
    }

    /// <summary>PNG with its resolution (<c>pHYs</c>) and text (<c>tEXt</c>), which stand before the pixels.</summary>
    public static byte[] Png(byte[] png, FigureProvenance provenance, double dpi)
    {
        var physical = new byte[9];
        var perMetre = (uint)Math.Round(dpi / 0.0254);
        BinaryPrimitives.WriteUInt32BigEndian(physical, perMetre);
        BinaryPrimitives.WriteUInt32BigEndian(physical.AsSpan(4), perMetre);
        physical[8] = 1; // metre
        static byte[] Text(string key, string text) => [.. Encoding.Latin1.GetBytes(key), 0, .. Encoding.Latin1.GetBytes(text)];
        // The first chunk is IHDR: 8 bytes of signature, then 4 + 4 + 13 + 4.
        const int Header = 33;
        using var file = new MemoryStream();
        file.Write(png.AsSpan(0, Header));
        PngEncoder.Chunk(file, "pHYs"u8, physical);
        PngEncoder.Chunk(file, "tEXt"u8, Text("Title", Ascii(provenance.Title)));
        PngEncoder.Chunk(file, "tEXt"u8, Text("Software", Ascii(provenance.Software)));
        PngEncoder.Chunk(file, "tEXt"u8, Text(Key, provenance.ToJson()));
        file.Write(png.AsSpan(Header));
        return file.ToArray();
    }

    /// <summary>Elements for the head of a page.</summary>
    public static string Html(FigureProvenance provenance) => string.Concat(
        provenance.Citations.Select(c => $"<meta name=\"citation\" content=\"{WebUtility.HtmlEncode(c)}\">\n")
            .Prepend($"<meta name=\"{Key}\" content=\"{WebUtility.HtmlEncode(provenance.ToJson())}\">\n"));

    /// <summary>
    /// A PDF of Chromium with a new information dictionary, by an incremental update: the new object, a cross-reference section and a
    /// trailer that names the old one stand behind the file. Source: ISO 32000-1:2008, 7.5.6 and 14.3.3. The dates of the old
    /// dictionary and of the tags in it are set to one fixed day first, at the same length, so that the file does not tell when it was made.
    /// </summary>
    public static byte[] Pdf(byte[] pdf, FigureProvenance provenance)
    {
        // One byte a character, so that places in the text are places in the file.
        var text = PdfDate().Replace(Encoding.Latin1.GetString(pdf), "(D:20000101000000+00'00')");
        var trailer = text.LastIndexOf("trailer", StringComparison.Ordinal);
        var start = PdfStart().Matches(text).LastOrDefault();
        var size = trailer < 0 ? Match.Empty : PdfSize().Match(text, trailer);
        var root = trailer < 0 ? Match.Empty : PdfRoot().Match(text, trailer);
        if (start is null || !size.Success || !root.Success)
            return Encoding.Latin1.GetBytes(text); // cross-reference stream: no place for a plain update
        var number = int.Parse(size.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
        var at = text.Length + 1;
        var info = $"{number} 0 obj\n<</Title {PdfText(provenance.Title)} /Creator {PdfText(provenance.Software)} /Subject {PdfText(provenance.Protocol ?? "")} /Keywords {PdfText(provenance.ToJson())}>>\nendobj\n";
        var table = at + info.Length;
        return Encoding.Latin1.GetBytes(
            $"{text}\n{info}xref\n{number} 1\n{at:D10} 00000 n \ntrailer\n<</Size {number + 1} /Root {root.Groups[1].Value} /Info {number} 0 R /Prev {start.Groups[1].Value}>>\nstartxref\n{table}\n%%EOF\n");
    }

    private static string PdfText(string text) => $"({Ascii(text).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("(", "\\(", StringComparison.Ordinal).Replace(")", "\\)", StringComparison.Ordinal)})";

    private static string Ascii(string text) => string.Concat(text.Select(c => c is '\u2212' or '\u2013' ? "-" : c is >= ' ' and <= '~' ? c.ToString() : "?"));

    [GeneratedRegex(" width=\"([0-9.]+)\" height=\"([0-9.]+)\"")]
    private static partial Regex RootSize();

    [GeneratedRegex(@"\(D:\d{14}\+00'00'\)")]
    private static partial Regex PdfDate();

    [GeneratedRegex(@"startxref\s+(\d+)")]
    private static partial Regex PdfStart();

    [GeneratedRegex(@"/Size\s+(\d+)")]
    private static partial Regex PdfSize();

    [GeneratedRegex(@"/Root\s+(\d+ \d+ R)")]
    private static partial Regex PdfRoot();
}
