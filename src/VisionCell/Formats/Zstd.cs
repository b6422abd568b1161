using System.Runtime.InteropServices;

namespace VisionCell.Formats;

/// <summary>
/// zstd (RFC 8878): the system's <c>libzstd.so.1</c>, which every Debian has because dpkg itself needs it, and
/// the managed port where there is none. A thread's context is kept, since making one costs as much as decoding a chunk.
/// </summary>
/// <remarks>
/// Chunks of 64³ bytes of medulla-1, MB of voxels a second of one busy processor's time: libzstd 1.5.4 compresses 1,180 to 1,340 at level 1 and
/// decodes 1,560 to 1,670; the port 0.8.8 380 to 1,000 and 520 to 1,060, the less the shorter a process runs (November 2026).
/// </remarks>
internal abstract partial class Zstd : IDisposable
{
    private const string Library = "libzstd.so.1";

    private static readonly bool _isNative = NativeLibrary.TryLoad(Library, out _);

    [ThreadStatic]
    private static Zstd? _current;

    /// <summary>The context of this thread.</summary>
    public static Zstd Current => _current ??= _isNative ? new Native() : new Managed();

    /// <summary>The most bytes that so many can become.</summary>
    // ZSTD_COMPRESSBOUND of zstd.h.
    public static int Bound(int length) => checked(length + (length >> 8) + (length < 128 << 10 ? (128 << 10) - length >> 11 : 0));

    /// <summary>Compresses into a buffer of at least <see cref="Bound"/> bytes; returns the length.</summary>
    /// <param name="data">What is compressed.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="level">1 to 19.</param>
    /// <param name="hasChecksum">Whether a check sum of the data is added, so that damage is found on decoding.</param>
    public abstract int Compress(ReadOnlySpan<byte> data, Span<byte> target, int level, bool hasChecksum);

    /// <summary>Decodes into a buffer; returns the length.</summary>
    /// <exception cref="InvalidDataException">The data are damaged, or longer than the buffer.</exception>
    public abstract int Decompress(ReadOnlySpan<byte> data, Span<byte> target);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>The system's library.</summary>
    internal sealed unsafe partial class Native : Zstd
    {
        // zstd.h: ZSTD_c_compressionLevel, ZSTD_c_checksumFlag.
        private const int LevelParameter = 100;
        private const int ChecksumParameter = 201;

        private readonly Context _compression = new(ZSTD_createCCtx(), isCompression: true);
        private readonly Context _decompression = new(ZSTD_createDCtx(), isCompression: false);

        public override int Compress(ReadOnlySpan<byte> data, Span<byte> target, int level, bool hasChecksum)
        {
            Checked(ZSTD_CCtx_setParameter(_compression, LevelParameter, level));
            Checked(ZSTD_CCtx_setParameter(_compression, ChecksumParameter, hasChecksum ? 1 : 0));
            fixed (byte* from = data, to = target)
                return Checked(ZSTD_compress2(_compression, to, (nuint)target.Length, from, (nuint)data.Length));
        }

        public override int Decompress(ReadOnlySpan<byte> data, Span<byte> target)
        {
            fixed (byte* from = data, to = target)
                return Checked(ZSTD_decompressDCtx(_decompression, to, (nuint)target.Length, from, (nuint)data.Length));
        }

        public override void Dispose()
        {
            _compression.Dispose();
            _decompression.Dispose();
        }

        private static int Checked(nuint result) => ZSTD_isError(result) == 0
            ? checked((int)result)
            : throw new InvalidDataException($"zstd: {Marshal.PtrToStringUTF8(ZSTD_getErrorName(result))}");

        /// <summary>Freed with the thread that it belongs to.</summary>
        private sealed class Context : SafeHandle
        {
            private readonly bool _isCompression;

            public Context(nint handle, bool isCompression)
                : base(0, ownsHandle: true)
            {
                _isCompression = isCompression;
                SetHandle(handle);
            }

            public override bool IsInvalid => handle == 0;

            protected override bool ReleaseHandle() => (_isCompression ? ZSTD_freeCCtx(handle) : ZSTD_freeDCtx(handle)) == 0;
        }

        [LibraryImport(Library)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial nint ZSTD_createCCtx();

        [LibraryImport(Library)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial nuint ZSTD_freeCCtx(nint context);

        [LibraryImport(Library)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial nint ZSTD_createDCtx();

        [LibraryImport(Library)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial nuint ZSTD_freeDCtx(nint context);

        [LibraryImport(Library)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial nuint ZSTD_CCtx_setParameter(Context context, int parameter, int value);

        [LibraryImport(Library)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial nuint ZSTD_compress2(Context context, byte* target, nuint capacity, byte* source, nuint length);

        [LibraryImport(Library)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial nuint ZSTD_decompressDCtx(Context context, byte* target, nuint capacity, byte* source, nuint length);

        [LibraryImport(Library)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial uint ZSTD_isError(nuint result);

        [LibraryImport(Library)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static partial nint ZSTD_getErrorName(nuint result);
    }

    /// <summary>The managed port.</summary>
    internal sealed class Managed : Zstd
    {
        private readonly ZstdSharp.Compressor _compressor = new();
        private readonly ZstdSharp.Decompressor _decompressor = new();

        public override int Compress(ReadOnlySpan<byte> data, Span<byte> target, int level, bool hasChecksum)
        {
            _compressor.Level = level;
            _compressor.SetParameter(ZstdSharp.Unsafe.ZSTD_cParameter.ZSTD_c_checksumFlag, hasChecksum ? 1 : 0);
            return _compressor.Wrap(data, target);
        }

        public override int Decompress(ReadOnlySpan<byte> data, Span<byte> target)
        {
            try
            {
                return _decompressor.Unwrap(data, target);
            }
            catch (ZstdSharp.ZstdException e)
            {
                throw new InvalidDataException($"zstd: {e.Message}", e);
            }
        }

        public override void Dispose()
        {
            _compressor.Dispose();
            _decompressor.Dispose();
        }
    }
}
