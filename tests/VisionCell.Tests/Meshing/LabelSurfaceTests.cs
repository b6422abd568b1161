using VisionCell.Formats;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Meshing;

/// <summary>Objects of label volumes: closed, where they are, the same in one piece and in slabs.</summary>
public sealed class LabelSurfaceTests
{
    private static readonly VoxelSize s_size = new(30, 10, 20);

    /// <summary>Boxes, a torus, a ball cut off by the border, specks, and objects that touch and that come back after a gap.</summary>
    private static Volume<ushort> Labels()
    {
        var labels = new Volume<ushort>(new Shape3(21, 40, 44), s_size, new Position(100, 200, 300), Provenance.Of("labels"));
        void Fill(ushort label, Func<int, int, int, bool> inside)
        {
            for (var z = 0; z < 21; z++)
            {
                for (var y = 0; y < 40; y++)
                {
                    for (var x = 0; x < 44; x++)
                    {
                        if (inside(z, y, x))
                            labels[z, y, x] = label;
                    }
                }
            }
        }
        Fill(7, (z, y, x) => z is >= 3 and <= 16 && y is >= 2 and <= 9 && x is >= 2 and <= 7);
        Fill(8, (z, y, x) => z is >= 3 and <= 16 && y is >= 2 and <= 9 && x is >= 8 and <= 12); // touches 7
        Fill(300, (z, y, x) => Math.Pow(Math.Sqrt(Math.Pow(z - 10, 2) + Math.Pow(y - 25, 2)) - 7, 2) + Math.Pow(x - 20, 2) < 9);
        Fill(12, (z, y, x) => Math.Pow(z, 2) + Math.Pow(y - 20, 2) + Math.Pow(x - 36, 2) < 36); // cut off at z = 0
        Fill(5, (z, y, x) => z is 2 or 9 && y == 36 && x == 36); // two specks
        Fill(6, (z, y, x) => z == 20 && y is > 30 && x is > 40); // a corner of the volume
        return labels;
    }

    private static IReadOnlyList<LabelSurface> Extract(Volume volume, LabelSurfaceOptions options)
    {
        using var reader = new SectionReader.Whole(new VolumeInfo("labels", "memory", volume.Shape, volume.VoxelType, volume.VoxelSize, volume.Origin, "zyx", [], []), volume);
        return LabelSurfaces.Extract(reader, volume.VoxelSize, volume.Origin, options);
    }

    [Fact]
    public void Every_object_is_closed_and_encloses_its_voxels()
    {
        var labels = Labels();
        var surfaces = Extract(labels, new LabelSurfaceOptions(Smoothing: 0));
        Assert.Equal([5, 6, 7, 8, 12, 300], surfaces.Select(s => s.Label));
        foreach (var surface in surfaces)
        {
            Assert.Equal(labels.Data.LongCount(v => v == surface.Label), surface.Voxels);
            var topology = MeshTopology.Of(surface.Mesh);
            Assert.True(topology.IsWatertight, $"{surface.Label}: {topology}");
            // Half-way surfaces cut corners and edges off, nothing else: large objects lose little.
            Assert.InRange(surface.Mesh.EnclosedVolume() / (surface.Voxels * s_size.Product), surface.Voxels > 100 ? 0.85 : 0.1, 1);
        }
        Assert.Equal(0, MeshTopology.Of(surfaces[5].Mesh).EulerCharacteristic);
        Assert.Equal(2, MeshTopology.Of(surfaces[0].Mesh).Components);
        var (min, max) = surfaces[2].Mesh.Bounds;
        Assert.Equal((100 + 2.5 * 30, 200 + 15.0, 300 + 30.0), (min.Z, min.Y, min.X));
        Assert.Equal((100 + 16.5 * 30, 200 + 95.0, 300 + 150.0), (max.Z, max.Y, max.X));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(20)]
    public void In_slabs_the_surfaces_are_the_same(int sections)
    {
        var whole = Extract(Labels(), new LabelSurfaceOptions());
        var slabs = Extract(Labels(), new LabelSurfaceOptions(SlabSections: sections));
        Assert.Equal(whole.Select(s => (s.Label, s.Voxels)), slabs.Select(s => (s.Label, s.Voxels)));
        foreach (var (one, other) in whole.Zip(slabs))
        {
            Assert.Equal(MeshTopology.Of(one.Mesh), MeshTopology.Of(other.Mesh));
            Assert.Equal(one.Mesh.EnclosedVolume(), other.Mesh.EnclosedVolume(), 1e-4 * one.Mesh.EnclosedVolume());
            Assert.Equal(Sorted(one.Mesh), Sorted(other.Mesh), new Near());
        }
    }

    [Fact]
    public void Noise_is_the_same_in_slabs()
    {
        // Thirds of the voxels in three labels: every object is everywhere and meets every case.
        var random = new Random(4);
        var noise = new Volume<byte>(new Shape3(13, 14, 15), s_size, default, Provenance.Of("noise"));
        for (var i = 0; i < noise.Data.Length; i++)
            noise.Data[i] = (byte)random.Next(3);
        foreach (var (one, other) in Extract(noise, new LabelSurfaceOptions(0)).Zip(Extract(noise, new LabelSurfaceOptions(0, SlabSections: 2))))
        {
            Assert.True(MeshTopology.Of(other.Mesh).IsWatertight);
            Assert.Equal(MeshTopology.Of(one.Mesh), MeshTopology.Of(other.Mesh));
        }
    }

    [Fact]
    public void What_is_no_label_volume_is_named()
    {
        var empty = new Volume<byte>(new Shape3(3, 4, 5), s_size, default, Provenance.Of("empty"));
        Assert.Contains("background (0) alone", Assert.Throws<BadInputException>(() => Extract(empty, new LabelSurfaceOptions())).Message, StringComparison.Ordinal);
        var grey = empty.Map(_ => 0.5f);
        Assert.Contains("is this a grey volume?", Assert.Throws<BadInputException>(() => Extract(grey, new LabelSurfaceOptions())).Message, StringComparison.Ordinal);
        Assert.Contains("no object has 1000000 voxels", Assert.Throws<BadInputException>(() => Extract(Labels(), new LabelSurfaceOptions(MinimumVoxels: 1_000_000))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_says_what_is_known_in_closed_form()
    {
        var torus = MarchingCubes.Extract(Shapes.Torus(), 0);
        var measures = MeshMeasures.Of("a, \"b\"", torus, 12);
        Assert.Equal((1, 1), (measures.Components, measures.Genus));
        Assert.Equal(4 * Math.PI * Math.PI * 110 * 45, measures.AreaNm2, 0.02 * 1.95e5);
        Assert.Equal(2 * Math.PI * Math.PI * 110 * 45 * 45, measures.VolumeNm3!.Value, 0.02 * 4.4e6);
        var open = MeshMeasures.Of("open", MarchingCubes.Extract(Shapes.Torus(24), 0));
        Assert.Null(open.Genus);

        var path = Path.Combine(Directory.CreateTempSubdirectory("vc-table").FullName, "t.csv");
        MeshTable.Write(path, [measures, open]);
        var lines = File.ReadAllLines(path);
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("\"a, \"\"b\"\"\",12,", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("open,,", lines[2], StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public void Decimation_by_error_keeps_within_it_and_goes_further_with_more()
    {
        var ball = MarchingCubes.Extract(Shapes.AnisotropicBall(), 0);
        var counts = new List<int>();
        foreach (var error in (double[])[0.5, 2, 8])
        {
            var mesh = MeshDecimation.Decimate(ball, 1, error);
            counts.Add(mesh.TriangleCount);
            Assert.True(MeshTopology.Of(mesh).IsWatertight);
            for (var v = 0; v < mesh.VertexCount; v++)
            {
                var radius = Math.Sqrt(Math.Pow(mesh.Positions[3 * v] - 9300, 2) + Math.Pow(mesh.Positions[3 * v + 1] - 7300, 2) + Math.Pow(mesh.Positions[3 * v + 2] - 5300, 2));
                // 1.2 nm is what the vertices of the surface itself are off, and the middle of its triangles of 50 nm lies 1.6 nm lower.
                Assert.Equal(200, radius, 2.8 + error);
            }
        }
        Assert.True(ball.TriangleCount > counts[0] && counts[0] > counts[1] && counts[1] > counts[2], string.Join(", ", counts));
        Assert.Throws<BadInputException>(() => MeshDecimation.Decimate(ball, 1, 0));
    }

    [Fact]
    public void Labels_next_to_each_other_have_colours_apart()
    {
        for (var label = 1; label < 40; label++)
        {
            var (r, g, b) = MeshColours.Label(label);
            var (p, q, s) = MeshColours.Label(label + 1);
            Assert.True(Math.Abs(r - p) + Math.Abs(g - q) + Math.Abs(b - s) > 60, $"{label}: {(r, g, b)}, {(p, q, s)}");
        }
        Assert.Equal((68, 1, 84), MeshColours.Sequential(0, 1)(-3));
        Assert.Equal((253, 231, 37), MeshColours.Sequential(0, 1)(1));
    }

    private static (float, float, float)[] Sorted(Mesh mesh) =>
        [.. Enumerable.Range(0, mesh.VertexCount).Select(v => (MathF.Round(mesh.Positions[3 * v], 1), MathF.Round(mesh.Positions[3 * v + 1], 1), MathF.Round(mesh.Positions[3 * v + 2], 1))).Order()];

    private sealed class Near : IEqualityComparer<(float X, float Y, float Z)>
    {
        public bool Equals((float X, float Y, float Z) a, (float X, float Y, float Z) b) => Math.Abs(a.X - b.X) < 0.25 && Math.Abs(a.Y - b.Y) < 0.25 && Math.Abs(a.Z - b.Z) < 0.25;

        public int GetHashCode((float X, float Y, float Z) a) => 0;
    }
}
