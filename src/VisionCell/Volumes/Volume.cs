using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace VisionCell.Volumes;

/// <summary>How a voxel is stored.</summary>
public enum VoxelType
{
    /// <summary>8-bit unsigned integer, 0 to 255.</summary>
    UInt8,

    /// <summary>16-bit unsigned integer, 0 to 65,535.</summary>
    UInt16,

    /// <summary>32-bit float in the units of its source.</summary>
    Float32,
}

/// <summary>Where a volume comes from and what was done to it, oldest step first.</summary>
/// <param name="Source">File name or description of the origin.</param>
/// <param name="Steps">What was done since, one line each.</param>
public sealed record Provenance(string Source, IReadOnlyList<string> Steps)
{
    /// <summary>Where the sections lie and which were observed, where that is not plain; null where it is.</summary>
    public SectionLayout? Sections { get; init; }

    /// <summary>Provenance of data just read or made.</summary>
    public static Provenance Of(string source) => new(source, []);

    /// <summary>The same with one more step.</summary>
    public Provenance With(string step) => this with { Steps = [.. Steps, step] };
}

/// <summary>
/// A dense volume, stored <c>[Z, Y, X]</c> row-major (x runs fastest), with its voxel size in nanometres and the position of
/// the centre of voxel (0, 0, 0). Values keep the units of their source: nothing is rescaled on the way in.
/// </summary>
public abstract class Volume
{
    private protected Volume(Shape3 shape, VoxelSize voxelSize, Position origin, Provenance provenance)
    {
        if (shape.Z < 1 || shape.Y < 1 || shape.X < 1)
            throw new BadInputException($"a volume of {shape} voxels: every axis must have at least one");
        if (shape.Count > Array.MaxLength)
            throw new BadInputException($"a volume of {shape} voxels has {shape.Count:N0}: at most {Array.MaxLength:N0} are held in memory; crop it or process it in blocks");
        Shape = shape;
        VoxelSize = voxelSize;
        Origin = origin;
        // A layout is of these sections only; resampling along z ends it.
        Provenance = provenance.Sections is { } sections && sections.Count != shape.Z ? provenance with { Sections = null } : provenance;
    }

    /// <summary>Number of voxels along z, y, x.</summary>
    public Shape3 Shape { get; }

    /// <summary>Voxel size, nm.</summary>
    public VoxelSize VoxelSize { get; }

    /// <summary>Position of the centre of voxel (0, 0, 0), nm.</summary>
    public Position Origin { get; }

    /// <summary>Where the data come from.</summary>
    public Provenance Provenance { get; }

    /// <summary>Sections that do not count as observed (<see cref="SectionLayout"/>); none where nothing else is known.</summary>
    public IReadOnlySet<int> Unobserved => Provenance.Sections?.Unobserved ?? System.Collections.Frozen.FrozenSet<int>.Empty;

    /// <summary>Centre of each section along z, nm; null where they are evenly spaced by the voxel size.</summary>
    public IReadOnlyList<double>? SectionPositions => Provenance.Sections?.PositionsNm;

    /// <summary>How a voxel is stored.</summary>
    public abstract VoxelType VoxelType { get; }

    /// <summary>The voxels as raw bytes in machine order, without a copy; for hashing and writing.</summary>
    public abstract ReadOnlySpan<byte> Bytes { get; }

    /// <summary>One voxel as a number.</summary>
    public abstract double ValueAt(int z, int y, int x);

    /// <summary>A copy of the voxels in <paramref name="box"/>.</summary>
    /// <exception cref="BadInputException">The box reaches outside.</exception>
    public abstract Volume Crop(Box box);

    /// <summary>The same voxels, not copied, with another provenance.</summary>
    public abstract Volume WithProvenance(Provenance provenance);

    /// <summary>The volume in single precision; itself when it already is. Values are not rescaled.</summary>
    public abstract Volume<float> ToFloat32();

    /// <summary>
    /// The volume in another voxel type. Values are not rescaled: into an integer type they are rounded half to even and
    /// clamped to its range.
    /// </summary>
    public Volume ConvertTo(VoxelType type) => type == VoxelType ? this : type switch
    {
        VoxelType.UInt8 => ToFloat32().MapSections<byte>(Rounding.ToBytes),
        VoxelType.UInt16 => ToFloat32().MapSections<ushort>(Rounding.ToUInt16),
        _ => ToFloat32(),
    };
}

/// <inheritdoc/>
/// <typeparam name="T"><see cref="byte"/>, <see cref="ushort"/> or <see cref="float"/>.</typeparam>
public sealed class Volume<T> : Volume
    where T : unmanaged, INumber<T>
{
    /// <summary>Wraps an array without copying it.</summary>
    /// <param name="data">Voxels <c>[Z, Y, X]</c>; its length must be the product of <paramref name="shape"/>.</param>
    /// <param name="shape">Number of voxels along z, y, x.</param>
    /// <param name="voxelSize">Voxel size, nm.</param>
    /// <param name="origin">Centre of voxel (0, 0, 0), nm.</param>
    /// <param name="provenance">Where the data come from.</param>
    /// <exception cref="BadInputException">The array does not fit the shape.</exception>
    public Volume(T[] data, Shape3 shape, VoxelSize voxelSize, Position origin, Provenance provenance)
        : base(shape, voxelSize, origin, provenance)
    {
        if (data.LongLength != shape.Count)
            throw new BadInputException($"{data.LongLength:N0} voxels given for a volume of {shape} ({shape.Count:N0})");
        VoxelType = default(T) switch
        {
            byte => VoxelType.UInt8,
            ushort => VoxelType.UInt16,
            float => VoxelType.Float32,
            _ => throw new NotSupportedException($"voxels of type {typeof(T).Name}: a volume holds byte, ushort or float"),
        };
        Data = data;
    }

    /// <summary>An all-zero volume.</summary>
    public Volume(Shape3 shape, VoxelSize voxelSize, Position origin, Provenance provenance)
        : this(new T[shape.Count], shape, voxelSize, origin, provenance)
    {
    }

    /// <summary>The voxels, <c>[Z, Y, X]</c>.</summary>
    public T[] Data { get; }

    /// <inheritdoc/>
    public override VoxelType VoxelType { get; }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Bytes => MemoryMarshal.AsBytes(Data.AsSpan());

    /// <summary>One voxel.</summary>
    public ref T this[int z, int y, int x] => ref Data[Index(z, y, x)];

    /// <summary>The position of a voxel in <see cref="Data"/>.</summary>
    public int Index(int z, int y, int x) => (z * Shape.Y + y) * Shape.X + x;

    /// <summary>One section, <c>[Y, X]</c>, without a copy.</summary>
    public Span<T> Section(int z) => Data.AsSpan(z * Shape.SectionCount, Shape.SectionCount);

    /// <inheritdoc/>
    public override double ValueAt(int z, int y, int x) => double.CreateChecked(this[z, y, x]);

    /// <inheritdoc/>
    public override Volume WithProvenance(Provenance provenance) => new Volume<T>(Data, Shape, VoxelSize, Origin, provenance);

    /// <inheritdoc/>
    public override Volume<float> ToFloat32() => this as Volume<float> ?? MapSections<float>(TensorPrimitives.ConvertTruncating);

    /// <summary>A volume of the same geometry with every voxel replaced.</summary>
    public Volume<TOut> Map<TOut>(Func<T, TOut> function)
        where TOut : unmanaged, INumber<TOut> => MapSections<TOut>((source, target) =>
        {
            for (var i = 0; i < source.Length; i++)
                target[i] = function(source[i]);
        });

    /// <summary>A volume of the same geometry with every section replaced.</summary>
    internal Volume<TOut> MapSections<TOut>(SectionFunction<TOut> function)
        where TOut : unmanaged, INumber<TOut>
    {
        // Every voxel is written.
        var result = GC.AllocateUninitializedArray<TOut>(Data.Length);
        Parallel.For(0, Shape.Z, z => function(Section(z), result.AsSpan(z * Shape.SectionCount, Shape.SectionCount)));
        return new Volume<TOut>(result, Shape, VoxelSize, Origin, Provenance);
    }

    /// <summary>From the voxels of a section to those of another.</summary>
    internal delegate void SectionFunction<TOut>(ReadOnlySpan<T> source, Span<TOut> target);

    /// <summary>A copy of a box of the volume, its origin moved along.</summary>
    /// <exception cref="BadInputException">The box is empty or reaches outside.</exception>
    public override Volume<T> Crop(Box box)
    {
        if (!box.IsInside(Shape))
            throw new BadInputException($"a box of {box.Shape} at ({box.Z}, {box.Y}, {box.X}) does not lie inside a volume of {Shape}");
        var origin = new Position(Origin.Z + box.Z * VoxelSize.Z, Origin.Y + box.Y * VoxelSize.Y, Origin.X + box.X * VoxelSize.X);
        var result = new Volume<T>(box.Shape, VoxelSize, origin, Provenance.With($"crop {box.Shape} at {box.Z},{box.Y},{box.X}") with { Sections = Provenance.Sections?.Crop(box.Z, box.Shape.Z) });
        for (var z = 0; z < box.Shape.Z; z++)
        {
            for (var y = 0; y < box.Shape.Y; y++)
                Data.AsSpan(Index(box.Z + z, box.Y + y, box.X), box.Shape.X).CopyTo(result.Data.AsSpan(result.Index(z, y, 0)));
        }
        return result;
    }

    /// <summary>Overwrites a box with another volume of the box's shape.</summary>
    /// <exception cref="BadInputException">The box reaches outside, or the shapes differ.</exception>
    public void Paste(Volume<T> source, Box box)
    {
        if (!box.IsInside(Shape) || source.Shape != box.Shape)
            throw new BadInputException($"a volume of {source.Shape} does not fill a box of {box.Shape} at ({box.Z}, {box.Y}, {box.X}) of a volume of {Shape}");
        for (var z = 0; z < box.Shape.Z; z++)
        {
            for (var y = 0; y < box.Shape.Y; y++)
                source.Data.AsSpan(source.Index(z, y, 0), box.Shape.X).CopyTo(Data.AsSpan(Index(box.Z + z, box.Y + y, box.X)));
        }
    }
}
