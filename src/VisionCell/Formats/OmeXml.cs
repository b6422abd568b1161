using System.Globalization;
using System.Xml;
using System.Xml.Linq;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// The OME-XML in the ImageDescription of an OME-TIFF (schema 2016-06; the older ones agree on what is read here): sizes,
/// physical sizes with their units (µm where none is given) and which page holds which section.
/// </summary>
internal static class OmeXml
{
    private const string Schema = "http://www.openmicroscopy.org/Schemas/OME/2016-06";

    public static TiffMetadata Read(string text, TiffPage page, string path)
    {
        XElement root;
        try
        {
            using var reader = XmlReader.Create(new StringReader(text), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
            root = XElement.Load(reader);
        }
        catch (XmlException e)
        {
            var broken = new TiffMetadata();
            broken.Notices.Add($"its OME-XML is damaged and left aside ({e.Message.TrimEnd('.')})");
            return broken;
        }
        if (Children(root, "BinaryOnly").Any())
            throw new BadInputException($"{path}: its OME metadata lie in another file; save the stack as one OME-TIFF");
        var images = Children(root, "Image").ToList();
        if (images.Count > 1)
            throw new BadInputException($"{path}: holds {images.Count} images by its OME metadata; save the one to be used as a file of its own");
        if (images.SelectMany(i => Children(i, "Pixels")).FirstOrDefault() is not { } pixels)
            return new TiffMetadata { Kind = "OME" };

        var (x, y, z, c, t) = (Size("SizeX"), Size("SizeY"), Size("SizeZ"), Size("SizeC"), Size("SizeT"));
        if (x != page.Width || y != page.Height)
            throw new BadInputException($"{path}: its OME metadata say {y} x {x} pixels, its first page has {page.Height} x {page.Width}");
        if (c > 1)
            throw new BadInputException($"{path}: holds {c} channels by its OME metadata; save the one to be used as a stack of its own");
        if (z > 1 && t > 1)
            throw new BadInputException($"{path}: holds {t} time points of {z} sections by its OME metadata; save one time point as a stack of its own");
        var plane = Children(pixels, "Plane").FirstOrDefault(p => (string?)p.Attribute("TheZ") == "0");
        var metadata = new TiffMetadata
        {
            Kind = "OME",
            Sections = Math.Max(z, t),
            Axes = t > 1 ? "tyx" : "zyx",
            VoxelSize = TiffMetadata.SizeOf(Length(pixels, "PhysicalSizeZ"), Length(pixels, "PhysicalSizeY"), Length(pixels, "PhysicalSizeX")),
            Origin = plane is null ? default : new Position(Length(plane, "PositionZ") ?? 0, Length(plane, "PositionY") ?? 0, Length(plane, "PositionX") ?? 0),
            PageOfSection = Pages(root, pixels, Math.Max(z, t), path),
        };
        metadata.Notes.Add($"OME-XML, dimension order {(string?)pixels.Attribute("DimensionOrder") ?? "not stated"}");
        if (t > 1)
            metadata.Notices.Add($"stored as {t} time points of one section; taken as {t} sections");
        return metadata;

        int Size(string name) => (int?)pixels.Attribute(name) is { } n and > 0
            ? n
            : throw new BadInputException($"{path}: its OME metadata say no {name}");
    }

    /// <summary>The OME-XML of a volume, voxel size in nm.</summary>
    public static string Write(Volume volume)
    {
        var (shape, size, origin) = (volume.Shape, volume.VoxelSize, volume.Origin);
        XNamespace ome = Schema;
        XElement Plane() => new(ome + "Plane",
            new XAttribute("TheZ", 0), new XAttribute("TheC", 0), new XAttribute("TheT", 0),
            new XAttribute("PositionX", origin.X), new XAttribute("PositionXUnit", "nm"),
            new XAttribute("PositionY", origin.Y), new XAttribute("PositionYUnit", "nm"),
            new XAttribute("PositionZ", origin.Z), new XAttribute("PositionZUnit", "nm"));
        var root = new XElement(ome + "OME", new XAttribute("xmlns", Schema), new XAttribute("Creator", "Vision Cell"),
            new XElement(ome + "Image", new XAttribute("ID", "Image:0"), new XAttribute("Name", "volume"),
                new XElement(ome + "Pixels",
                    new XAttribute("ID", "Pixels:0"),
                    new XAttribute("DimensionOrder", "XYZCT"),
                    new XAttribute("Type", volume.VoxelType switch { VoxelType.UInt8 => "uint8", VoxelType.UInt16 => "uint16", _ => "float" }),
                    new XAttribute("BigEndian", false),
                    new XAttribute("SizeX", shape.X), new XAttribute("SizeY", shape.Y), new XAttribute("SizeZ", shape.Z),
                    new XAttribute("SizeC", 1), new XAttribute("SizeT", 1),
                    new XAttribute("PhysicalSizeX", size.X), new XAttribute("PhysicalSizeXUnit", "nm"),
                    new XAttribute("PhysicalSizeY", size.Y), new XAttribute("PhysicalSizeYUnit", "nm"),
                    new XAttribute("PhysicalSizeZ", size.Z), new XAttribute("PhysicalSizeZUnit", "nm"),
                    new XElement(ome + "Channel", new XAttribute("ID", "Channel:0:0"), new XAttribute("SamplesPerPixel", 1)),
                    new XElement(ome + "TiffData", new XAttribute("IFD", 0), new XAttribute("PlaneCount", shape.Z)),
                    origin == default ? null : Plane())));
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>" + root.ToString(SaveOptions.DisableFormatting);
    }

    // Which page holds which section. TiffData elements may name pages out of order, or pages of other files.
    private static int[]? Pages(XElement root, XElement pixels, int sections, string path)
    {
        var own = (string?)root.Attribute("UUID");
        var elements = Children(pixels, "TiffData").ToList();
        if (elements.Count == 0 || sections > 1 << 24)
            return null;
        var pages = new int[sections];
        Array.Fill(pages, -1);
        foreach (var data in elements)
        {
            if (Children(data, "UUID").FirstOrDefault() is { } uuid && uuid.Value.Trim() != own
                && (string?)uuid.Attribute("FileName") is { } other && other != Path.GetFileName(path))
                throw new BadInputException($"{path}: some of its sections lie in {other} by its OME metadata; save the stack as one file");
            var first = Math.Max((int?)data.Attribute("FirstZ") ?? 0, (int?)data.Attribute("FirstT") ?? 0);
            var page = (int?)data.Attribute("IFD") ?? 0;
            var count = (int?)data.Attribute("PlaneCount") ?? (data.Attribute("IFD") is null ? sections : 1);
            for (var i = 0; i < count && first + i < sections && first >= 0; i++)
                pages[first + i] = page + i;
        }
        var missing = Array.FindIndex(pages, p => p < 0);
        return missing < 0 ? pages : throw new BadInputException($"{path}: its OME metadata do not say which page holds section {missing + 1} of {sections}");
    }

    private static double? Length(XElement element, string name) =>
        double.TryParse((string?)element.Attribute(name), NumberStyles.Float, CultureInfo.InvariantCulture, out var n)
            ? n * LengthUnit.InNanometres((string?)element.Attribute(name + "Unit") ?? "µm")
            : null;

    private static IEnumerable<XElement> Children(XElement element, string name) => element.Elements().Where(e => e.Name.LocalName == name);
}
