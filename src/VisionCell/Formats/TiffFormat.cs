using System.Buffers;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// Grey TIFF stacks: one section a page (classic TIFF and BigTIFF, both byte orders, strips and tiles), or ImageJ's stacks of
/// more than 4 GB, which have one directory and all sections in one run of bytes. 8- and 16-bit unsigned integers and 32-bit
/// floats; uncompressed, LZW, deflate, PackBits or zstd, with either predictor. Voxel size and axes from ImageJ or OME
/// metadata. Why this is not left to a library: docs/decisions/tiff-reader.md.
/// </summary>
public sealed class TiffFormat : IVolumeFormat
{
    /// <inheritdoc/>
    public string Name => "TIFF";

    /// <inheritdoc/>
    public IReadOnlyList<string> WriteExtensions { get; } = [".tif", ".tiff"];

    /// <inheritdoc/>
    public bool Recognises(string path)
    {
        if (!File.Exists(path))
            return false;
        if (HasExtension(path))
            return true;
        using var stream = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[4];
        return stream.ReadAtLeast(magic, 4, throwOnEndOfStream: false) == 4
            && magic is [(byte)'I', (byte)'I', 42 or 43, 0] or [(byte)'M', (byte)'M', 0, 42 or 43];
    }

    /// <inheritdoc/>
    public VolumeInfo Inspect(string path)
    {
        using var file = TiffFile.Open(path);
        return Layout.Of(file, path).Info;
    }

    /// <inheritdoc/>
    public Volume Read(string path, VoxelSize voxelSize, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        using var file = TiffFile.Open(path);
        var layout = Layout.Of(file, path);
        var (shape, origin) = (layout.Info.Shape, layout.Info.Origin);
        if (shape.Count > Array.MaxLength)
            throw file.Fail(0, $"{shape} voxels are more than the {Array.MaxLength:N0} that are held in memory; crop it first");
        var volume = SectionBytes.NewVolume(layout.Info.VoxelType, shape, voxelSize, origin, Provenance.Of(Path.GetFileName(path)));
        var counter = new ProgressCounter(progress, shape.Z);
        var options = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, shape.Z, options, z =>
        {
            var target = SectionBytes.Of(volume, z);
            if (layout.IsContiguous)
                ReadContiguous(file, z, target);
            else
                ReadPage(file, file.Pages[layout.PageOf(z)], target);
            counter.Add();
        });
        return volume;
    }

    /// <inheritdoc/>
    public SectionReader OpenSections(string path, VoxelSize voxelSize)
    {
        var file = TiffFile.Open(path);
        try
        {
            var layout = Layout.Of(file, path);
            return new SectionReader.By(layout.Info, Provenance.Of(Path.GetFileName(path)), (z, target) =>
            {
                if (layout.IsContiguous)
                    ReadContiguous(file, z, target);
                else
                    ReadPage(file, file.Pages[layout.PageOf(z)], target);
            }, file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Write(Volume volume, string path, IProgress<double>? progress, CancellationToken cancellationToken) =>
        TiffWriter.Write(volume, path, TiffWriter.OptionsFor(path), progress, cancellationToken);

    internal static bool HasExtension(string path) =>
        path.EndsWith(".tif", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".tiff", StringComparison.OrdinalIgnoreCase);

    /// <summary>Decodes one page into <c>[Y, X]</c> bytes in machine order.</summary>
    internal static void ReadPage(TiffFile file, TiffPage page, Span<byte> target)
    {
        if (!TiffCodec.IsSupported(page.Compression))
            throw file.Fail(page.Number, $"compression {TiffCodec.NameOf(page.Compression)} is not read; save it uncompressed or with deflate");
        if (page.Predictor is not (1 or 2 or 3) || (page.Predictor == 3 && page.Type != VoxelType.Float32))
            throw file.Fail(page.Number, $"predictor {page.Predictor} with {page.Type} samples: the file is corrupt");
        var pageRow = page.Width * page.SampleSize;
        var blockRow = page.BlockWidth * page.SampleSize;
        // Strips are decoded where they belong; a tile needs a place of its own, because it may reach over the edge.
        var tile = page.IsTiled ? ArrayPool<byte>.Shared.Rent(page.BlockBytes(0)) : null;
        for (var i = 0; i < page.BlocksDown * page.BlocksAcross; i++)
        {
            var top = i / page.BlocksAcross * page.BlockHeight;
            var left = i % page.BlocksAcross * page.BlockWidth;
            var block = tile is null ? target.Slice(top * pageRow, page.BlockBytes(i)) : tile.AsSpan(0, page.BlockBytes(i));
            ReadBlock(file, page, i, block);
            TiffCodec.Unpredict(page.Compression == 1 ? 1 : page.Predictor, block, blockRow, page.SampleSize, file.IsBigEndian);
            if (tile is null)
                continue;
            var rows = Math.Min(page.BlockHeight, page.Height - top);
            var bytes = Math.Min(page.BlockWidth, page.Width - left) * page.SampleSize;
            for (var y = 0; y < rows; y++)
                block.Slice(y * blockRow, bytes).CopyTo(target[((top + y) * pageRow + left * page.SampleSize)..]);
        }
        if (tile is not null)
            ArrayPool<byte>.Shared.Return(tile);
        if (page.IsWhiteZero && page.Type != VoxelType.Float32)
            Invert(target);
    }

    private static void ReadBlock(TiffFile file, TiffPage page, int index, Span<byte> block)
    {
        var what = page.IsTiled ? "tile" : "strip";
        if (page.Compression == 1 && !page.ReversedBits)
        {
            if (page.Counts[index] < block.Length)
                throw file.Fail(page.Number, $"{what} {index + 1} has {page.Counts[index]:N0} of {block.Length:N0} bytes: truncated or corrupt");
            file.ReadAt(page.Offsets[index], block, page.Number);
            return;
        }
        var stored = page.Counts[index];
        if (stored < 1 || stored > file.Length)
            throw file.Fail(page.Number, $"{what} {index + 1} claims {stored:N0} bytes of a file of {file.Length:N0}: truncated or corrupt");
        var raw = ArrayPool<byte>.Shared.Rent((int)Math.Min(stored, Array.MaxLength));
        try
        {
            var length = (int)Math.Min(stored, raw.Length);
            file.ReadAt(page.Offsets[index], raw.AsSpan(0, length), page.Number);
            if (page.ReversedBits)
                ReverseBits(raw.AsSpan(0, length));
            var n = TiffCodec.Decompress(page.Compression, raw, length, block);
            if (n < block.Length)
                throw file.Fail(page.Number, $"{what} {index + 1} gave {n:N0} of {block.Length:N0} bytes: truncated or corrupt");
        }
        catch (InvalidDataException e)
        {
            throw file.Fail(page.Number, $"{what} {index + 1} is damaged ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')})", e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(raw);
        }
    }

    private static void ReadContiguous(TiffFile file, int z, Span<byte> target)
    {
        var page = file.Pages[0];
        file.ReadAt(page.Offsets[0] + (long)z * target.Length, target, z + 1);
        TiffCodec.Unpredict(1, target, page.Width * page.SampleSize, page.SampleSize, file.IsBigEndian);
        if (page.IsWhiteZero && page.Type != VoxelType.Float32)
            Invert(target);
    }

    // 255 - v is the complement of the bits of v, and so is 65,535 - v.
    private static void Invert(Span<byte> data)
    {
        foreach (ref var v in data)
            v = (byte)~v;
    }

    private static void ReverseBits(Span<byte> data)
    {
        foreach (ref var b in data)
            b = (byte)(((b * 0x80200802UL) & 0x0884422110UL) * 0x0101010101UL >> 32);
    }

    /// <summary>Which pages make up the volume.</summary>
    private sealed record Layout(VolumeInfo Info, bool IsContiguous, int[]? PageOfSection)
    {
        // The most that the supported compressions shrink: LZW about 1,400 to 1, deflate 1,032 to 1.
        private const long MaximumRatio = 2000;

        public int PageOf(int z) => PageOfSection?[z] ?? z;

        public static Layout Of(TiffFile file, string path)
        {
            var first = file.Pages[0];
            foreach (var page in file.Pages)
            {
                if (page.Width != first.Width || page.Height != first.Height)
                    throw file.Fail(page.Number, $"{page.Height} x {page.Width} pixels, where page {first.Number} has {first.Height} x {first.Width}; all sections must have one size");
                if (page.Type != first.Type)
                    throw file.Fail(page.Number, $"holds {page.Type}, where page {first.Number} holds {first.Type}; all sections must have one type");
                if (page.IsWhiteZero != first.IsWhiteZero)
                    throw file.Fail(page.Number, $"has zero as {(page.IsWhiteZero ? "white" : "black")}, unlike page {first.Number}");
            }
            var metadata = TiffMetadata.Of(first, path);
            var contiguous = file.Pages.Count == 1 && metadata.Kind == "ImageJ" && metadata.Sections > 1 && first.Compression == 1;
            var sections = contiguous ? metadata.Sections : metadata.PageOfSection?.Length ?? file.Pages.Count;
            if (contiguous)
                CheckContiguous(file, first, sections);
            else
                CheckPages(file, metadata);
            var shape = new Shape3(sections, first.Height, first.Width);
            if (shape.Count * first.SampleSize / MaximumRatio > file.Length && first.Compression != 50000)
                throw file.Fail(0, $"claims {shape} voxels in {file.Length:N0} bytes: truncated or corrupt");
            return new Layout(Describe(file, path, metadata, shape), contiguous, metadata.PageOfSection);
        }

        private static void CheckContiguous(TiffFile file, TiffPage first, int sections)
        {
            var section = (long)first.Width * first.Height * first.SampleSize;
            var present = (file.Length - first.Offsets[0]) / section;
            if (first.IsTiled || present < sections)
                throw file.Fail(0, $"its ImageJ metadata announce {sections} sections, the file holds {(first.IsTiled ? 1 : present)}: truncated or corrupt");
            for (var i = 1; i < first.Offsets.Length; i++)
            {
                if (first.Offsets[i] != first.Offsets[i - 1] + first.BlockBytes(i - 1))
                    throw file.Fail(0, $"its ImageJ metadata announce {sections} sections, but the file has one page, which is not stored in one piece");
            }
        }

        private static void CheckPages(TiffFile file, TiffMetadata metadata)
        {
            var pages = file.Pages.Count;
            if (metadata.PageOfSection?.Max() >= pages || (metadata.Kind == "OME" && metadata.Sections > pages))
                throw file.Fail(0, $"its OME metadata announce {metadata.Sections} sections, the file has {pages} pages: truncated or incomplete");
            if (metadata.Sections > 0 && metadata.Sections != pages)
                metadata.Notices.Add($"its {metadata.Kind} metadata announce {metadata.Sections} sections, the file has {pages} pages; {metadata.PageOfSection?.Length ?? pages} are read");
        }

        private static VolumeInfo Describe(TiffFile file, string path, TiffMetadata metadata, Shape3 shape)
        {
            var first = file.Pages[0];
            metadata.Notes.Add($"compression {TiffCodec.NameOf(first.Compression)}, {(first.IsTiled ? "tiles" : "strips")}, {(file.IsBigEndian ? "big" : "little")}-endian");
            if (file.Skipped > 0)
                metadata.Notes.Add($"{file.Skipped} reduced-resolution pages left out");
            if (first.IsWhiteZero)
            {
                metadata.Notices.Add(first.Type == VoxelType.Float32
                    ? "zero is white in this file; its floats are kept as stored"
                    : "zero is white in this file; its values are inverted so that zero is black");
            }
            if (first.Orientation is > 1 and <= 8)
                metadata.Notices.Add($"asks to be turned for display (orientation {first.Orientation}); rows are taken as stored");
            var name = (file.IsBigTiff ? "BigTIFF" : "TIFF") + (metadata.Kind.Length > 0 ? $" ({metadata.Kind})" : "");
            return new VolumeInfo(path, name, shape, first.Type, metadata.VoxelSize, metadata.Origin, metadata.Axes, metadata.Notes, metadata.Notices);
        }
    }
}
