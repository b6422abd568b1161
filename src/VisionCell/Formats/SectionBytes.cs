using System.Runtime.InteropServices;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// Sections of a volume as raw bytes. One section at a time, because <see cref="Volume.Bytes"/> cannot span more than 2 GiB.
/// </summary>
internal static class SectionBytes
{
    public static int Size(VoxelType type) => type switch { VoxelType.UInt8 => 1, VoxelType.UInt16 => 2, _ => 4 };

    /// <summary>The bytes of section <paramref name="z"/>, machine order, without a copy.</summary>
    public static Span<byte> Of(Volume volume, int z) => volume switch
    {
        Volume<byte> v => v.Section(z),
        Volume<ushort> v => MemoryMarshal.AsBytes(v.Section(z)),
        Volume<float> v => MemoryMarshal.AsBytes(v.Section(z)),
        _ => throw new NotSupportedException(volume.GetType().Name),
    };

    /// <summary>An all-zero volume of a type known only at run time.</summary>
    public static Volume NewVolume(VoxelType type, Shape3 shape, VoxelSize size, Position origin, Provenance provenance) => type switch
    {
        VoxelType.UInt8 => new Volume<byte>(shape, size, origin, provenance),
        VoxelType.UInt16 => new Volume<ushort>(shape, size, origin, provenance),
        _ => new Volume<float>(shape, size, origin, provenance),
    };

    /// <summary>A volume of any content, to be filled: clearing it first would take as long as the copy of what is read.</summary>
    public static Volume NewUnfilled(VoxelType type, Shape3 shape, VoxelSize size, Position origin, Provenance provenance)
    {
        return type switch
        {
            VoxelType.UInt8 => Of<byte>(),
            VoxelType.UInt16 => Of<ushort>(),
            _ => Of<float>(),
        };

        Volume<T> Of<T>()
            where T : unmanaged, System.Numerics.INumber<T> =>
            new(shape.Count <= Array.MaxLength ? GC.AllocateUninitializedArray<T>((int)shape.Count) : [], shape, size, origin, provenance);
    }

    /// <summary>Reverses the bytes of every element in place.</summary>
    public static void Swap(Span<byte> data, int elementSize)
    {
        if (elementSize == 2)
        {
            var values = MemoryMarshal.Cast<byte, ushort>(data);
            System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(values, values);
        }
        else if (elementSize == 4)
        {
            var values = MemoryMarshal.Cast<byte, uint>(data);
            System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(values, values);
        }
    }
}
