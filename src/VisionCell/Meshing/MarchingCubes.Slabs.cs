using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Meshing;

// Volumes that need not fit into memory: slab by slab.
public static partial class MarchingCubes
{
    private const int SlabVoxels = 1 << 26; // 256 MB as float32
    private const int LeastSections = 4, MostSections = 256;

    /// <summary>
    /// The surface of a volume that is read section by section, each once, and need not fit into memory; the surface has to. Neighbouring slabs share
    /// a section, in which their borders match (<see cref="SlabAssembly"/>), and each sees a section beyond its own for the normals: the result is
    /// that of the whole volume at once, to the last bit, whatever the slabs.
    /// </summary>
    /// <param name="sections">The volume, section by section; at least 2 voxels along each axis (1 with a closed border).</param>
    /// <param name="voxelSize">Its voxel size, nm.</param>
    /// <param name="origin">Centre of voxel (0, 0, 0), nm.</param>
    /// <param name="isoValue">The value of the surface, in the units of the volume.</param>
    /// <param name="options">Which side is inside, and whether the border is closed.</param>
    /// <param name="slabSections">Sections of a slab, at least 1; 0 takes as many as fit into a quarter of a gigabyte, but 4 to 256. Three more are held.</param>
    /// <param name="progress">Share of the sections that is done, 0 to 1.</param>
    /// <param name="cancellation">Stops between sections and layers.</param>
    /// <exception cref="BadInputException">The iso value lies outside the data, the volume is too thin, the surface is too large, or a file is damaged.</exception>
    public static Mesh Extract(
        SectionReader sections, VoxelSize voxelSize, Position origin, double isoValue, MarchingCubesOptions? options = null, int slabSections = 0,
        IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new MarchingCubesOptions();
        if (slabSections < 0)
            throw new BadInputException($"slabs of {slabSections} sections: at least 1, or 0 for what fits");
        var planes = new Planes(sections, options.CloseBorder);
        var shape = planes.Shape;
        CheckShape(shape);
        if (options.CloseBorder)
            origin = new Position(origin.Z - voxelSize.Z, origin.Y - voxelSize.Y, origin.X - voxelSize.X);
        // Slabs of about one size, so that one window serves them all: the sections of a slab, and those on either side that there are.
        var layers = slabSections > 0 ? slabSections : Math.Clamp(SlabVoxels / shape.SectionCount, LeastSections, MostSections);
        layers = Math.Min(layers, shape.Z - 1);
        var slabs = (shape.Z - 2 + layers) / layers;
        layers = (shape.Z - 2 + slabs) / slabs;
        var window = new Volume<float>(new Shape3(Math.Min(shape.Z, layers + 3), shape.Y, shape.X), voxelSize, origin, sections.Provenance);

        var surface = new SlabAssembly(withNormals: true);
        var (before, read) = (0, 0); // planes before the window, and planes read
        for (var first = 0; first < shape.Z - 1; first += layers)
        {
            var last = Math.Min(first + layers, shape.Z - 1);
            var from = Math.Max(0, Math.Min(first - 1, shape.Z - window.Shape.Z));
            window.Data.AsSpan((from - before) * shape.SectionCount, (read - from) * shape.SectionCount).CopyTo(window.Data);
            before = from;
            for (; read < from + window.Shape.Z; read++)
            {
                cancellation.ThrowIfCancellationRequested();
                planes.Read(read, window.Section(read - from));
            }
            surface.Append(new Extraction(window, isoValue, options.InsideIsBelow, cancellation, before).Run().Part(first - from, last - from));
            progress?.Report((double)last / (shape.Z - 1));
        }
        CheckRange(planes.Range, isoValue, options);
        return surface.ToMesh();
    }

    /// <summary>The surface of one of several slabs that share their first and last sections; no border is closed, and it need not cross the value.</summary>
    /// <param name="slab">At least 2 voxels along each axis.</param>
    /// <param name="isoValue">The value of the surface.</param>
    /// <param name="cancellation">Stops between layers.</param>
    internal static SurfaceSlab ExtractSlab(Volume<float> slab, double isoValue, CancellationToken cancellation) =>
        new Extraction(slab, isoValue, false, cancellation).Run().Part(0, slab.Shape.Z - 1);

    /// <summary>The sections of a volume with the border that closes it, as <see cref="Pad"/> adds it to whole ones.</summary>
    private sealed class Planes
    {
        private readonly SectionReader _sections;
        private readonly int _border;
        private readonly float[] _section;

        public Planes(SectionReader sections, bool closed)
        {
            var shape = sections.Info.Shape;
            (_sections, _border, _section) = (sections, closed ? 1 : 0, new float[shape.SectionCount]);
            Shape = new Shape3(shape.Z + 2 * _border, shape.Y + 2 * _border, shape.X + 2 * _border);
        }

        /// <summary>Border included.</summary>
        public Shape3 Shape { get; }

        /// <summary>The smallest and largest finite value so far.</summary>
        public (float Low, float High) Range { get; private set; } = (float.PositiveInfinity, float.NegativeInfinity);

        public void Read(int plane, Span<float> target)
        {
            var z = plane - _border;
            if (z < 0 || z >= _sections.Info.Shape.Z)
            {
                target.Fill(float.NaN);
                return;
            }
            _sections.Read(z, _section);
            var (low, high) = IsoThreshold.Range(_section);
            Range = (Math.Min(Range.Low, low), Math.Max(Range.High, high));
            if (_border == 0)
            {
                _section.CopyTo(target);
                return;
            }
            target.Fill(float.NaN);
            var inner = _sections.Info.Shape;
            for (var y = 0; y < inner.Y; y++)
                _section.AsSpan(y * inner.X, inner.X).CopyTo(target[((y + 1) * Shape.X + 1)..]);
        }
    }
}
