using System.Buffers.Binary;
using System.Text;

namespace VisionCell.Kernels;

/// <summary>
/// Marks a symbol version that a 64-bit little-endian ELF library requires as weak (VER_FLG_WEAK in the <c>vna_flags</c> of
/// <c>.gnu.version_r</c>), so that the dynamic linker no longer refuses the library where that version is missing. Right only
/// for versions that no relocation uses. Source: Linux Standard Base 5.0, "Symbol Versioning", section 10.7.4 (Elfxx_Vernaux).
/// </summary>
internal static class ElfVersions
{
    private const uint SectionTypeVerneed = 0x6ffffffe;
    private const ushort FlagWeak = 0x2;

    /// <summary>Weakens every requirement of a version in place.</summary>
    /// <param name="image">The whole file.</param>
    /// <param name="version">Name of the version, for example <c>GLIBCXX_3.4.32</c>.</param>
    /// <returns>How many requirements were changed; 0 where the library does not ask for the version or is no such ELF file.</returns>
    public static int Weaken(Span<byte> image, string version)
    {
        ReadOnlySpan<byte> magic = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1];
        if (image.Length < 64 || !image[..6].SequenceEqual(magic))
            return 0;
        var sections = (int)BinaryPrimitives.ReadInt64LittleEndian(image[40..]);
        int entrySize = BinaryPrimitives.ReadUInt16LittleEndian(image[58..]);
        int sectionCount = BinaryPrimitives.ReadUInt16LittleEndian(image[60..]);
        var changed = 0;
        for (var i = 0; i < sectionCount; i++)
        {
            var section = Section.Read(image, sections + i * entrySize);
            if (section.Type == SectionTypeVerneed)
                changed += WeakenSection(image, section, Section.Read(image, sections + section.Link * entrySize), version);
        }
        return changed;
    }

    private static int WeakenSection(Span<byte> image, Section needs, Section strings, string version)
    {
        var changed = 0;
        var need = needs.Offset;
        for (var i = 0; i < needs.Info; i++)
        {
            int auxiliaries = BinaryPrimitives.ReadUInt16LittleEndian(image[(need + 2)..]);
            var auxiliary = need + BinaryPrimitives.ReadInt32LittleEndian(image[(need + 8)..]);
            for (var k = 0; k < auxiliaries; k++)
            {
                var name = image[(strings.Offset + BinaryPrimitives.ReadInt32LittleEndian(image[(auxiliary + 8)..]))..];
                if (Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]) == version)
                {
                    var flags = image.Slice(auxiliary + 4, 2);
                    BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(BinaryPrimitives.ReadUInt16LittleEndian(flags) | FlagWeak));
                    changed++;
                }
                auxiliary += BinaryPrimitives.ReadInt32LittleEndian(image[(auxiliary + 12)..]);
            }
            need += BinaryPrimitives.ReadInt32LittleEndian(image[(need + 12)..]);
        }
        return changed;
    }

    private readonly record struct Section(uint Type, int Offset, int Link, int Info)
    {
        public static Section Read(ReadOnlySpan<byte> image, int at) => new(
            BinaryPrimitives.ReadUInt32LittleEndian(image[(at + 4)..]),
            (int)BinaryPrimitives.ReadInt64LittleEndian(image[(at + 24)..]),
            BinaryPrimitives.ReadInt32LittleEndian(image[(at + 40)..]),
            BinaryPrimitives.ReadInt32LittleEndian(image[(at + 44)..]));
    }
}
