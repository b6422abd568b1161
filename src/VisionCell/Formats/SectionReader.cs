using System.Runtime.InteropServices;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// A stack opened to be read section by section, so that one larger than memory can be worked on; from <see cref="VolumeFormats.OpenSections"/>.
/// Sections may be read from several threads. Where the file stores blocks of several sections the last block is kept.
/// </summary>
public abstract class SectionReader : IDisposable
{
    /// <summary>Opens a stack.</summary>
    /// <param name="info">What the file says.</param>
    /// <param name="provenance">Where the data come from.</param>
    protected SectionReader(VolumeInfo info, Provenance provenance) => (Info, Provenance) = (info, provenance);

    /// <summary>What the file says about itself.</summary>
    public VolumeInfo Info { get; }

    /// <summary>Where the data come from, and what is known of the sections.</summary>
    public Provenance Provenance { get; }

    /// <summary>Reads a section as stored, <c>[Y, X]</c> bytes in machine order.</summary>
    /// <exception cref="BadInputException">The file is damaged there.</exception>
    public abstract void ReadBytes(int z, Span<byte> destination);

    /// <summary>Reads a section in single precision, values not rescaled.</summary>
    /// <exception cref="BadInputException">The file is damaged there.</exception>
    public void Read(int z, Span<float> destination)
    {
        if (Info.VoxelType == VoxelType.Float32)
        {
            ReadBytes(z, MemoryMarshal.AsBytes(destination));
            return;
        }
        var bytes = new byte[destination.Length * SectionBytes.Size(Info.VoxelType)];
        ReadBytes(z, bytes);
        if (Info.VoxelType == VoxelType.UInt8)
            System.Numerics.Tensors.TensorPrimitives.ConvertTruncating<byte, float>(bytes, destination);
        else
            System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, ushort>(bytes), destination);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the file.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>A reader on a volume in memory, for formats that cannot read by sections.</summary>
    internal sealed class Whole(VolumeInfo info, Volume volume) : SectionReader(info, volume.Provenance)
    {
        public override void ReadBytes(int z, Span<byte> destination) => SectionBytes.Of(volume, z).CopyTo(destination);
    }

    /// <summary>A reader on a function.</summary>
    internal sealed class By(VolumeInfo info, Provenance provenance, By.Section read, IDisposable? file = null) : SectionReader(info, provenance)
    {
        public delegate void Section(int z, Span<byte> destination);

        public override void ReadBytes(int z, Span<byte> destination) => read(z, destination);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                file?.Dispose();
            base.Dispose(disposing);
        }
    }

    /// <summary>A reader on blocks of sections, of which the last is kept.</summary>
    internal sealed class Blocks(VolumeInfo info, Provenance provenance, int depth, Func<int, int, Volume> read) : SectionReader(info, provenance)
    {
        private readonly Lock _gate = new();
        private Volume? _block;
        private int _first;

        public override void ReadBytes(int z, Span<byte> destination)
        {
            lock (_gate)
            {
                if (_block is null || z < _first || z >= _first + _block.Shape.Z)
                {
                    // The old block is let go before the new one is made.
                    _block = null;
                    _first = z / depth * depth;
                    _block = read(_first, Math.Min(depth, Info.Shape.Z - _first));
                }
                SectionBytes.Of(_block, z - _first).CopyTo(destination);
            }
        }
    }
}
