using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>How the objects of a label volume become surfaces.</summary>
/// <param name="Smoothing">Pairs of Taubin steps. 10 takes the staircase of voxels away and moves the surface by under half a voxel.</param>
/// <param name="Decimation">Share of the triangles that is kept, above 0 and at most 1.</param>
/// <param name="MaxErrorNm">Decimation by error in place of a share: how far a vertex of the surface may lie from the simplified one, and the other way round; null for none.</param>
/// <param name="MinimumVoxels">Objects of fewer voxels are left out.</param>
/// <param name="SlabSections">Sections held at once: memory grows with it, the result does not depend on it.</param>
public sealed record LabelSurfaceOptions(int Smoothing = 10, double Decimation = 1, double? MaxErrorNm = null, long MinimumVoxels = 1, int SlabSections = 64);

/// <summary>The surface of one object.</summary>
/// <param name="Label">Its number.</param>
/// <param name="Voxels">How many voxels it has.</param>
/// <param name="Mesh">Its surface, closed: where the object leaves the volume it ends on the outer faces of the border voxels.</param>
public sealed record LabelSurface(int Label, long Voxels, Mesh Mesh);

/// <summary>
/// One closed surface for each object of a label volume <c>[Z, Y, X]</c> (whole numbers; 0 is background): marching cubes of "is this
/// object", half-way between voxel centres, then smoothing. Sections are read slab by slab, neighbouring slabs share one section, and
/// the pieces of an object are joined there (<see cref="SlabAssembly"/>), so that the volume need not fit into memory; the surface is
/// the same as of all at once.
/// </summary>
public static class LabelSurfaces
{
    /// <summary>Extracts the surfaces of all objects, in the order of their numbers.</summary>
    /// <param name="labels">The label volume, section by section.</param>
    /// <param name="voxelSize">Its voxel size, nm.</param>
    /// <param name="origin">Centre of voxel (0, 0, 0), nm.</param>
    /// <param name="options">Smoothing, decimation, least size.</param>
    /// <param name="progress">Share of the work done, 0 to 1.</param>
    /// <param name="cancellation">Stops between objects.</param>
    /// <exception cref="BadInputException">There is no object, a value is no whole number, or an option is out of range.</exception>
    public static IReadOnlyList<LabelSurface> Extract(
        SectionReader labels, VoxelSize voxelSize, Position origin = default, LabelSurfaceOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new LabelSurfaceOptions();
        if (options.SlabSections < 1)
            throw new BadInputException($"slabs of {options.SlabSections} sections: at least 1");
        var shape = labels.Info.Shape;
        var objects = new SortedDictionary<int, Piecewise>();
        var held = new List<float[]>();
        for (var first = 0; first < shape.Z; first += options.SlabSections)
        {
            cancellation.ThrowIfCancellationRequested();
            // The slab, and the section that it shares with the one before: what begins or ends between the two shows in both.
            var last = Math.Min(shape.Z, first + options.SlabSections) - 1;
            var slab = held.Count == 0 ? [] : new List<float[]> { held[^1] };
            for (var z = first; z <= last; z++)
            {
                var section = new float[shape.SectionCount];
                labels.Read(z, section);
                slab.Add(section);
            }
            held = slab;
            var start = last + 1 - slab.Count;
            foreach (var (label, found) in Find(slab, shape, fresh: first - start))
            {
                if (!objects.TryGetValue(label, out var pieces))
                    objects.Add(label, pieces = new Piecewise());
                pieces.Voxels += found.Voxels;
                pieces.Add(found, slab, start, first > start, shape, label, voxelSize, origin, cancellation);
            }
            progress?.Report(0.5 * (last + 1) / shape.Z);
        }
        var result = new List<LabelSurface>();
        var kept = objects.Where(o => o.Value.Voxels >= options.MinimumVoxels).ToList();
        if (kept.Count == 0)
            throw new BadInputException(objects.Count == 0 ? "the label volume holds background (0) alone: there is no object to mesh"
                : $"no object has {options.MinimumVoxels} voxels; the largest of {objects.Count} has {objects.Values.Max(o => o.Voxels)}");
        foreach (var (label, pieces) in kept)
        {
            cancellation.ThrowIfCancellationRequested();
            var mesh = MeshSmoothing.Taubin(pieces.Surface.ToMesh(), options.Smoothing);
            result.Add(new LabelSurface(label, pieces.Voxels, MeshDecimation.Decimate(mesh, options.Decimation, options.MaxErrorNm, cancellation: cancellation)));
            progress?.Report(0.5 + 0.5 * result.Count / kept.Count);
        }
        return result;
    }

    /// <summary>Where each label lies in a slab, and how many voxels it has in the sections from <paramref name="fresh"/> on.</summary>
    private static Dictionary<int, Extent> Find(List<float[]> slab, Shape3 shape, int fresh)
    {
        var result = new Dictionary<int, Extent>();
        for (var z = 0; z < slab.Count; z++)
        {
            for (int i = 0, y = 0; y < shape.Y; y++)
            {
                for (var x = 0; x < shape.X;)
                {
                    // By runs: neighbours mostly have the same label.
                    var (value, from) = (slab[z][i], x);
                    for (; x < shape.X && slab[z][i] == value; x++)
                        i++;
                    if (value == 0)
                        continue;
                    if (!(value > 0 && value <= 16_777_216 && value == MathF.Floor(value)))
                        throw new BadInputException($"voxel ({z}, {y}, {from}) of the slab has the value {value}: labels are whole numbers from 0 to 16,777,216; is this a grey volume?");
                    ref var extent = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(result, (int)value, out var there);
                    if (!there)
                        extent = new Extent { MinZ = z, MinY = y, MinX = from, MaxZ = z, MaxY = y, MaxX = x - 1 };
                    (extent.MaxZ, extent.MinY, extent.MaxY) = (z, Math.Min(extent.MinY, y), Math.Max(extent.MaxY, y));
                    (extent.MinX, extent.MaxX) = (Math.Min(extent.MinX, from), Math.Max(extent.MaxX, x - 1));
                    extent.Voxels += z >= fresh ? x - from : 0;
                }
            }
        }
        return result;
    }

    private struct Extent
    {
        public int MinZ, MinY, MinX, MaxZ, MaxY, MaxX;
        public long Voxels;
    }

    /// <summary>An object as far as it has been read.</summary>
    private sealed class Piecewise
    {
        public SlabAssembly Surface { get; } = new(withNormals: false);

        public long Voxels { get; set; }

        public void Add(Extent box, List<float[]> slab, int start, bool shared, Shape3 shape, int label, VoxelSize size, Position origin, CancellationToken cancellation)
        {
            // One voxel of surroundings, but not beyond a section that is shared: there the surface stays open and goes on in the next slab.
            var lowest = shared && box.MinZ == 0 ? 0 : box.MinZ - 1;
            var highest = start + slab.Count < shape.Z && box.MaxZ == slab.Count - 1 ? box.MaxZ : box.MaxZ + 1;
            var window = new Volume<float>(
                new Shape3(highest - lowest + 1, box.MaxY - box.MinY + 3, box.MaxX - box.MinX + 3), size,
                new Position(origin.Z + (start + lowest) * size.Z, origin.Y + (box.MinY - 1) * size.Y, origin.X + (box.MinX - 1) * size.X), Provenance.Of($"label {label}"));
            for (var z = box.MinZ; z <= box.MaxZ; z++)
            {
                for (var y = box.MinY; y <= box.MaxY; y++)
                {
                    var row = slab[z].AsSpan(y * shape.X + box.MinX, box.MaxX - box.MinX + 1);
                    var target = window.Data.AsSpan(window.Index(z - lowest, y - box.MinY + 1, 1), row.Length);
                    for (var x = 0; x < row.Length; x++)
                        target[x] = row[x] == label ? 1 : 0;
                }
            }
            Surface.Append(MarchingCubes.ExtractSlab(window, 0.5, cancellation));
        }
    }
}
