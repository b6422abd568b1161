using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using VisionCell.Figures;
using VisionCell.Figures.Publication;
using VisionCell.Runs;

namespace VisionCell.Tests.Figures;

/// <summary>Provenance comes back out of each kind of file as it went in.</summary>
public sealed class FigureMetadataTests
{
    private static readonly FigureProvenance s_provenance = new(
        "a", "Errors < 5 & \u2212 \u00B5m", "sections", JsonSerializer.SerializeToElement(new { z = 3 }), new Dictionary<string, DataRecord> { ["linear"] = new("volumes/linear.zarr", "12ab") },
        "demo", new Dictionary<string, DataRecord>(), "0123456", "Vision Cell", "decimate:8", FigureStyle.Preset("single-column"), ["N. \u00D6sterlund (2020) <doi>"]);

    [Fact]
    public void Svg_has_its_size_on_paper_and_its_provenance()
    {
        var svg = FigureMetadata.Svg("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"332.6\" height=\"200\" viewBox=\"0 0 332.6 200\"><rect width=\"1\" height=\"2\"/></svg>", s_provenance, 88, 52.917);
        var root = XDocument.Parse(svg).Root!;
        XNamespace ns = "http://www.w3.org/2000/svg";
        Assert.Equal(("88mm", "52.917mm", "0 0 332.6 200"), ((string?)root.Attribute("width"), (string?)root.Attribute("height"), (string?)root.Attribute("viewBox")));
        Assert.Equal(s_provenance.Title, root.Element(ns + "title")!.Value);
        Assert.Equal(s_provenance.ToJson(), root.Element(ns + "metadata")!.Value);
        Assert.Equal("1", (string?)root.Element(ns + "rect")!.Attribute("width"));
        Assert.Equal(s_provenance.Citations[0], JsonDocument.Parse(root.Element(ns + "metadata")!.Value).RootElement.GetProperty("citations")[0].GetString());
    }

    [Fact]
    public void Png_has_its_resolution_and_its_provenance_and_whole_chunks()
    {
        var png = FigureMetadata.Png(PngEncoder.Encode(new byte[3 * 4 * 2], 4, 2), s_provenance, 600);
        var chunks = Chunks(png);
        Assert.Equal(["IHDR", "pHYs", "tEXt", "tEXt", "tEXt", "IDAT", "IEND"], chunks.Select(c => c.Type));
        // 600 dpi are 23,622 dots a metre.
        Assert.Equal([0, 0, 0x5C, 0x46, 0, 0, 0x5C, 0x46, 1], chunks[1].Data);
        Assert.Equal($"{FigureMetadata.Key}\0{s_provenance.ToJson()}", Encoding.Latin1.GetString(chunks[4].Data));
        using var decoded = OpenCvSharp.Cv2.ImDecode(png, OpenCvSharp.ImreadModes.Color);
        Assert.Equal((4, 2), (decoded.Width, decoded.Height));
    }

    [Fact]
    public void Pdf_keeps_its_bytes_and_gets_a_second_information_dictionary()
    {
        const string Before = "%PDF-1.4\n1 0 obj\n<</CreationDate (D:20261126184400+00'00')>>\nendobj\n2 0 obj\n<</Type /Catalog>>\nendobj\nxref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000070 00000 n \ntrailer\n<</Size 3\n/Root 2 0 R\n/Info 1 0 R>>\nstartxref\n111\n%%EOF\n";
        var after = Encoding.Latin1.GetString(FigureMetadata.Pdf(Encoding.Latin1.GetBytes(Before), s_provenance));
        Assert.StartsWith(Before.Replace("20261126184400", "20000101000000", StringComparison.Ordinal), after, StringComparison.Ordinal);
        Assert.Contains("/Title (Errors < 5 & - ?m)", after, StringComparison.Ordinal);
        Assert.Contains("/Size 4 /Root 2 0 R /Info 3 0 R /Prev 111", after, StringComparison.Ordinal);
        // The cross-reference points to the object, and startxref to the cross-reference.
        var table = int.Parse(after[(after.LastIndexOf("startxref\n", StringComparison.Ordinal) + 10)..].Split('\n')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.StartsWith("xref\n3 1\n", after[table..], StringComparison.Ordinal);
        var entry = int.Parse(after[(table + 9)..(table + 19)], System.Globalization.CultureInfo.InvariantCulture);
        Assert.StartsWith("3 0 obj\n", after[entry..], StringComparison.Ordinal);
    }

    [Fact]
    public void Html_names_each_citation()
    {
        var head = FigureMetadata.Html(s_provenance);
        Assert.Contains("<meta name=\"citation\" content=\"N. &#214;sterlund (2020) &lt;doi&gt;\">", head, StringComparison.Ordinal);
        Assert.Contains($"<meta name=\"{FigureMetadata.Key}\" content=\"{{&quot;figure&quot;", head, StringComparison.Ordinal);
    }

    private static List<(string Type, byte[] Data)> Chunks(byte[] png)
    {
        var chunks = new List<(string, byte[])>();
        for (var at = 8; at < png.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            var stored = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan(at + 8 + length));
            Assert.Equal(Crc(png.AsSpan(at + 4, 4 + length)), stored);
            chunks.Add((Encoding.ASCII.GetString(png, at + 4, 4), png[(at + 8)..(at + 8 + length)]));
            at += 12 + length;
        }
        return chunks;
    }

    private static uint Crc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var b in data)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
        }
        return ~crc;
    }
}
