#nullable enable
using System;
using System.IO;

namespace VisionCell.Viewer
{
    /// <summary>
    /// Decodes one LZ4 block. Source: LZ4 block format (github.com/lz4/lz4, doc/lz4_Block_format.md). Damaged input is refused, never read
    /// or written beyond.
    /// </summary>
    public static class Lz4Block
    {
        private const int LeastMatch = 4;

        /// <summary>Fills a buffer with what a block holds.</summary>
        /// <exception cref="InvalidDataException">The block is damaged or holds another number of bytes.</exception>
        public static void Decode(ReadOnlySpan<byte> block, Span<byte> result)
        {
            int from = 0, to = 0;
            while (from < block.Length)
            {
                var token = block[from++];
                // 1. Literals.
                var literals = Count(block, ref from, token >> 4);
                if (literals > block.Length - from || literals > result.Length - to)
                    throw Damaged();
                block.Slice(from, literals).CopyTo(result.Slice(to));
                from += literals;
                to += literals;
                if (from == block.Length)
                    break;
                // 2. A match in what was written.
                if (block.Length - from < 2)
                    throw Damaged();
                var offset = block[from] | block[from + 1] << 8;
                from += 2;
                var length = Count(block, ref from, token & 15) + LeastMatch;
                if (offset == 0 || offset > to || length > result.Length - to)
                    throw Damaged();
                // Byte by byte: a match may overlap what it writes.
                for (var end = to + length; to < end; to++)
                    result[to] = result[to - offset];
            }
            if (to != result.Length)
                throw Damaged();
        }

        private static int Count(ReadOnlySpan<byte> block, ref int from, int count)
        {
            if (count < 15)
                return count;
            byte more;
            do
            {
                if (from >= block.Length || count > int.MaxValue / 2)
                    throw Damaged();
                more = block[from++];
                count += more;
            }
            while (more == 255);
            return count;
        }

        private static InvalidDataException Damaged() => new InvalidDataException("a brick is damaged (LZ4)");
    }
}
