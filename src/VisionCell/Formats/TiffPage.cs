using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>How one page of a TIFF file is stored, with everything that is not a grey image of a supported type refused.</summary>
internal sealed class TiffPage
{
    private const int OneSection = 1 << 30;

    public TiffPage(TiffFile.TiffTags tags)
    {
        Number = tags.Page;
        IsReduced = (tags.Integer(254, 0) & 0b101) != 0 || tags.Integer(255, 0) == 2;
        if (IsReduced)
            return;
        Width = Dimension(tags, 256, "width");
        Height = Dimension(tags, 257, "height");
        Compression = (int)tags.Integer(259, 1);
        Predictor = (int)tags.Integer(317, 1);
        ReversedBits = tags.Integer(266, 1) == 2;
        Orientation = (int)tags.Integer(274, 1);
        Description = tags.Text(270);
        XResolution = tags.Rational(282);
        YResolution = tags.Rational(283);
        ResolutionUnit = (int)tags.Integer(296, 2);
        Type = VoxelTypeOf(tags);
        IsWhiteZero = PhotometricOf(tags) == 0;
        if ((long)Width * Height * SampleSize > OneSection * 2L - 64)
            throw tags.Fail($"a section of {Height} x {Width} pixels of {SampleSize} bytes is larger than 2 GiB: cut it into tiles first");
        ReadLayout(tags);
    }

    /// <summary>Position in the file, from 1.</summary>
    public int Number { get; }

    /// <summary>A thumbnail, reduced resolution or mask; nothing else is known of it then.</summary>
    public bool IsReduced { get; }

    public int Width { get; }

    public int Height { get; }

    public VoxelType Type { get; }

    public int SampleSize => SectionBytes.Size(Type);

    public int Compression { get; }

    public int Predictor { get; }

    /// <summary>Bits run from the least significant in each byte (FillOrder 2).</summary>
    public bool ReversedBits { get; }

    /// <summary>Zero is white (photometric interpretation 0).</summary>
    public bool IsWhiteZero { get; }

    public int Orientation { get; }

    public string Description { get; } = "";

    /// <summary>Pixels per unit, or <c>null</c>.</summary>
    public double? XResolution { get; }

    /// <summary>Pixels per unit, or <c>null</c>.</summary>
    public double? YResolution { get; }

    /// <summary>1 none, 2 inch, 3 centimetre.</summary>
    public int ResolutionUnit { get; }

    public bool IsTiled { get; private set; }

    /// <summary>Width of a tile, or of the page where it is stored in strips.</summary>
    public int BlockWidth { get; private set; }

    /// <summary>Height of a tile or strip.</summary>
    public int BlockHeight { get; private set; }

    /// <summary>Where each tile or strip begins.</summary>
    public long[] Offsets { get; private set; } = [];

    /// <summary>Stored bytes of each tile or strip.</summary>
    public long[] Counts { get; private set; } = [];

    public int BlocksAcross => (Width + BlockWidth - 1) / BlockWidth;

    public int BlocksDown => (Height + BlockHeight - 1) / BlockHeight;

    private static int Dimension(TiffFile.TiffTags tags, int tag, string what) => tags.Integer(tag, 0) switch
    {
        < 1 => throw tags.Fail($"says no {what}: the file is corrupt"),
        > int.MaxValue => throw tags.Fail($"a {what} of {tags.Integer(tag, 0):N0} pixels: the file is corrupt"),
        var n => (int)n,
    };

    private static VoxelType VoxelTypeOf(TiffFile.TiffTags tags)
    {
        var samples = tags.Integer(277, 1);
        var photometric = tags.Integer(262, 1);
        if (photometric is 2 or 5 or 6 or 8 || samples is 3 or 4)
            throw tags.Fail($"holds a colour image ({samples} channels); convert it to grey first");
        if (samples != 1)
            throw tags.Fail($"holds {samples} channels; save the one to be used as a stack of its own");
        if (tags.Integer(32997, 1) > 1)
            throw tags.Fail("holds a volume in one page (tag ImageDepth), which is not read; save it as a stack of pages");
        var bits = tags.Integer(258, 1);
        var format = tags.Integer(339, 1);
        return (bits, format) switch
        {
            (8, 1 or 4) => VoxelType.UInt8,
            (16, 1 or 4) => VoxelType.UInt16,
            (32, 3) => VoxelType.Float32,
            _ => throw tags.Fail($"holds {bits}-bit {KindOf(format)} samples; 8- or 16-bit unsigned integers and 32-bit floats are read, convert it first"),
        };
    }

    private static string KindOf(long sampleFormat) => sampleFormat switch { 1 => "unsigned integer", 2 => "signed integer", 3 => "float", 5 or 6 => "complex", _ => "untyped" };

    private static long PhotometricOf(TiffFile.TiffTags tags)
    {
        var photometric = tags.Integer(262, 1);
        if (photometric == 3)
        {
            // A palette that is the grey ramp says nothing: ImageJ writes one with "8-bit colour". Any other changes the values.
            var map = tags.Integers(320) ?? [];
            var n = map.Length / 3;
            for (var i = 0; i < n; i++)
            {
                var grey = n == 256 ? i : i / 256;
                if (map[i] >> 8 != grey || map[n + i] >> 8 != grey || map[2 * n + i] >> 8 != grey)
                    throw tags.Fail("holds a colour palette; convert it to grey first");
            }
        }
        else if (photometric is not (0 or 1))
        {
            throw tags.Fail($"has photometric interpretation {photometric}; only grey images are read, convert it first");
        }
        return photometric;
    }

    private void ReadLayout(TiffFile.TiffTags tags)
    {
        IsTiled = tags.Integers(324) is not null;
        var rowsPerStrip = tags.Integer(278, Height);
        var width = IsTiled ? tags.Integer(322, 0) : Width;
        var height = IsTiled ? tags.Integer(323, 0) : Math.Min(rowsPerStrip, Height);
        if (width < 1 || height < 1 || width * height * SampleSize > OneSection * 2L - 64)
            throw tags.Fail($"is stored in blocks of {height:N0} x {width:N0} pixels: the file is corrupt");
        (BlockWidth, BlockHeight) = ((int)width, (int)height);
        var blocks = (long)BlocksAcross * BlocksDown;
        Offsets = tags.Integers(IsTiled ? 324 : 273) ?? throw tags.Fail("does not say where its pixels are: the file is corrupt");
        var counts = tags.Integers(IsTiled ? 325 : 279);
        // Files of the early nineties leave the counts out, which only uncompressed data can do without.
        if (counts is null && Compression == 1)
            counts = [.. Offsets.Select((_, i) => BlockBytes(i))];
        Counts = counts ?? throw tags.Fail("does not say how long its pixel data are: the file is corrupt");
        if (Offsets.Length < blocks || Counts.Length < blocks)
            throw tags.Fail($"has {Math.Min(Offsets.Length, Counts.Length)} of {blocks} blocks of pixels: truncated or corrupt");
    }

    /// <summary>Rows that block <paramref name="index"/> stores: the last strip is cut at the page, a tile never is.</summary>
    public int RowsOf(int index) => IsTiled ? BlockHeight : Math.Min(BlockHeight, Height - index * BlockHeight);

    /// <summary>Bytes of block <paramref name="index"/> once decoded.</summary>
    public int BlockBytes(int index) => RowsOf(index) * BlockWidth * SampleSize;
}
