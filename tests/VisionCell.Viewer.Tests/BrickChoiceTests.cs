namespace VisionCell.Viewer.Tests;

/// <summary>Which bricks are shown, and how the shader finds them.</summary>
public sealed class BrickChoiceTests(SceneFixture scene) : IClassFixture<SceneFixture>
{
    private OrbitCamera Camera()
    {
        var camera = new OrbitCamera();
        camera.Frame(scene.Image.LowCornerNm, scene.Image.HighCornerNm);
        return camera;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(13)]
    [InlineData(40)]
    [InlineData(1000)]
    public void Every_voxel_is_covered_by_exactly_one_brick_within_the_budget(int budget)
    {
        var bricks = BrickChoice.Choose(scene.Image, Camera(), 1000, 1.5, budget);
        var coarsest = scene.Image.Levels[^1];
        var least = coarsest.Bricks(0, 14) * coarsest.Bricks(1, 14) * coarsest.Bricks(2, 14);
        Assert.InRange(bricks.Count, 1, Math.Max(budget, least));
        var covered = new int[75 * 50 * 31];
        foreach (var brick in bricks)
        {
            var f = scene.Image.Levels[brick.Level].Factor;
            for (var z = brick.Z * 14 * f[2]; z < Math.Min(31, (brick.Z + 1) * 14 * f[2]); z++)
            {
                for (var y = brick.Y * 14 * f[1]; y < Math.Min(50, (brick.Y + 1) * 14 * f[1]); y++)
                {
                    for (var x = brick.X * 14 * f[0]; x < Math.Min(75, (brick.X + 1) * 14 * f[0]); x++)
                        covered[(z * 50 + y) * 75 + x]++;
                }
            }
        }
        Assert.All(covered, c => Assert.Equal(1, c));
        if (budget == 1000)
            Assert.All(bricks, b => Assert.Equal(0, b.Level));
    }

    [Fact]
    public void What_is_small_in_the_picture_stays_coarse_and_what_is_outside_is_left_out()
    {
        Assert.All(BrickChoice.Choose(scene.Image, Camera(), 10, 1.5, 1000), b => Assert.Equal(scene.Image.Levels.Count - 1, b.Level));
        var near = Camera();
        near.HeightNm /= 8;
        var bricks = BrickChoice.Choose(scene.Image, near, 1000, 1, 1000);
        Assert.InRange(bricks.Count, 1, 30);
        var clip = new ClipVolume(scene.Image.LowCornerNm, scene.Image.HighCornerNm);
        clip.Planes.Add(new ClipPlane(new Double3(1, 0, 0), scene.Image.LowCornerNm.X + 100));
        Assert.All(BrickChoice.Choose(scene.Image, Camera(), 1000, 1.5, 1000, clip), b => Assert.Equal(0, b.X));
        // In perspective the nearer bricks come first: with half the budget the finest ones are near.
        var deep = Camera();
        deep.Orthographic = false;
        var some = BrickChoice.Choose(scene.Image, deep, 60, 1.5, 40);
        Assert.True(some.Where(b => b.Level == 0).Select(b => (double)b.Z).DefaultIfEmpty(0).Average() <= 1);
    }

    [Fact]
    public void A_volume_far_beyond_2048_fits_a_budget()
    {
        var levels = Enumerable.Range(0, 8).Select(l => new LevelInfo($"v.{l}.bricks", [100_000 >> l, 80_000 >> l, 9000 >> l], [1 << l, 1 << l, 1 << l])).ToArray();
        var huge = new VolumeInfo("huge", VolumeKind.Image, 1, 0, 1, 0, 255, 62, new Double3(4, 4, 30), new Double3(0, 0, 0), levels);
        var camera = new OrbitCamera();
        camera.Frame(huge.LowCornerNm, huge.HighCornerNm);
        camera.HeightNm = 20_000;
        var bricks = BrickChoice.Choose(huge, camera, 1000, 1.5, 600);
        Assert.InRange(bricks.Count, 100, 600);
        var atlas = BrickAtlas.Within(huge, 256L << 20);
        Assert.InRange((long)atlas.Capacity * 64 * 64 * 64, 128L << 20, 320L << 20);
        Assert.True(atlas.SlotsX * 64 <= 2048 && atlas.SlotsY * 64 <= 2048 && atlas.SlotsZ * 64 <= 2048);
    }

    [Fact]
    public void The_page_table_shows_the_finest_that_is_loaded()
    {
        var atlas = new BrickAtlas(scene.Image, 2, 2, 1);
        var coarse = new BrickId(1, 0, 0, 0);
        BrickId a = new(0, 0, 0, 0), b = new(0, 5, 3, 2), c = new(0, 1, 0, 0), d = new(0, 2, 0, 0);
        Assert.True(atlas.TryPlace(a, (10, 20), [], out _, out _, out _));
        Assert.True(atlas.TryPlace(coarse, (10, 200), [], out var x, out var y, out var z));
        var table = atlas.PageTable();
        int[] At(int cx, int cy, int cz) => [.. table.Skip(4 * ((cz * atlas.CellsY + cy) * atlas.CellsX + cx)).Take(4).Select(v => (int)v)];
        Assert.Equal(1, At(0, 0, 0)[3]);
        Assert.Equal([x, y, z, 2], At(1, 0, 0));
        Assert.Equal(0, At(5, 3, 2)[3]);
        // Full: what is not wanted goes first, and what is wanted stays.
        Assert.True(atlas.TryPlace(b, (0, 0), [], out _, out _, out _));
        Assert.True(atlas.TryPlace(c, (0, 0), [], out _, out _, out _));
        Assert.True(atlas.TryPlace(d, (0, 0), [coarse, b, c], out _, out _, out _));
        Assert.False(atlas.Holds(a));
        Assert.False(atlas.TryPlace(a, (0, 0), [coarse, b, c, d], out _, out _, out _));
        // A function that shows only what is above 100 leaves bricks of smaller values empty.
        var function = TransferFunction.OfPoints((100 / 255.0, new Rgba(1, 1, 1, 0)), (101 / 255.0, new Rgba(1, 1, 1, 1)));
        var occupancy = atlas.Occupancy(function, 0, 255);
        Assert.Equal(255, occupancy[0]);
        Assert.Equal(0, occupancy[1]);
    }

    [Fact]
    public void A_transfer_function_is_what_its_points_say()
    {
        var f = TransferFunction.OfPoints((0.2, new Rgba(0, 0, 0, 0)), (0.6, new Rgba(1, 0.5f, 0, 0.8f)));
        Assert.Equal(0, f.At(0.1).A);
        Assert.Equal(0.4f, f.At(0.4).A, 0.003f);
        Assert.Equal(0.8f, f.At(0.9).A);
        Assert.Equal(0.8f, f.MostOpaque(0.5, 0.7), 1e-6f);
        Assert.Equal(0, f.MostOpaque(0, 0.19));
        var edges = f.WithGradient(0.1, 0.3);
        Assert.Equal(0, edges.At(0.9, 0.05).A, 1e-6f);
        Assert.Equal(0.4f, edges.At(0.9, 0.2).A, 0.01f);
        Assert.Equal(0.8f, edges.At(0.9, 0.9).A, 1e-6f);
        Assert.Throws<ArgumentException>(() => TransferFunction.OfPoints((0.6, default), (0.2, default)));
        Assert.Throws<ArgumentException>(() => TransferFunction.OfPoints());
    }
}
