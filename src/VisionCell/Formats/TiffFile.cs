using System.Buffers.Binary;
using System.Text;

using Microsoft.Win32.SafeHandles;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// The directories of a TIFF file: classic and BigTIFF, both byte orders (TIFF 6.0, Adobe 1992; BigTIFF, Aware Systems 2007).
/// Reads by position, so that several threads may decode pages at once.
/// </summary>
internal sealed class TiffFile : IDisposable
{
    // A directory of more entries is damage: the standard and all its extensions know fewer than 600 tags.
    private const int MaximumEntries = 4096;

    private readonly SafeFileHandle _handle;
    private readonly string _path;

    private TiffFile(string path, SafeFileHandle handle)
    {
        _path = path;
        _handle = handle;
        Length = RandomAccess.GetLength(handle);
    }

    /// <summary>Size of the file in bytes.</summary>
    public long Length { get; }

    /// <summary>Whether the file has 64-bit offsets.</summary>
    public bool IsBigTiff { get; private set; }

    /// <summary>Whether samples are stored most significant byte first.</summary>
    public bool IsBigEndian { get; private set; }

    /// <summary>Every page in the order of the file, reduced-resolution images and masks left out.</summary>
    public List<TiffPage> Pages { get; } = [];

    /// <summary>Number of directories that are thumbnails, reduced resolutions or masks.</summary>
    public int Skipped { get; private set; }

    /// <summary>Opens a file and reads its directories.</summary>
    /// <exception cref="BadInputException">The file is empty, no TIFF, truncated or corrupt.</exception>
    public static TiffFile Open(string path)
    {
        var file = new TiffFile(path, File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess));
        try
        {
            file.ReadDirectories();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads bytes at a position; the file must have all of them.</summary>
    /// <exception cref="BadInputException">The file ends before.</exception>
    public void ReadAt(long offset, Span<byte> buffer, int page)
    {
        if (offset < 0 || offset > Length - buffer.Length)
            throw Fail(page, $"needs bytes {offset:N0} to {offset + buffer.Length:N0} of a file of {Length:N0}: truncated or corrupt");
        while (buffer.Length > 0)
        {
            var n = RandomAccess.Read(_handle, buffer, offset);
            if (n == 0)
                throw Fail(page, "the file ended while it was read");
            offset += n;
            buffer = buffer[n..];
        }
    }

    /// <summary>An exception that names file and page (counted from 1; 0 for the file as a whole).</summary>
    public BadInputException Fail(int page, string message, Exception? inner = null) =>
        new(page > 0 ? $"{_path}, page {page}: {message}" : $"{_path}: {message}", inner);

    public void Dispose() => _handle.Dispose();

    private void ReadDirectories()
    {
        if (Length == 0)
            throw Fail(0, "the file is empty");
        Span<byte> header = stackalloc byte[16];
        header = header[..(int)Math.Min(16, Length)];
        ReadAt(0, header, 0);
        IsBigEndian = header is [(byte)'M', (byte)'M', ..];
        var version = header.Length < 8 || (!IsBigEndian && header is not [(byte)'I', (byte)'I', ..]) ? 0 : UInt16(header[2..]);
        if (version is not (42 or 43))
            throw Fail(0, "not a TIFF file (it does not begin as one)");
        IsBigTiff = version == 43;
        if (IsBigTiff && header.Length < 16)
            throw Fail(0, "the file ends within its header: truncated");
        var next = IsBigTiff ? checked((long)UInt64(header[8..])) : UInt32(header[4..]);
        if (next == 0)
            throw Fail(0, "holds no image");
        var seen = new HashSet<long>();
        for (var number = 1; next != 0; number++)
        {
            if (!seen.Add(next))
                throw Fail(number, "its directory was met before: the file is corrupt");
            var page = ReadDirectory(number, ref next);
            if (page.IsReduced)
                Skipped++;
            else
                Pages.Add(page);
        }
        if (Pages.Count == 0)
            throw Fail(0, "holds only reduced-resolution images");
    }

    private TiffPage ReadDirectory(int number, ref long offset)
    {
        var countSize = IsBigTiff ? 8 : 2;
        var entrySize = IsBigTiff ? 20 : 12;
        Span<byte> buffer = stackalloc byte[8];
        ReadAt(offset, buffer[..countSize], number);
        var count = IsBigTiff ? UInt64(buffer) : UInt16(buffer);
        if (count is 0 or > MaximumEntries)
            throw Fail(number, $"a directory of {count:N0} entries: the file is corrupt");
        var directory = new byte[(int)count * entrySize + (IsBigTiff ? 8 : 4)];
        ReadAt(offset + countSize, directory, number);
        var entries = new Dictionary<int, Entry>((int)count);
        for (var i = 0; i < (int)count; i++)
        {
            var raw = directory.AsSpan(i * entrySize, entrySize);
            var value = raw[(IsBigTiff ? 12 : 8)..];
            var length = IsBigTiff ? UInt64(raw[4..]) : UInt32(raw[4..]);
            entries[UInt16(raw)] = new Entry(UInt16(raw[2..]), length, value.ToArray());
        }
        var tail = directory.AsSpan((int)count * entrySize);
        offset = IsBigTiff ? checked((long)UInt64(tail)) : UInt32(tail);
        return new TiffPage(new TiffTags(number, entries, this));
    }

    private ushort UInt16(ReadOnlySpan<byte> b) => IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(b) : BinaryPrimitives.ReadUInt16LittleEndian(b);

    private uint UInt32(ReadOnlySpan<byte> b) => IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(b) : BinaryPrimitives.ReadUInt32LittleEndian(b);

    private ulong UInt64(ReadOnlySpan<byte> b) => IsBigEndian ? BinaryPrimitives.ReadUInt64BigEndian(b) : BinaryPrimitives.ReadUInt64LittleEndian(b);

    internal sealed record Entry(int Type, ulong Count, byte[] Value);

    /// <summary>The values behind the entries of one directory.</summary>
    internal sealed class TiffTags(int page, Dictionary<int, Entry> entries, TiffFile file)
    {
        public int Page => page;

        public BadInputException Fail(string message) => file.Fail(page, message);

        /// <summary>All values of an integer tag; <c>null</c> where the tag is absent.</summary>
        public long[]? Integers(int tag)
        {
            if (!entries.TryGetValue(tag, out var entry))
                return null;
            var size = entry.Type switch { 1 or 6 or 7 => 1, 3 or 8 => 2, 4 or 9 or 13 => 4, 16 or 17 or 18 => 8, _ => throw Fail($"tag {tag} has type {entry.Type}, not an integer: the file is corrupt") };
            var data = Data(tag, entry, size);
            var values = new long[data.Length / size];
            for (var i = 0; i < values.Length; i++)
            {
                var b = data.AsSpan(i * size);
                values[i] = size switch { 1 => b[0], 2 => file.UInt16(b), 4 => file.UInt32(b), _ => checked((long)file.UInt64(b)) };
            }
            return values;
        }

        /// <summary>The first value of an integer tag, or a default.</summary>
        public long Integer(int tag, long missing) => Integers(tag) is [var first, ..] ? first : missing;

        /// <summary>The first value of a rational tag; <c>null</c> where it is absent, of another type or no finite number.</summary>
        public double? Rational(int tag)
        {
            if (!entries.TryGetValue(tag, out var entry) || entry.Type != 5 || entry.Count < 1)
                return null;
            var data = Data(tag, entry, 8);
            var value = file.UInt32(data) / (double)file.UInt32(data.AsSpan(4));
            return double.IsFinite(value) ? value : null;
        }

        /// <summary>A text tag: UTF-8 where it is valid UTF-8, else Latin-1; "" where absent.</summary>
        public string Text(int tag)
        {
            if (!entries.TryGetValue(tag, out var entry) || entry.Type is not (1 or 2 or 7))
                return "";
            var data = Data(tag, entry, 1).AsSpan().TrimEnd((byte)0);
            try
            {
                return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(data);
            }
            catch (DecoderFallbackException)
            {
                return Encoding.Latin1.GetString(data);
            }
        }

        private byte[] Data(int tag, Entry entry, int size)
        {
            if (entry.Count > (ulong)(file.Length / size))
                throw Fail($"tag {tag} claims {entry.Count:N0} values, more than the file can hold: truncated or corrupt");
            var data = new byte[(int)entry.Count * size];
            if (data.Length <= entry.Value.Length)
                entry.Value.AsSpan(0, data.Length).CopyTo(data);
            else
                file.ReadAt(file.IsBigTiff ? checked((long)file.UInt64(entry.Value)) : file.UInt32(entry.Value), data, page);
            return data;
        }
    }
}
