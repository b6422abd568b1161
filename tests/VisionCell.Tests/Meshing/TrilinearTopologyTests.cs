using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Meshing;

/// <summary>
/// The surface of a single cube against the trilinear interpolant of its corners, sampled so finely that marching cubes has nothing left to
/// decide: which crossings of the cube's edges one piece of surface joins, and the Euler characteristic, which tells a tube from two disks.
/// </summary>
public class TrilinearTopologyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_cube_has_the_topology_of_its_interpolant(int seed)
    {
        var random = new Random(seed);
        int compared = 0, undecided = 0, tunnels = 0;
        for (var n = 0; n < 700; n++)
        {
            var w = Corners(random, n % 4);
            if (w.All(v => v >= 0) || w.All(v => v < 0))
                continue;
            var own = Surface(w, 2);
            if (Interpolant(w) is not { } fine)
            {
                undecided++;
                continue;
            }
            Assert.True(fine == own, $"corners {string.Join(' ', w)}: {own}, the interpolant {fine}");
            compared++;
            tunnels += own.Euler == 0 ? 1 : 0;
        }
        Assert.True(undecided < compared / 50, $"{undecided} undecided");
        Assert.True(tunnels > 20, $"{tunnels} tunnels");
    }

    [Fact]
    public void A_tunnel_beside_a_third_loop_joins_the_right_two()
    {
        // Rare: an end of the diagonal is cut off by itself, and the tunnel joins the other end's loop to the one between.
        var random = new Random(5);
        for (var found = 0; found < 4;)
        {
            var w = Corners(random, 1);
            var own = Surface(w, 2);
            if (own.Euler != 1 || !own.Pieces.Contains('|', StringComparison.Ordinal) || Interpolant(w) is not { } fine)
                continue;
            Assert.Equal(fine, own);
            found++;
        }
    }

    [Fact]
    public void Noise_of_cubes_with_tunnels_is_a_manifold_without_cracks()
    {
        // Signs in a chequerboard, sizes at random: every face is ambiguous.
        var noise = Shapes.Noise(4, new Shape3(16, 17, 18), r => r.NextSingle() + 0.01f);
        for (var i = 0; i < noise.Data.Length; i++)
        {
            var (z, y, x) = (i / (17 * 18), i / 18 % 17, i % 18);
            noise.Data[i] *= (x + y + z) % 2 == 0 ? 1 : -1;
        }
        var mesh = MarchingCubes.Extract(noise, 0, new MarchingCubesOptions(CloseBorder: true));
        Assert.True(MeshTopology.Of(mesh).IsWatertight, MeshTopology.Of(mesh).ToString());
    }

    [Fact]
    public void A_tunnel_has_its_ring_on_the_surface()
    {
        // Two opposite corners, close to each other through the middle.
        float[] w = [5, -1, -1, -1, -1, -1, -1, 5];
        Assert.True(TrilinearTunnel.TryFind(w, out var tunnel));
        Assert.Equal((0, true), (TrilinearTunnel.Diagonal(tunnel.Kind), TrilinearTunnel.InsideIsWithin(tunnel.Kind)));
        for (var corner = 1; corner < 7; corner++)
        {
            var (x, y, z) = tunnel.Point(corner);
            Assert.InRange(x, 0, 1);
            Assert.Equal(0, Value(w, x, y, z), 1e-9);
        }
        // They join where the middle, the mean of all corners, is inside: above 3.
        Assert.False(TrilinearTunnel.TryFind([2.9f, -1, -1, -1, -1, -1, -1, 2.9f], out _));
        Assert.False(TrilinearTunnel.TryFind([float.NaN, -1, -1, -1, -1, -1, -1, 3], out _));
    }

    /// <summary>What fine sampling says; null where twice as many samples say something else, because the interpolant turns on less than one.</summary>
    private static (int Euler, string Pieces)? Interpolant(float[] w)
    {
        var (fine, finer) = (Surface(w, 17), Surface(w, 33));
        return fine == finer || fine == Surface(w, 65) ? fine : null;
    }

    /// <summary>Corner values: anything; signs in turn; two opposite corners or two opposite edges against the rest.</summary>
    private static float[] Corners(Random random, int kind)
    {
        var w = new float[8];
        var flip = random.Next(2) == 0 ? 1 : -1;
        for (var c = 0; c < 8; c++)
        {
            var size = 0.05f + random.NextSingle();
            var few = kind switch { 2 => c is 0 or 7, 3 => c is 0 or 1 or 6 or 7, _ => false };
            w[c] = flip * size * (kind switch
            {
                0 => random.Next(2) == 0 ? 1 : -1,
                1 => int.PopCount(c) % 2 == 0 ? 1 : -1,
                _ => few ? 2 : -1,
            });
        }
        return w;
    }

    private static double Value(float[] w, double x, double y, double z)
    {
        var sum = 0.0;
        for (var c = 0; c < 8; c++)
            sum += w[c] * ((c & 1) != 0 ? x : 1 - x) * ((c & 2) != 0 ? y : 1 - y) * ((c & 4) != 0 ? z : 1 - z);
        return sum;
    }

    /// <summary>Euler characteristic, and the crossings of the cube's edges by the piece that they lie on.</summary>
    private static (int Euler, string Pieces) Surface(float[] w, int count)
    {
        var last = count - 1;
        var mesh = MarchingCubes.Extract(Shapes.Sample(new Shape3(count, count, count), new VoxelSize(1, 1, 1), default,
            (x, y, z) => Value(w, x / last, y / last, z / last)), 0);
        var topology = MeshTopology.Of(mesh);
        Assert.Equal((0, 0), (topology.NonManifoldEdges, topology.NonManifoldVertices));
        var piece = Enumerable.Range(0, mesh.VertexCount).ToArray();
        int Root(int v) => piece[v] == v ? v : piece[v] = Root(piece[v]);
        for (var t = 0; t < mesh.Triangles.Length; t += 3)
        {
            piece[Root(mesh.Triangles[t])] = Root(mesh.Triangles[t + 1]);
            piece[Root(mesh.Triangles[t + 1])] = Root(mesh.Triangles[t + 2]);
        }
        // A crossing lies on an edge of the cube where two of its coordinates are at the ends.
        var crossings = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var v = 0; v < mesh.VertexCount; v++)
        {
            var place = mesh.Positions.AsSpan(3 * v, 3).ToArray().Select(p => p == 0 ? '0' : p == last ? '1' : '-').ToArray();
            if (place.Count(p => p == '-') == 1)
                Assert.True(crossings.TryAdd(new string(place), Root(v)));
        }
        return (topology.EulerCharacteristic, string.Join(" | ", crossings.GroupBy(c => c.Value).Select(g => string.Join(' ', g.Select(c => c.Key)))));
    }
}
