using System.Buffers.Binary;

namespace VisionCell.Cli.Tests;

/// <summary>The smallest TIFF stack: two pages of 4 x 4 grey pixels, baseline tags only, nothing about sizes.</summary>
internal static class BareTiff
{
    private const int Tags = 9;
    private const int DirectoryBytes = 2 + 12 * Tags + 4;

    public static byte[] TwoPages()
    {
        var file = new byte[8 + 2 * (DirectoryBytes + 16)];
        "II*\0"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), 8);
        var at = 8;
        for (var page = 0; page < 2; page++)
        {
            var pixels = at + DirectoryBytes;
            BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(at), Tags);
            // Width, height, bits, compression, photometric (black is zero), strip offset, samples, rows per strip, strip bytes.
            (short Tag, int Value)[] tags = [(256, 4), (257, 4), (258, 8), (259, 1), (262, 1), (273, pixels), (277, 1), (278, 4), (279, 16)];
            for (var i = 0; i < Tags; i++)
            {
                var entry = file.AsSpan(at + 2 + 12 * i);
                BinaryPrimitives.WriteInt16LittleEndian(entry, tags[i].Tag);
                BinaryPrimitives.WriteInt16LittleEndian(entry[2..], 4);
                BinaryPrimitives.WriteInt32LittleEndian(entry[4..], 1);
                BinaryPrimitives.WriteInt32LittleEndian(entry[8..], tags[i].Value);
            }
            for (var i = 0; i < 16; i++)
                file[pixels + i] = (byte)(16 * page + i);
            at = pixels + 16;
            if (page == 0)
                BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(8 + DirectoryBytes - 4), at);
        }
        return file;
    }
}
