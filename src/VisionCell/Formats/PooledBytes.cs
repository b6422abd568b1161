using System.Buffers;

namespace VisionCell.Formats;

/// <summary>Bytes in an array that goes back to the shared pool when they are done with: chunks come by the million, and large arrays are dear to the collector.</summary>
internal sealed class PooledBytes : IDisposable
{
    private readonly bool _isRented;

    private PooledBytes(byte[] array, int length, bool isRented) => (Array, Length, _isRented) = (array, length, isRented);

    /// <summary>Holds the bytes, and more behind them.</summary>
    public byte[] Array { get; private set; }

    /// <summary>Number of bytes; may be set to fewer.</summary>
    public int Length { get; set; }

    /// <summary>The bytes.</summary>
    public Span<byte> Span => Array.AsSpan(0, Length);

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Memory => Array.AsMemory(0, Length);

    /// <summary>So many bytes, of any content.</summary>
    public static PooledBytes Rent(int length) => new(ArrayPool<byte>.Shared.Rent(length), length, isRented: true);

    /// <summary>An array from elsewhere.</summary>
    public static PooledBytes Of(byte[] array) => new(array, array.Length, isRented: false);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isRented && Array.Length > 0)
            ArrayPool<byte>.Shared.Return(Array);
        (Array, Length) = ([], 0);
    }
}
