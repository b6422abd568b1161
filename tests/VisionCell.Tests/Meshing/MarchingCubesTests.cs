using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Meshing;

public class MarchingCubesTests
{
    [Fact]
    public void A_ball_is_a_closed_surface_of_the_right_size_in_the_right_place()
    {
        var mesh = MarchingCubes.Extract(Shapes.AnisotropicBall(), 0);
        var topology = MeshTopology.Of(mesh);

        Assert.True(topology.IsWatertight, topology.ToString());
        Assert.Equal(2, topology.EulerCharacteristic);
        Assert.Equal(1, topology.Components);
        Assert.Equal(mesh.VertexCount, topology.Vertices);
        // A positive volume says that the triangles wind outwards.
        Assert.Equal(4.0 / 3 * Math.PI * Math.Pow(200, 3), mesh.EnclosedVolume(), 0.02 * 3.35e7);
        Assert.Equal(4 * Math.PI * 200 * 200, mesh.Area(), 0.02 * 5.03e5);
        var (min, max) = mesh.Bounds;
        Assert.Equal(5100, min.Z, 3.0);
        Assert.Equal(5500, max.Z, 3.0);
        Assert.Equal(7100, min.Y, 1.0);
        Assert.Equal(9500, max.X, 1.0);
    }

    [Fact]
    public void Vertices_of_a_distance_field_lie_on_the_surface_and_normals_point_out_of_it()
    {
        var mesh = MarchingCubes.Extract(Shapes.AnisotropicBall(), 0);
        for (var v = 0; v < mesh.VertexCount; v++)
        {
            double x = mesh.Positions[3 * v] - 9300, y = mesh.Positions[3 * v + 1] - 7300, z = mesh.Positions[3 * v + 2] - 5300;
            var radius = Math.Sqrt(x * x + y * y + z * z);
            Assert.Equal(200, radius, 1.2); // linear interpolation across 40 nm of a sphere of 200: at most 40²/8/200 = 1 nm
            var normal = mesh.Normals.AsSpan(3 * v, 3);
            Assert.Equal(1, Math.Sqrt(normal[0] * normal[0] + normal[1] * normal[1] + normal[2] * normal[2]), 1e-5);
            Assert.True((normal[0] * x + normal[1] * y + normal[2] * z) / radius > 0.98);
        }
    }

    [Fact]
    public void The_area_converges_to_second_order()
    {
        double Error(int count)
        {
            var step = 600.0 / (count - 1);
            var ball = Shapes.Ball(200, new VoxelSize(step, step, step), new Position(301, 299, 303), default, new Shape3(count, count, count));
            return Math.Abs(MarchingCubes.Extract(ball, 0).Area() / (4 * Math.PI * 200 * 200) - 1);
        }

        Assert.InRange(Error(17) / Error(33), 3.0, 5.5);
    }

    [Fact]
    public void A_torus_has_one_handle()
    {
        var topology = MeshTopology.Of(MarchingCubes.Extract(Shapes.Torus(), 0));
        Assert.True(topology.IsWatertight);
        Assert.Equal(0, topology.EulerCharacteristic);
        Assert.Equal(1, topology.Components);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Noise_meets_every_case_and_stays_manifold(int seed)
    {
        var noise = Shapes.Noise(seed, new Shape3(21, 23, 19), r => r.NextSingle());
        var closed = MeshTopology.Of(MarchingCubes.Extract(noise, 0.5, new MarchingCubesOptions(CloseBorder: true)));
        Assert.True(closed.IsWatertight, closed.ToString());

        var open = MeshTopology.Of(MarchingCubes.Extract(noise, 0.5));
        Assert.Equal(0, open.NonManifoldEdges);
        Assert.Equal(0, open.NonManifoldVertices);
        Assert.True(open.BoundaryEdges > 0);
    }

    [Fact]
    public void Grey_levels_equal_to_the_iso_value_leave_no_degenerate_triangle()
    {
        var noise = Shapes.Noise(7, new Shape3(16, 17, 18), r => r.Next(4));
        var mesh = MarchingCubes.Extract(noise, 2, new MarchingCubesOptions(CloseBorder: true));
        Assert.True(MeshTopology.Of(mesh).IsWatertight);
        for (var t = 0; t < mesh.Triangles.Length; t += 3)
        {
            var (x, y, z) = Mesh.AreaVector(mesh.Positions, mesh.Triangles, t);
            Assert.True(x * x + y * y + z * z > 0);
        }
    }

    [Fact]
    public void Every_triangulation_joins_loops_of_the_cube_without_a_diagonal_in_a_face()
    {
        for (var inside = 1; inside < 255; inside++)
        {
            var ambiguous = CubeCases.AmbiguousFaces(inside);
            for (var joined = 0; joined < 64; joined++)
            {
                if ((joined & ~ambiguous) != 0)
                    continue;
                var cube = CubeCases.Get(inside, joined);
                var crossings = Enumerable.Range(0, 12).Count(e => (inside >> CubeCases.EdgeCorners[e].A & 1) != (inside >> CubeCases.EdgeCorners[e].B & 1));
                Assert.Equal(crossings, cube.Triangles.Where(c => c < CubeCases.AddedBase).Distinct().Count());
                var directed = new HashSet<(int, int)>();
                for (var c = 0; c < cube.Triangles.Length; c++)
                    Assert.True(directed.Add((cube.Triangles[c], cube.Triangles[c % 3 == 2 ? c - 2 : c + 1])));
                // What is left open are the segments on the faces: one for each crossing.
                Assert.Equal(crossings, directed.Count(e => !directed.Contains((e.Item2, e.Item1))));
            }
        }
    }

    [Fact]
    public void The_asymptotic_decider_joins_by_the_saddle_value()
    {
        // One layer of a saddle: diagonal corners at 1, the others at -q. The bilinear saddle is (1 - q²) / (2 + 2q).
        int Components(float q)
        {
            float[] face = [1, -q, -q, 1];
            var volume = new Volume<float>([.. face, .. face], new Shape3(2, 2, 2), new VoxelSize(1, 1, 1), default, Provenance.Of("saddle"));
            return MeshTopology.Of(MarchingCubes.Extract(volume, 0, new MarchingCubesOptions(CloseBorder: true))).Components;
        }

        Assert.Equal(1, Components(0.5f));
        Assert.Equal(2, Components(2f));
    }

    [Fact]
    public void The_dark_side_has_the_same_surface_wound_the_other_way()
    {
        var ball = Shapes.AnisotropicBall();
        var bright = MarchingCubes.Extract(ball, 0.25);
        var dark = MarchingCubes.Extract(ball.Map(v => -v), -0.25, new MarchingCubesOptions(InsideIsBelow: true));
        Assert.Equal(bright.Positions, dark.Positions);
        Assert.Equal(bright.Triangles, dark.Triangles);
        Assert.True(MarchingCubes.Extract(ball, 0.25, new MarchingCubesOptions(InsideIsBelow: true)).EnclosedVolume() < 0);
    }

    [Fact]
    public void A_closed_border_ends_half_a_voxel_beyond_the_last_centres()
    {
        var full = new Volume<float>(new Shape3(3, 4, 5), new VoxelSize(30, 20, 10), new Position(1, 2, 3), Provenance.Of("block"));
        Array.Fill(full.Data, 7f);
        var mesh = MarchingCubes.Extract(full, 5, new MarchingCubesOptions(CloseBorder: true));
        var (min, max) = mesh.Bounds;
        Assert.Equal((-14.0, -8.0, -2.0), (min.Z, min.Y, min.X));
        Assert.Equal((76.0, 72.0, 48.0), (max.Z, max.Y, max.X));
        Assert.Equal(2, MeshTopology.Of(mesh).EulerCharacteristic);
    }

    [Fact]
    public void Voxels_that_are_no_number_are_outside()
    {
        var ball = Shapes.AnisotropicBall();
        for (var z = 8; z < 15; z++)
            ball.Section(z).Fill(float.NaN);
        var mesh = MarchingCubes.Extract(ball, 0);
        Assert.True(MeshTopology.Of(mesh).IsWatertight);
        Assert.True(mesh.Bounds.Max.Z < ball.Origin.Z + 8 * 40);
        Assert.All(mesh.Normals, n => Assert.True(float.IsFinite(n)));
    }

    [Theory]
    [InlineData(201)]
    [InlineData(-1e9)]
    [InlineData(double.NaN)]
    public void An_iso_value_outside_the_data_is_named_with_their_range(double iso)
    {
        var error = Assert.Throws<BadInputException>(() => MarchingCubes.Extract(Shapes.AnisotropicBall(), iso));
        Assert.Contains($"iso value {iso.ToString(System.Globalization.CultureInfo.InvariantCulture)}", error.Message, StringComparison.Ordinal);
        Assert.Contains("range from", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_section_has_no_surface_unless_closed()
    {
        var thin = Shapes.Noise(1, new Shape3(1, 8, 8), r => r.NextSingle());
        Assert.Throws<BadInputException>(() => MarchingCubes.Extract(thin, 0.5));
        Assert.True(MeshTopology.Of(MarchingCubes.Extract(thin, 0.5, new MarchingCubesOptions(CloseBorder: true))).IsWatertight);
    }

    [Fact]
    public void Otsu_finds_the_valley_between_two_classes()
    {
        var random = new Random(5);
        var two = Shapes.Noise(5, new Shape3(10, 40, 40), r => r.NextSingle() < 0.3f ? 60 + 20 * r.NextSingle() : 150 + 40 * r.NextSingle());
        Assert.InRange(IsoThreshold.Suggest(two), 80, 150);
        // Affine changes of the grey values move the threshold along.
        var threshold = IsoThreshold.Suggest(two);
        Assert.Equal(3 * threshold - 100, IsoThreshold.Suggest(two.Map(v => 3 * v - 100)), 1.0);
        Assert.Throws<BadInputException>(() => IsoThreshold.Suggest(two.Map(_ => 4f)));
    }
}
