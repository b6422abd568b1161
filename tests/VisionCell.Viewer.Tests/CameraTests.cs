namespace VisionCell.Viewer.Tests;

/// <summary>What geometry says must hold of camera, clipping and picking.</summary>
public sealed class CameraTests(SceneFixture scene) : IClassFixture<SceneFixture>
{
    private static void Near(Double3 expected, Double3 actual, double tolerance = 1e-9) =>
        Assert.True((expected - actual).Length < tolerance, $"{actual} is not {expected}");

    private static OrbitCamera Some(bool orthographic)
    {
        var camera = new OrbitCamera { TargetNm = new Double3(10, 20, 30), HeightNm = 500, Orthographic = orthographic };
        camera.Orbit(0.3, -0.7);
        camera.Roll(0.4);
        return camera;
    }

    [Fact]
    public void The_axes_of_an_unturned_camera_are_those_of_the_file()
    {
        var camera = new OrbitCamera();
        Near(new Double3(1, 0, 0), camera.Right);
        Near(new Double3(0, 1, 0), camera.Down);
        Near(new Double3(0, 0, 1), camera.Forward);
    }

    [Fact]
    public void Four_quarter_turns_are_none_and_axes_stay_at_right_angles()
    {
        var camera = Some(true);
        var (right, forward) = (camera.Right, camera.Forward);
        for (var i = 0; i < 4; i++)
            camera.Orbit(1, 0);
        Near(right, camera.Right);
        Near(forward, camera.Forward);
        Near(camera.Forward, camera.Right.Cross(camera.Down));
        // What is near moves with the pointer.
        camera = new OrbitCamera();
        camera.Orbit(0.2, 0.1);
        var (u, v, _) = camera.Project(new Double3(0, 0, -100), 1);
        Assert.True(u > 0 && v > 0, $"{u}, {v}");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_point_on_a_ray_is_projected_to_where_the_ray_began(bool orthographic)
    {
        var camera = Some(orthographic);
        foreach (var (u, v) in ((double, double)[])[(0, 0), (-0.7, 0.2), (1, -1)])
        {
            var (pu, pv, _) = camera.Project(camera.RayAt(u, v, 1.6).At(700), 1.6);
            Assert.Equal(u, pu, 1e-9);
            Assert.Equal(v, pv, 1e-9);
        }
        // The height at the target is the picture's.
        Assert.Equal(1, camera.Project(camera.TargetNm + camera.Down * 250, 1.6).V, 1e-9);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Panning_and_zooming_keep_the_point_under_the_pointer(bool orthographic)
    {
        var camera = Some(orthographic);
        var grabbed = camera.TargetNm + camera.Right * (0.4 * 1.6 * 250) + camera.Down * (-0.3 * 250);
        camera.Zoom(1.7, 0.4, -0.3, 1.6);
        var (u, v, _) = camera.Project(grabbed, 1.6);
        Assert.Equal((0.4, -0.3), (Math.Round(u, 9), Math.Round(v, 9)));
        Assert.Equal(500 / 1.7, camera.HeightNm, 1e-9);
        camera.Pan(0.25, 0.5);
        (u, v, _) = camera.Project(grabbed, 1.6);
        Assert.Equal((0.4 + 0.25 / 1.6, -0.3 + 0.5), (Math.Round(u, 9), Math.Round(v, 9)));
    }

    [Fact]
    public void A_clipped_ray_begins_and_ends_on_the_border_of_what_is_left()
    {
        var random = new Random(5);
        var clip = new ClipVolume(new Double3(-10, -20, -30), new Double3(30, 20, 10));
        clip.Planes.Add(new ClipPlane(new Double3(1, 2, -1), 9));
        clip.Planes.Add(new ClipPlane(new Double3(0, -1, 3), 12));
        var hits = 0;
        for (var i = 0; i < 2000; i++)
        {
            Double3 Any(double s) => new(s * (random.NextDouble() - 0.5), s * (random.NextDouble() - 0.5), s * (random.NextDouble() - 0.5));
            var ray = new Ray3(Any(150), Any(1).Unit());
            if (!clip.Clip(ray, out var from, out var to))
            {
                for (var t = 0.0; t < 300; t += 1)
                    Assert.False(clip.Contains(ray.At(t)));
                continue;
            }
            hits++;
            var way = to - from;
            Assert.True(clip.Contains(ray.At(from + 1e-6 * way)) && clip.Contains(ray.At(to - 1e-6 * way)) && clip.Contains(ray.At(from + way / 2)));
            Assert.False(clip.Contains(ray.At(to + 1e-6)));
            if (from > 0)
                Assert.False(clip.Contains(ray.At(from - 1e-6)));
        }
        Assert.InRange(hits, 50, 1900);
    }

    [Fact]
    public void Picking_finds_the_first_voxel_and_the_value_of_the_file()
    {
        var image = scene.Image;
        var specimen = scene.Specimen;
        var camera = new OrbitCamera();
        camera.Frame(image.LowCornerNm, image.HighCornerNm);
        var clip = new ClipVolume(image.LowCornerNm, image.HighCornerNm);
        // Seen along z: the column of voxels under the pointer, from above.
        foreach (var (x, y) in ((int, int)[])[(25, 18), (30, 33), (0, 0), (74, 49)])
        {
            var point = image.OriginNm + image.VoxelSizeNm.Times(new Double3(x, y, 0));
            var (u, v, _) = camera.Project(point, 1.5);
            var pick = Picking.First(image, camera.RayAt(u, v, 1.5), clip, (px, py, pz) => specimen[pz, py, px] > 120);
            var z = Enumerable.Range(0, 31).FirstOrDefault(z => specimen[z, y, x] > 120, -1);
            Assert.Equal(z >= 0, pick is not null);
            if (pick is { } p)
                Assert.Equal((x, y, z), (p.X, p.Y, p.Z));
        }
        // A plane that cuts the near half away uncovers what lies behind.
        clip.Planes.Add(new ClipPlane(new Double3(0, 0, -1), -(image.OriginNm.Z + 15.2 * 20)));
        var (cu, cv, _) = camera.Project(image.OriginNm + image.VoxelSizeNm.Times(new Double3(25, 18, 0)), 1.5);
        Assert.Equal(15, Picking.First(image, camera.RayAt(cu, cv, 1.5), clip, (_, _, _) => true)!.Value.Z);
        Assert.Null(Picking.First(image, camera.RayAt(5, 5, 1.5), clip, (_, _, _) => true));
        // Askew, every voxel that is passed is looked at: neighbours share a face.
        camera.Orbit(0.31, 0.17);
        (int X, int Y, int Z)? last = null;
        var seen = 0;
        Picking.First(image, camera.RayAt(0, 0, 1.5), new ClipVolume(image.LowCornerNm, image.HighCornerNm), (x, y, z) =>
        {
            if (last is { } l)
                Assert.Equal(1, Math.Abs(l.X - x) + Math.Abs(l.Y - y) + Math.Abs(l.Z - z));
            last = (x, y, z);
            seen++;
            return false;
        });
        Assert.True(seen > 20);
    }
}
