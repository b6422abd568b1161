using System.Buffers.Binary;
using K4os.Compression.LZ4;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>
/// Writes one resolution level as a file of bricks, the format of the Unity package (src/unity/com.visioncell.viewer/Documentation~/format.md):
/// cubes with a border of one voxel that repeats their neighbours, each an LZ4 block, with their smallest and largest voxel in an index, so
/// that a viewer loads what it shows and skips what is empty.
/// </summary>
internal static class UnityBricks
{
    public const int Border = 1;

    private const int HeaderBytes = 32;
    private const int EntryBytes = 16;

    /// <summary>Bricks of a level of that many voxels.</summary>
    public static Shape3 Grid(Shape3 shape, int edge) => new((shape.Z + edge - 1) / edge, (shape.Y + edge - 1) / edge, (shape.X + edge - 1) / edge);

    /// <summary>Writes a level.</summary>
    /// <param name="volume">8- or 16-bit voxels <c>[Z, Y, X]</c>; a layer of bricks is held at a time.</param>
    /// <param name="edge">Voxels along each side of a brick, without its border.</param>
    /// <param name="stream">Empty and seekable.</param>
    /// <param name="progress">Called for each brick.</param>
    /// <param name="cancellation">Stops between bricks.</param>
    public static void Write(SectionedVolume volume, int edge, Stream stream, Action progress, CancellationToken cancellation)
    {
        var grid = Grid(volume.Shape, edge);
        var (side, size) = (edge + 2 * Border, volume.VoxelType == VoxelType.UInt8 ? 1 : 2);
        var header = new byte[HeaderBytes + grid.Count * EntryBytes];
        "VCBK"u8.CopyTo(header);
        int[] words = [1, edge, Border, size, grid.X, grid.Y, grid.Z];
        for (var i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4 * (i + 1)), words[i]);
        stream.Write(header);
        // A layer of bricks at a time, compressed by all processors, written in order.
        var layer = new (byte[] Data, ushort Low, ushort High)[grid.Y * grid.X];
        // The sections that a layer needs, each where its number modulo their count says.
        var (shape, held, read) = (volume.Shape, new byte[side][], 0);
        for (var z = 0; z < grid.Z; z++)
        {
            for (; read < Math.Min(shape.Z, (z + 1) * edge + Border); read++)
            {
                cancellation.ThrowIfCancellationRequested();
                volume.Reader.ReadBytes(read, held[read % side] ??= new byte[shape.SectionCount * size]);
            }
            Parallel.For(0, layer.Length, new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount }, i =>
            {
                layer[i] = Compress(Gather(held, shape, z * edge - Border, i / grid.X * edge - Border, i % grid.X * edge - Border, side, size), size);
                progress();
            });
            for (var i = 0; i < layer.Length; i++)
            {
                var entry = header.AsSpan(HeaderBytes + (z * layer.Length + i) * EntryBytes, EntryBytes);
                BinaryPrimitives.WriteInt64LittleEndian(entry, stream.Position);
                BinaryPrimitives.WriteInt32LittleEndian(entry[8..], layer[i].Data.Length);
                BinaryPrimitives.WriteUInt16LittleEndian(entry[12..], layer[i].Low);
                BinaryPrimitives.WriteUInt16LittleEndian(entry[14..], layer[i].High);
                stream.Write(layer[i].Data);
            }
        }
        stream.Position = 0;
        stream.Write(header);
    }

    /// <summary>A cube of voxels as bytes; beyond the volume its edge is repeated.</summary>
    private static byte[] Gather(byte[][] sections, Shape3 shape, int z0, int y0, int x0, int side, int size)
    {
        var result = new byte[side * side * side * size];
        var to = 0;
        for (var z = z0; z < z0 + side; z++)
        {
            var source = sections[Math.Clamp(z, 0, shape.Z - 1) % side].AsSpan();
            for (var y = y0; y < y0 + side; y++)
            {
                var row = Math.Clamp(y, 0, shape.Y - 1) * shape.X;
                for (var x = x0; x < x0 + side; x++, to += size)
                    source.Slice((row + Math.Clamp(x, 0, shape.X - 1)) * size, size).CopyTo(result.AsSpan(to));
            }
        }
        return result;
    }

    private static (byte[] Data, ushort Low, ushort High) Compress(byte[] brick, int size)
    {
        ushort low = ushort.MaxValue, high = 0;
        for (var i = 0; i < brick.Length; i += size)
        {
            var value = size == 1 ? brick[i] : BinaryPrimitives.ReadUInt16LittleEndian(brick.AsSpan(i));
            (low, high) = (Math.Min(low, value), Math.Max(high, value));
        }
        if (low == high)
            return ([], low, high);
        var buffer = new byte[LZ4Codec.MaximumOutputSize(brick.Length)];
        var length = LZ4Codec.Encode(brick, buffer, LZ4Level.L00_FAST);
        return (length > 0 && length < brick.Length ? buffer[..length] : brick, low, high);
    }
}
