using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using VisionCell.Meshing;
using VisionCell.Scenes;
using VisionCell.Tests.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Scenes;

/// <summary>Meshes of several levels of detail, piece by piece through Google's own Draco decoder (environment/packages-test.txt).</summary>
public sealed class NeuroglancerLevelsTests : IDisposable
{
    private const int Quantised = 65535;

    private readonly string _folder = Directory.CreateTempSubdirectory("vc-levels").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>What draco_decoder makes of a stream: coordinates and vertex numbers.</summary>
    private (int[] Positions, int[] Triangles) Decode(byte[] stream)
    {
        var (input, output) = (Path.Combine(_folder, "piece.drc"), Path.Combine(_folder, "piece.obj"));
        File.WriteAllBytes(input, stream);
        using var process = Process.Start(new ProcessStartInfo("draco_decoder", ["-i", input, "-o", output]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, said);
        var (positions, triangles) = (new List<int>(), new List<int>());
        foreach (var line in File.ReadLines(output))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is ["v", ..])
                positions.AddRange(words[1..4].Select(w => (int)double.Parse(w, CultureInfo.InvariantCulture)));
            else if (words is ["f", ..])
                triangles.AddRange(words[1..4].Select(w => int.Parse(w.Split('/')[0], CultureInfo.InvariantCulture) - 1));
        }
        return ([.. positions], [.. triangles]);
    }

    // Each width of vertex numbers, and ranges of every parity.
    [Theory]
    [InlineData(3, 1, 0, 65536)]
    [InlineData(255, 400, 7, 1000)]
    [InlineData(256, 300, 0, 65535)]
    [InlineData(5000, 9000, 65535, 65536)]
    [InlineData(66_000, 70_000, 0, 65536)]
    public void A_stream_is_decoded_to_what_was_encoded(int vertices, int count, int low, int end)
    {
        var random = new Random(vertices);
        // draco_decoder writes every vertex once: those of one place would be one.
        var positions = Enumerable.Range(0, 3 * vertices).Select(i => low == end - 1 ? low : random.Next(low, end)).ToArray();
        var triangles = Enumerable.Range(0, count).SelectMany(_ => (int[])[random.Next(vertices), random.Next(vertices), random.Next(vertices)]).ToArray();
        var (gotPositions, gotTriangles) = Decode(DracoMesh.Encode(positions, triangles));
        Assert.Equal(count, gotTriangles.Length / 3);
        for (var i = 0; i < triangles.Length; i++)
            Assert.Equal(positions.AsSpan(3 * triangles[i], 3).ToArray(), gotPositions.AsSpan(3 * gotTriangles[i], 3).ToArray());
    }

    [Fact]
    public void Coordinates_of_more_than_16_bits_are_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => DracoMesh.Encode([0, 0, 65536, 1, 1, 1, 2, 2, 2], [0, 1, 2]));

    private sealed record Node(int X, int Y, int Z, byte[] Piece);

    private sealed record Level(float Scale, Node[] Nodes);

    private static (Float3 Edge, Float3 Origin, Level[] Levels) Manifest(string folder, ulong id)
    {
        var bytes = File.ReadAllBytes(Path.Combine(folder, $"{id}.index"));
        var data = File.ReadAllBytes(Path.Combine(folder, $"{id}"));
        var at = 0;
        float Real() => BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan((at += 4) - 4));
        int Whole() => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan((at += 4) - 4));
        var (edge, origin) = (new Float3(Real(), Real(), Real()), new Float3(Real(), Real(), Real()));
        var count = Whole();
        var scales = Enumerable.Range(0, count).Select(_ => Real()).ToArray();
        for (var i = 0; i < 3 * count; i++)
            Assert.Equal(0, Real());
        var counts = Enumerable.Range(0, count).Select(_ => Whole()).ToArray();
        var (levels, offset) = (new List<Level>(), 0);
        for (var l = 0; l < count; l++)
        {
            int[] x = [.. Enumerable.Range(0, counts[l]).Select(_ => Whole())], y = [.. x.Select(_ => Whole())], z = [.. x.Select(_ => Whole())];
            var nodes = new List<Node>();
            for (var n = 0; n < x.Length; n++)
            {
                var length = Whole();
                nodes.Add(new Node(x[n], y[n], z[n], data[offset..(offset + length)]));
                offset += length;
            }
            levels.Add(new Level(scales[l], [.. nodes]));
        }
        Assert.Equal((bytes.Length, data.Length), (at, offset));
        return (edge, origin, [.. levels]);
    }

    private readonly record struct Float3(float X, float Y, float Z);

    [Fact]
    public void An_object_is_an_octree_of_closed_surfaces_ever_coarser()
    {
        // Off zero, of unequal voxels: 24,000 triangles, three levels.
        var mesh = MarchingCubes.Extract(Shapes.Ball(400, new VoxelSize(20, 14, 10), new Position(5300, 7300, 9300), new Position(4800, 6800, 8800), new Shape3(51, 73, 101)), 0);
        Assert.InRange(mesh.TriangleCount, 16_000, 64_000);
        var folder = Path.Combine(_folder, "m");
        NeuroglancerLevels.Write([(17, mesh), (3, new Mesh([0, 0, 0, 100, 0, 0, 0, 100, 0, 0, 0, 100], [0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3]))], folder);
        var info = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "info")))!;
        Assert.Equal(("neuroglancer_multilod_draco", 16, 12), ((string)info["@type"]!, (int)info["vertex_quantization_bits"]!, info["transform"]!.AsArray().Count));

        var (edge, origin, levels) = Manifest(folder, 17);
        Assert.Equal(3, levels.Length);
        Assert.Single(levels[^1].Nodes);
        double sphere = 4 * Math.PI * 400 * 400, scale = 0;
        for (var l = 0; l < levels.Length; l++)
        {
            Assert.True(levels[l].Scale >= scale);
            scale = levels[l].Scale;
            // In Z-order, children beside parents.
            static int Order(Node n) => Enumerable.Range(0, 8).Sum(bit => (n.X >> bit & 1) << 3 * bit | (n.Y >> bit & 1) << (3 * bit + 1) | (n.Z >> bit & 1) << (3 * bit + 2));
            Assert.Equal(levels[l].Nodes.Select(Order).Order(), levels[l].Nodes.Select(Order));
            if (l > 0)
                Assert.All(levels[l - 1].Nodes, n => Assert.Contains(levels[l].Nodes, p => (p.X, p.Y, p.Z) == (n.X >> 1, n.Y >> 1, n.Z >> 1)));

            // All pieces of a level in one grid of whole numbers: a closed surface, each edge in two triangles that run along it either way.
            var (edges, area, triangles) = (new Dictionary<((long, long, long), (long, long, long)), int>(), 0.0, 0);
            foreach (var node in levels[l].Nodes.Where(n => n.Piece.Length > 0))
            {
                var (positions, corners) = Decode(node.Piece);
                Assert.All(positions, p => Assert.InRange(p, 0, Quantised));
                (long X, long Y, long Z) At(int v) => ((long)node.X * Quantised + positions[3 * v], (long)node.Y * Quantised + positions[3 * v + 1], (long)node.Z * Quantised + positions[3 * v + 2]);
                for (var t = 0; t < corners.Length; t += 3, triangles++)
                {
                    var (a, b, c) = (At(corners[t]), At(corners[t + 1]), At(corners[t + 2]));
                    foreach (var (p, q) in (((long, long, long), (long, long, long))[])[(a, b), (b, c), (c, a)])
                    {
                        var (key, way) = p.CompareTo(q) < 0 ? ((p, q), 1) : ((q, p), -1);
                        edges[key] = edges.GetValueOrDefault(key) + way;
                    }
                    // No triangle crosses the middle of a piece of a coarser level.
                    for (var axis = 0; l > 0 && axis < 3; axis++)
                    {
                        var along = Enumerable.Range(0, 3).Select(k => positions[3 * corners[t + k] + axis]).ToArray();
                        Assert.True(along.Max() <= 32768 || along.Min() >= 32768, string.Join(", ", along));
                    }
                    double Nm(long v) => v * (double)edge.X * (1 << l) / Quantised;
                    double ux = Nm(b.X - a.X), uy = Nm(b.Y - a.Y), uz = Nm(b.Z - a.Z), vx = Nm(c.X - a.X), vy = Nm(c.Y - a.Y), vz = Nm(c.Z - a.Z);
                    area += Math.Sqrt(Math.Pow(uy * vz - uz * vy, 2) + Math.Pow(uz * vx - ux * vz, 2) + Math.Pow(ux * vy - uy * vx, 2)) / 2;
                    Assert.InRange(Math.Sqrt(Math.Pow(origin.X + Nm(a.X) - 9300, 2) + Math.Pow(origin.Y + Nm(a.Y) - 7300, 2) + Math.Pow(origin.Z + Nm(a.Z) - 5300, 2)), 380, 410);
                }
            }
            Assert.All(edges.Values, way => Assert.Equal(0, way));
            Assert.Equal(sphere, area, 0.03 * sphere);
            Assert.InRange(triangles, 0.25 * mesh.TriangleCount / Math.Pow(4, l), 2.5 * mesh.TriangleCount / Math.Pow(4, l));
        }
        Assert.Single(Manifest(folder, 3).Levels);
        Assert.Equal(4, Decode(Manifest(folder, 3).Levels[0].Nodes[0].Piece).Triangles.Length / 3);
    }

    [Fact]
    public void Objects_without_a_number_or_a_triangle_are_refused()
    {
        Assert.Throws<BadInputException>(() => NeuroglancerLevels.Write([(0, new Mesh([0, 0, 0, 1, 0, 0, 0, 1, 0], [0, 1, 2]))], Path.Combine(_folder, "zero")));
        Assert.Throws<BadInputException>(() => NeuroglancerLevels.Write([(1, new Mesh([], []))], Path.Combine(_folder, "empty")));
        Assert.False(Directory.Exists(Path.Combine(_folder, "empty")));
    }
}
