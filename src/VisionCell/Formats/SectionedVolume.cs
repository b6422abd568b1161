using System.Runtime.InteropServices;
using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// A volume <c>[Z, Y, X]</c> that is worked on section by section, so that it need not fit into memory: a file, or a volume that is in memory
/// already, which becomes one by itself.
/// </summary>
public sealed class SectionedVolume : IDisposable
{
    /// <summary>Wraps a reader.</summary>
    /// <param name="reader">Reads the sections; disposed of with this.</param>
    /// <param name="voxelSize">The voxel size that holds, nm.</param>
    public SectionedVolume(SectionReader reader, VoxelSize voxelSize) => (Reader, VoxelSize) = (reader, voxelSize);

    /// <summary>Reads the sections.</summary>
    public SectionReader Reader { get; }

    /// <summary>Voxel size, nm.</summary>
    public VoxelSize VoxelSize { get; }

    /// <summary>Number of voxels along z, y, x.</summary>
    public Shape3 Shape => Reader.Info.Shape;

    /// <summary>How a voxel is stored.</summary>
    public VoxelType VoxelType => Reader.Info.VoxelType;

    /// <summary>Centre of voxel (0, 0, 0), nm.</summary>
    public Position Origin => Reader.Info.Origin;

    /// <summary>Where the data come from.</summary>
    public Provenance Provenance => Reader.Provenance;

    /// <summary>A volume in memory.</summary>
    public static implicit operator SectionedVolume(Volume volume) => FromVolume(volume);

    /// <summary>A volume in memory.</summary>
    public static SectionedVolume FromVolume(Volume volume) => new(
        new SectionReader.Whole(new VolumeInfo(volume.Provenance.Source, "memory", volume.Shape, volume.VoxelType, volume.VoxelSize, volume.Origin, "zyx", [], []), volume), volume.VoxelSize);

    /// <summary>A file in any format.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="voxelSize">Overrides what the file says, nm.</param>
    /// <param name="notice">Told what the user should know of the file.</param>
    /// <exception cref="BadInputException">It cannot be read, or nothing says its voxel size.</exception>
    public static SectionedVolume Open(string path, VoxelSize? voxelSize = null, Action<string>? notice = null)
    {
        var (reader, size) = VolumeFormats.OpenSections(path, voxelSize, notice);
        return new SectionedVolume(reader, size);
    }

    /// <summary>Grey levels that a picture should span, as <see cref="ContrastLimits.Of"/> of all voxels, and the smallest and largest finite voxel (infinite where there is none).</summary>
    /// <param name="tail">Share cut off at each end.</param>
    /// <param name="cancellation">Stops between sections.</param>
    public (double Low, double High, float Least, float Most) Limits(double tail = 0.002, CancellationToken cancellation = default)
    {
        var sample = new ContrastSample(Shape.Count);
        var (least, most, section) = (float.PositiveInfinity, float.NegativeInfinity, new float[Shape.SectionCount]);
        for (var z = 0; z < Shape.Z; z++)
        {
            cancellation.ThrowIfCancellationRequested();
            Reader.Read(z, section);
            sample.Add(section);
            foreach (var value in section)
            {
                if (float.IsFinite(value))
                    (least, most) = (Math.Min(least, value), Math.Max(most, value));
            }
        }
        var (low, high) = sample.Limits(tail);
        return (low, high, least, most);
    }

    /// <summary>The next coarser level, as <see cref="Pyramid.Halve"/> makes it, in a temporary file that goes when it is disposed of.</summary>
    /// <param name="factors">1 or 2 along z, y, x.</param>
    /// <param name="folder">Where the file lies.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">The disk is full.</exception>
    public SectionedVolume Halved(Shape3 factors, string folder, CancellationToken cancellation = default)
    {
        var (shape, size, origin) = (Shape, VoxelSize, Origin);
        var halved = Pyramid.Halved(shape, factors);
        var coarser = new VoxelSize(size.Z * factors.Z, size.Y * factors.Y, size.X * factors.X);
        var file = new FileStream(Path.Combine(folder, Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
        try
        {
            for (var z = 0; z < halved.Z; z++)
            {
                cancellation.ThrowIfCancellationRequested();
                var depth = Math.Min(factors.Z, shape.Z - z * factors.Z);
                var slab = SectionBytes.NewUnfilled(VoxelType, new Shape3(depth, shape.Y, shape.X), size, origin, Provenance);
                for (var d = 0; d < depth; d++)
                    Reader.ReadBytes(z * factors.Z + d, SectionBytes.Of(slab, d));
                file.Write(SectionBytes.Of(Pyramid.Halve(slab, factors, cancellation), 0));
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }
        var bytes = (long)halved.SectionCount * SectionBytes.Size(VoxelType);
        var gate = new Lock();
        var info = Reader.Info with { Shape = halved, VoxelSize = coarser, Origin = Pyramid.Origin(origin, size, factors) };
        return new SectionedVolume(new SectionReader.By(info, Provenance, Read, file), coarser);

        void Read(int z, Span<byte> destination)
        {
            lock (gate)
            {
                file.Position = z * bytes;
                file.ReadExactly(destination);
            }
        }
    }

    /// <summary>The same with each voxel made a 16-bit number.</summary>
    /// <param name="convert">What becomes of a value.</param>
    internal SectionedVolume Mapped(Func<float, ushort> convert) => new(new SectionReader.By(Reader.Info with { VoxelType = VoxelType.UInt16 }, Provenance, (z, destination) =>
    {
        var section = new float[Shape.SectionCount];
        Reader.Read(z, section);
        var target = MemoryMarshal.Cast<byte, ushort>(destination);
        for (var i = 0; i < section.Length; i++)
            target[i] = convert(section[i]);
    }), VoxelSize);

    /// <summary>All of it, in memory.</summary>
    /// <param name="cancellation">Stops between sections.</param>
    public Volume ReadWhole(CancellationToken cancellation = default)
    {
        var volume = SectionBytes.NewUnfilled(VoxelType, Shape, VoxelSize, Origin, Provenance);
        for (var z = 0; z < Shape.Z; z++)
        {
            cancellation.ThrowIfCancellationRequested();
            Reader.ReadBytes(z, SectionBytes.Of(volume, z));
        }
        return volume;
    }

    /// <inheritdoc/>
    public void Dispose() => Reader.Dispose();
}
