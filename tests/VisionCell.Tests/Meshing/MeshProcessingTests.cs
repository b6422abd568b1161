using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Meshing;

public class MeshProcessingTests
{
    [Fact]
    public void Decimation_keeps_the_budget_the_topology_and_the_shape()
    {
        var mesh = MarchingCubes.Extract(Shapes.Torus(), 0);
        var target = mesh.TriangleCount / 10;
        var simple = MeshDecimation.Decimate(mesh, target);
        var topology = MeshTopology.Of(simple);

        Assert.InRange(simple.TriangleCount, target - 1, target);
        Assert.True(topology.IsWatertight, topology.ToString());
        Assert.Equal(0, topology.EulerCharacteristic);
        Assert.Equal(mesh.EnclosedVolume(), simple.EnclosedVolume(), 0.01 * mesh.EnclosedVolume());
        Assert.Equal(mesh.Area(), simple.Area(), 0.01 * mesh.Area());
        // Hausdorff side that is cheap to know: every vertex of the simple mesh lies near the torus.
        for (var v = 0; v < simple.VertexCount; v++)
        {
            double x = simple.Positions[3 * v] - 195, y = simple.Positions[3 * v + 1] - 195, z = simple.Positions[3 * v + 2] - 195;
            Assert.Equal(45, Math.Sqrt(Math.Pow(Math.Sqrt(x * x + y * y) - 110, 2) + z * z), 2.0);
        }
    }

    [Fact]
    public void Decimation_beats_nothing_below_what_topology_allows()
    {
        // A torus needs 7 vertices and 14 triangles at the least: the budget of 4 is missed, the handle is kept.
        var simple = MeshDecimation.Decimate(MarchingCubes.Extract(Shapes.Torus(), 0), 4, new MeshDecimationOptions(MinimumTurn: -1));
        Assert.True(simple.TriangleCount >= 14);
        Assert.Equal(0, MeshTopology.Of(simple).EulerCharacteristic);
        Assert.True(MeshTopology.Of(simple).IsWatertight);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    public void Decimation_by_error_keeps_each_surface_that_near_the_other(double error)
    {
        // Noise is what quadrics alone fail at: spikes and strips without area.
        foreach (var volume in new[] { Shapes.Torus(20), Shapes.Noise(6, new Shape3(8, 9, 10), r => r.NextSingle()) })
        {
            var mesh = MarchingCubes.Extract(volume, volume.Shape.Z == 20 ? 0 : 0.5);
            var simple = MeshDecimation.Decimate(mesh, 1, error);
            Assert.True(simple.TriangleCount < 0.9 * mesh.TriangleCount, $"{simple.TriangleCount} of {mesh.TriangleCount}");
            Assert.InRange(Farthest(mesh, simple), 0, error + 1e-3);
            Assert.InRange(Farthest(simple, mesh), 0, error + 1e-3);
        }
    }

    /// <summary>The largest distance from the vertices of one mesh to the triangles of another: to the plane where the foot lies within, else to the edges.</summary>
    private static double Farthest(Mesh from, Mesh to)
    {
        static Vector3d At(Mesh mesh, int v) => new(mesh.Positions[3 * v], mesh.Positions[3 * v + 1], mesh.Positions[3 * v + 2]);
        static double ToEdge(Vector3d p, Vector3d a, Vector3d b)
        {
            var along = Math.Clamp((p - a).Dot(b - a) / (b - a).Dot(b - a), 0, 1);
            var off = p - (a + (b - a) * along);
            return Math.Sqrt(off.Dot(off));
        }
        var worst = 0.0;
        for (var v = 0; v < from.VertexCount; v++)
        {
            var (p, nearest) = (At(from, v), double.PositiveInfinity);
            for (var t = 0; t < to.Triangles.Length; t += 3)
            {
                Vector3d a = At(to, to.Triangles[t]), b = At(to, to.Triangles[t + 1]), c = At(to, to.Triangles[t + 2]);
                var normal = (b - a).Cross(c - a).Normalised();
                var within = (b - a).Cross(p - a).Dot(normal) >= 0 && (c - b).Cross(p - b).Dot(normal) >= 0 && (a - c).Cross(p - c).Dot(normal) >= 0;
                nearest = Math.Min(nearest, within ? Math.Abs((p - a).Dot(normal)) : Math.Min(ToEdge(p, a, b), Math.Min(ToEdge(p, b, c), ToEdge(p, c, a))));
            }
            worst = Math.Max(worst, nearest);
        }
        return worst;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Noise_stays_manifold_under_decimation(bool closed)
    {
        var noise = Shapes.Noise(11, new Shape3(16, 16, 16), r => r.NextSingle());
        var mesh = MarchingCubes.Extract(noise, 0.5, new MarchingCubesOptions(CloseBorder: closed));
        var before = MeshTopology.Of(mesh);
        var after = MeshTopology.Of(MeshDecimation.Decimate(mesh, mesh.TriangleCount / 4));
        Assert.Equal((before.EulerCharacteristic, before.Components), (after.EulerCharacteristic, after.Components));
        Assert.Equal((0, 0), (after.NonManifoldEdges, after.NonManifoldVertices));
        Assert.Equal(closed, after.IsWatertight);
    }

    [Fact]
    public void A_flat_sheet_collapses_to_its_outline()
    {
        var plane = Shapes.Sample(new Shape3(8, 20, 20), new VoxelSize(10, 10, 10), default, (_, _, z) => 33 - z);
        var mesh = MarchingCubes.Extract(plane, 0);
        var simple = MeshDecimation.Decimate(mesh, 20);
        Assert.InRange(simple.TriangleCount, 2, 20);
        Assert.Equal(190.0 * 190, simple.Area(), 1.0);
        Assert.Equal(mesh.Bounds, simple.Bounds);
    }

    [Fact]
    public void Decimation_far_from_the_origin_is_as_exact()
    {
        var near = Shapes.Ball(200, new VoxelSize(10, 10, 10), new Position(300, 300, 300), default, new Shape3(61, 61, 61));
        var far = new Volume<float>(near.Data, near.Shape, near.VoxelSize, new Position(1e6, 2e6, 3e6), near.Provenance);
        var simple = MeshDecimation.Decimate(MarchingCubes.Extract(far, 0), 500);
        Assert.Equal(4.0 / 3 * Math.PI * 8e6, simple.EnclosedVolume(), 0.02 * 3.35e7);
    }

    [Fact]
    public void Colours_travel_with_their_place()
    {
        var mesh = MarchingCubes.Extract(Shapes.Torus(), 0);
        var colours = new byte[4 * mesh.VertexCount];
        for (var v = 0; v < mesh.VertexCount; v++)
            (colours[4 * v], colours[4 * v + 3]) = ((byte)(mesh.Positions[3 * v] / 390 * 255), 255);
        var simple = MeshDecimation.Decimate(new Mesh(mesh.Positions, mesh.Triangles, null, colours), 800);
        for (var v = 0; v < simple.VertexCount; v++)
            Assert.Equal(simple.Positions[3 * v] / 390 * 255, simple.Colours![4 * v], 12.0);
    }

    [Fact]
    public void Too_small_a_target_is_refused() =>
        Assert.Throws<BadInputException>(() => MeshDecimation.Decimate(MarchingCubes.Extract(Shapes.Torus(), 0), 3));

    [Fact]
    public void Taubin_smooths_a_staircase_without_shrinking()
    {
        var ball = Shapes.Ball(200, new VoxelSize(10, 10, 10), new Position(300, 300, 300), default, new Shape3(61, 61, 61)).Map(v => v >= 0 ? 1f : 0f);
        var rough = MarchingCubes.Extract(ball, 0.5);
        var smooth = MeshSmoothing.Taubin(rough);
        double Deviation(Mesh mesh) => Enumerable.Range(0, mesh.VertexCount).Average(v =>
            Math.Pow(Math.Sqrt(Math.Pow(mesh.Positions[3 * v] - 300.0, 2) + Math.Pow(mesh.Positions[3 * v + 1] - 300.0, 2) + Math.Pow(mesh.Positions[3 * v + 2] - 300.0, 2)) - 200, 2));
        Assert.True(Deviation(smooth) < Deviation(rough) / 2);
        Assert.True(smooth.Area() < 0.95 * rough.Area());
        Assert.Equal(rough.EnclosedVolume(), smooth.EnclosedVolume(), 0.01 * rough.EnclosedVolume());
        Assert.Same(rough, MeshSmoothing.Taubin(rough, 0));
        Assert.Throws<BadInputException>(() => MeshSmoothing.Taubin(rough, 3, lambda: 1.5));
    }

    [Fact]
    public void Topology_counts_what_is_wrong()
    {
        float[] corners = [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1];
        // Two triangles that meet in a vertex; three at one edge; two wound against each other.
        Assert.Equal(1, MeshTopology.Of(new Mesh([.. corners], [0, 1, 2, 0, 3, 4])).NonManifoldVertices);
        Assert.Equal(1, MeshTopology.Of(new Mesh([.. corners], [0, 1, 2, 1, 0, 3, 0, 1, 4])).NonManifoldEdges);
        Assert.Equal(1, MeshTopology.Of(new Mesh([.. corners], [0, 1, 2, 0, 1, 3])).NonManifoldEdges);
        Assert.Throws<BadInputException>(() => new Mesh([.. corners], [0, 1, 5]));
    }
}
