#nullable enable
using System;
using System.Buffers.Binary;
using System.IO;

namespace VisionCell.Viewer
{
    /// <summary>
    /// The bricks of one level. All numbers are little endian. Header: the letters VCBK, then uint32: version (1), edge, border, bytes a voxel,
    /// bricks along x, y, z. Index, x fastest: uint64 offset, uint32 length, uint16 smallest and uint16 largest voxel. A brick is a cube of
    /// edge + 2 border voxels, x fastest, whose border repeats its neighbours (and the volume's own edge), so that it can be interpolated by
    /// itself; it is one LZ4 block, or raw where its length is that of the voxels, or nothing where all are the smallest one.
    /// </summary>
    public sealed class BrickFile : IDisposable
    {
        private const int HeaderBytes = 32;
        private const int EntryBytes = 16;

        private readonly Stream _stream;
        private readonly object _gate = new object();
        private readonly ulong[] _offsets;
        private readonly int[] _lengths;
        private readonly ushort[] _lowest;
        private readonly ushort[] _highest;

        /// <summary>Reads header and index.</summary>
        /// <exception cref="InvalidDataException">It is no such file, or damaged.</exception>
        public BrickFile(Stream stream)
        {
            _stream = stream;
            Span<byte> header = stackalloc byte[HeaderBytes];
            Fill(header);
            if (header[0] != 'V' || header[1] != 'C' || header[2] != 'B' || header[3] != 'K')
                throw new InvalidDataException("this is no file of bricks");
            if (Word(header, 1) != 1)
                throw new InvalidDataException($"version {Word(header, 1)} of a file of bricks: this viewer reads version 1");
            (Edge, Border, BytesPerVoxel) = (Word(header, 2), Word(header, 3), Word(header, 4));
            (BricksX, BricksY, BricksZ) = (Word(header, 5), Word(header, 6), Word(header, 7));
            var count = (long)BricksX * BricksY * BricksZ;
            if (Edge < 1 || Edge > 512 || Border < 0 || Border > 8 || BytesPerVoxel < 1 || BytesPerVoxel > 2 || BricksX < 1 || BricksY < 1 || BricksZ < 1
                || count > (stream.Length - HeaderBytes) / EntryBytes)
                throw new InvalidDataException("the header of a file of bricks is damaged");
            _offsets = new ulong[count];
            _lengths = new int[count];
            _lowest = new ushort[count];
            _highest = new ushort[count];
            var index = new byte[count * EntryBytes];
            Fill(index);
            for (var i = 0; i < count; i++)
            {
                var entry = index.AsSpan(i * EntryBytes, EntryBytes);
                _offsets[i] = BinaryPrimitives.ReadUInt64LittleEndian(entry);
                _lengths[i] = BinaryPrimitives.ReadInt32LittleEndian(entry.Slice(8));
                _lowest[i] = BinaryPrimitives.ReadUInt16LittleEndian(entry.Slice(12));
                _highest[i] = BinaryPrimitives.ReadUInt16LittleEndian(entry.Slice(14));
                if (_lengths[i] < 0 || _lengths[i] > BrickBytes || _offsets[i] > (ulong)stream.Length - (ulong)_lengths[i])
                    throw new InvalidDataException("the index of a file of bricks is damaged");
            }
        }

        public int Edge { get; }

        public int Border { get; }

        public int BytesPerVoxel { get; }

        public int BricksX { get; }

        public int BricksY { get; }

        public int BricksZ { get; }

        public int Count => _lengths.Length;

        /// <summary>Voxels along each side of a brick, with its border.</summary>
        public int Side => Edge + 2 * Border;

        public int BrickBytes => Side * Side * Side * BytesPerVoxel;

        public int IndexOf(int x, int y, int z) => (z * BricksY + y) * BricksX + x;

        /// <summary>Smallest and largest stored voxel of a brick, border included.</summary>
        public (int Low, int High) RangeOf(int brick) => (_lowest[brick], _highest[brick]);

        /// <summary>Reads a brick, x fastest. May be called from several threads.</summary>
        /// <exception cref="InvalidDataException">The brick is damaged.</exception>
        public byte[] Read(int brick)
        {
            var result = new byte[BrickBytes];
            if (_lengths[brick] == 0)
            {
                for (var i = 0; i < result.Length; i += BytesPerVoxel)
                {
                    result[i] = (byte)_lowest[brick];
                    if (BytesPerVoxel == 2)
                        result[i + 1] = (byte)(_lowest[brick] >> 8);
                }
                return result;
            }
            var stored = _lengths[brick] == result.Length ? result : new byte[_lengths[brick]];
            lock (_gate)
            {
                _stream.Position = (long)_offsets[brick];
                Fill(stored);
            }
            if (stored != result)
                Lz4Block.Decode(stored, result);
            return result;
        }

        public void Dispose() => _stream.Dispose();

        private static int Word(ReadOnlySpan<byte> header, int i) => BinaryPrimitives.ReadInt32LittleEndian(header.Slice(4 * i));

        private void Fill(Span<byte> buffer)
        {
            while (buffer.Length > 0)
            {
                var read = _stream.Read(buffer);
                if (read == 0)
                    throw new InvalidDataException("a file of bricks ends too early");
                buffer = buffer.Slice(read);
            }
        }
    }
}
