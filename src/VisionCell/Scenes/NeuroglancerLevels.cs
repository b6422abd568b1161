using System.Text;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>
/// Meshes of objects at several levels of detail, as Neuroglancer reads them: a folder with <c>info</c>, for each object a manifest
/// <c>ID.index</c> and its pieces <c>ID</c>. A level has about a quarter of the triangles of the finer one; it is cut into the cubes of an octree, and
/// each cube is a Draco mesh of 16-bit coordinates (<see cref="DracoMesh"/>). Cut are the triangles themselves, at the faces of the cubes of the
/// next finer level, where both sides get the same vertices, so that nothing gapes.
/// Source: Neuroglancer, src/datasource/precomputed/meshes.md, "Multi-resolution mesh format".
/// </summary>
public static class NeuroglancerLevels
{
    private const int Quantised = ushort.MaxValue;

    // A coarsest level of fewer triangles saves nothing; 8 levels are 65,536 times that.
    private const int CoarsestTriangles = 1000;
    private const int MostLevels = 8;

    /// <summary>Writes objects into a folder, which must be empty or hold meshes.</summary>
    /// <param name="meshes">Each object's number, which is above 0, and its surface, nm.</param>
    /// <param name="folder">Destination.</param>
    /// <param name="progress">Share of the objects that is done, 0 to 1.</param>
    /// <param name="cancellation">Stops between objects; nothing is left behind.</param>
    /// <exception cref="BadInputException">A mesh is empty, a number is not above 0, or the folder holds something else.</exception>
    public static void Write(IReadOnlyList<(ulong Id, Mesh Mesh)> meshes, string folder, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        foreach (var (id, mesh) in meshes)
        {
            if (id == 0)
                throw new BadInputException("object 0: numbers of objects begin with 1, 0 is the background");
            if (mesh.TriangleCount == 0)
                throw new BadInputException($"object {id} has no triangle: there is nothing to show");
        }
        AtomicWrite.Folder(folder, f => File.Exists(Path.Combine(f, "info")), target =>
        {
            File.WriteAllText(Path.Combine(target, "info"), """
                {"@type": "neuroglancer_multilod_draco", "vertex_quantization_bits": 16, "lod_scale_multiplier": 1, "transform": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]}
                """);
            for (var i = 0; i < meshes.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                Write(meshes[i].Id, meshes[i].Mesh, target, cancellation);
                progress?.Report((i + 1.0) / meshes.Count);
            }
        });
    }

    private static void Write(ulong id, Mesh mesh, string folder, CancellationToken cancellation)
    {
        // 1. The levels, and a grid whose cubes of the coarsest level hold all of the object: one cube.
        var levels = Levels(mesh, cancellation);
        var (low, high) = mesh.Bounds;
        var origin = new Vector3(MathF.BitDecrement((float)low.X), MathF.BitDecrement((float)low.Y), MathF.BitDecrement((float)low.Z));
        var longest = Math.Max(high.X - origin.X, Math.Max(high.Y - origin.Y, high.Z - origin.Z));
        // As Neuroglancer reads it, in single precision, and a little more than needed.
        double edge = MathF.BitIncrement((float)(Math.Max(longest, 1e-3) * (1 + 1e-6) / (1 << (levels.Count - 1))));

        // 2. Each level in pieces, by the cubes of the next finer level (of its own for the finest).
        var cells = levels.Select((level, l) => Cut(level, origin, edge * (1 << Math.Max(0, l - 1)), 1 << (levels.Count - Math.Max(1, l)))).ToList();
        var nodes = Nodes(cells);

        // 3. The pieces, encoded, cubes in Z-order.
        using var data = new FileStream(Path.Combine(folder, $"{id}"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        using var manifest = new BinaryWriter(new FileStream(Path.Combine(folder, $"{id}.index"), FileMode.CreateNew, FileAccess.Write), Encoding.UTF8);
        void Floats(params ReadOnlySpan<double> values)
        {
            foreach (var value in values)
                manifest.Write((float)value);
        }
        Floats(edge, edge, edge);
        Floats(origin.X, origin.Y, origin.Z);
        manifest.Write((uint)levels.Count);
        var scale = 0.0;
        foreach (var level in levels)
            Floats(scale = Math.Max(scale, EdgeLength(level)));
        Floats(new double[3 * levels.Count]);
        foreach (var level in nodes)
            manifest.Write((uint)level.Count);
        for (var l = 0; l < levels.Count; l++)
        {
            var ordered = nodes[l].OrderBy(n => ZOrder(n.X, n.Y, n.Z)).ToList();
            foreach (var value in ordered.Select(n => n.X).Concat(ordered.Select(n => n.Y)).Concat(ordered.Select(n => n.Z)))
                manifest.Write((uint)value);
            foreach (var node in ordered)
            {
                var piece = Encode(cells[l], node, l > 0);
                data.Write(piece);
                manifest.Write((uint)piece.Length);
            }
        }
    }

    /// <summary>Finest first.</summary>
    private static List<Mesh> Levels(Mesh mesh, CancellationToken cancellation)
    {
        var levels = new List<Mesh> { mesh };
        while (levels.Count < MostLevels && levels[^1].TriangleCount >= 4 * CoarsestTriangles)
        {
            var coarser = MeshDecimation.Decimate(levels[^1], 0.25, null, cancellation: cancellation);
            // What folds nowhere only may stay as it is.
            if (coarser.TriangleCount > 0.7 * levels[^1].TriangleCount)
                break;
            levels.Add(coarser);
        }
        return levels;
    }

    /// <summary>Edge of an equilateral triangle of the mean area, nm: what Neuroglancer compares with a pixel.</summary>
    private static double EdgeLength(Mesh mesh) => Math.Sqrt(mesh.Area() / mesh.TriangleCount * 4 / Math.Sqrt(3));

    /// <summary>The cubes of each level: those with triangles, those that hold a finer one, and an empty finer one wherever a coarser one has triangles in that eighth.</summary>
    private static HashSet<(int X, int Y, int Z)>[] Nodes(List<Dictionary<(int X, int Y, int Z), List<Vector3>>> cells)
    {
        var nodes = cells.Select((c, l) => c.Keys.Select(k => l == 0 ? k : Parent(k)).ToHashSet()).ToArray();
        for (var l = cells.Count - 1; l > 0; l--)
            nodes[l - 1].UnionWith(cells[l].Keys);
        for (var l = 1; l < cells.Count; l++)
            nodes[l].UnionWith(nodes[l - 1].Select(Parent));
        return nodes;
    }

    private static (int X, int Y, int Z) Parent((int X, int Y, int Z) cell) => (cell.X >> 1, cell.Y >> 1, cell.Z >> 1);

    /// <summary>The triangles of a mesh in the cubes of a grid, cut at their faces; corners in edges of a cube from the grid's origin.</summary>
    private static Dictionary<(int X, int Y, int Z), List<Vector3>> Cut(Mesh mesh, Vector3 origin, double edge, int count)
    {
        var cells = new Dictionary<(int X, int Y, int Z), List<Vector3>>();
        // A coarser surface may bulge out of the box by its error.
        Vector3 At(int vertex)
        {
            double Along(int axis) => Math.Clamp((mesh.Positions[3 * vertex + axis] - origin[axis]) / edge, 0, count);
            return new Vector3(Along(0), Along(1), Along(2));
        }
        for (var t = 0; t < mesh.Triangles.Length; t += 3)
        {
            Vector3 a = At(mesh.Triangles[t]), b = At(mesh.Triangles[t + 1]), c = At(mesh.Triangles[t + 2]);
            int First(int axis) => Math.Min((int)Math.Min(a[axis], Math.Min(b[axis], c[axis])), count - 1);
            bool Within(int axis, int cell) => Math.Max(a[axis], Math.Max(b[axis], c[axis])) <= cell + 1;
            var cell = (X: First(0), Y: First(1), Z: First(2));
            // Most lie in one cube.
            if (Within(0, cell.X) && Within(1, cell.Y) && Within(2, cell.Z))
                In(cell).AddRange([a, b, c]);
            else
                Cut([a, b, c], 0, (0, 0, 0));
        }
        return cells;

        List<Vector3> In((int X, int Y, int Z) cell)
        {
            if (!cells.TryGetValue(cell, out var triangles))
                cells.Add(cell, triangles = []);
            return triangles;
        }

        void Cut(List<Vector3> polygon, int axis, (int X, int Y, int Z) cell)
        {
            if (axis == 3)
            {
                for (var i = 2; i < polygon.Count; i++)
                    In(cell).AddRange([polygon[0], polygon[i - 1], polygon[i]]);
                return;
            }
            double low = polygon.Min(p => p[axis]), high = polygon.Max(p => p[axis]);
            for (var c = Math.Min((int)low, count - 1); ; c++)
            {
                var inside = axis == 0 ? (c, 0, 0) : axis == 1 ? (cell.X, c, 0) : (cell.X, cell.Y, c);
                if (high <= c + 1)
                {
                    Cut(polygon, axis + 1, inside);
                    return;
                }
                if (low < c + 1)
                    Cut(Side(polygon, axis, c + 1, above: false), axis + 1, inside);
                polygon = Side(polygon, axis, c + 1, above: true);
                low = c + 1;
            }
        }
    }

    /// <summary>The part of a convex polygon on one side of a plane across an axis.</summary>
    private static List<Vector3> Side(List<Vector3> polygon, int axis, double plane, bool above)
    {
        var result = new List<Vector3>(polygon.Count + 1);
        for (var i = 0; i < polygon.Count; i++)
        {
            var (a, b) = (polygon[i], polygon[(i + 1) % polygon.Count]);
            if (above ? a[axis] >= plane : a[axis] <= plane)
                result.Add(a);
            if ((a[axis] < plane && b[axis] > plane) || (a[axis] > plane && b[axis] < plane))
            {
                // From the lower end whichever way the polygon runs, so that the triangle beyond the edge gets the same vertex.
                if (a[axis] > b[axis])
                    (a, b) = (b, a);
                var share = (plane - a[axis]) / (b[axis] - a[axis]);
                double Along(int along) => along == axis ? plane : a[along] + share * (b[along] - a[along]);
                result.Add(new Vector3(Along(0), Along(1), Along(2)));
            }
        }
        return result;
    }

    /// <summary>The triangles in a cube, which is eight cells where it is not of the finest level; empty where there are none.</summary>
    private static byte[] Encode(Dictionary<(int X, int Y, int Z), List<Vector3>> cells, (int X, int Y, int Z) node, bool ofEight)
    {
        var (vertices, positions, triangles) = (new Dictionary<(int, int, int), int>(), new List<int>(), new List<int>());
        var (cubes, edge) = ofEight ? (8, 2) : (1, 1);
        for (var octant = 0; octant < cubes; octant++)
        {
            if (!cells.TryGetValue((node.X * edge + (octant & 1), node.Y * edge + (octant >> 1 & 1), node.Z * edge + (octant >> 2)), out var corners))
                continue;
            for (var t = 0; t < corners.Count; t += 3)
            {
                int a = Vertex(corners[t]), b = Vertex(corners[t + 1]), c = Vertex(corners[t + 2]);
                if (a != b && b != c && c != a)
                    triangles.AddRange([a, b, c]);
            }
        }
        return triangles.Count == 0 ? [] : DracoMesh.Encode([.. positions], [.. triangles]);

        int Vertex(Vector3 corner)
        {
            // The middle of a cube, 32767.5, has to come out as the decoder has it: 32768.
            int Along(double value, int first) => (int)Math.Clamp(Math.Floor((value / edge - first) * Quantised + 0.5), 0, Quantised);
            var place = (Along(corner.X, node.X), Along(corner.Y, node.Y), Along(corner.Z, node.Z));
            if (!vertices.TryGetValue(place, out var number))
            {
                vertices.Add(place, number = vertices.Count);
                positions.AddRange([place.Item1, place.Item2, place.Item3]);
            }
            return number;
        }
    }

    /// <summary>Bits of x, y, z in turn, x lowest.</summary>
    private static int ZOrder(int x, int y, int z)
    {
        var code = 0;
        for (var bit = 0; bit < MostLevels; bit++)
            code |= (x >> bit & 1) << 3 * bit | (y >> bit & 1) << (3 * bit + 1) | (z >> bit & 1) << (3 * bit + 2);
        return code;
    }
}
