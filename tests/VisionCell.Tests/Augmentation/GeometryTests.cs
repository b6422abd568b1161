using VisionCell.Augmentation;
using VisionCell.Volumes;
using static VisionCell.Tests.Augmentation.AugmentationFixture;

namespace VisionCell.Tests.Augmentation;

/// <summary>Laws of the changes of place.</summary>
public sealed class GeometryTests
{
    [Theory]
    [InlineData(10, 10, 10, 48)]
    [InlineData(40, 8, 8, 16)]
    [InlineData(8, 40, 8, 16)]
    [InlineData(40, 8, 9, 8)]
    public void Symmetries_are_those_that_the_voxels_allow(double z, double y, double x, int count)
    {
        var allowed = CubeSymmetries.Allowed(new VoxelSize(z, y, x));
        Assert.Equal(count, allowed.Count);
        // Each takes the corner (1, 2, 3) somewhere else: none is there twice.
        Assert.Equal(count, allowed.Select(s => s.Source(new Position(1, 2, 3))).Distinct().Count());
    }

    [Fact]
    public void Every_symmetry_keeps_each_voxel_of_a_cube_once_and_is_undone_by_another()
    {
        var numbers = new Volume<float>([.. Enumerable.Range(0, 125).Select(i => (float)i)], new Shape3(5, 5, 5), Isotropic, default, Provenance.Of("numbers"));
        var sample = TrainingSample.Of(numbers, null, new GreyRange(0, 255));
        var all = CubeSymmetries.Allowed(Isotropic);
        var images = all.Select(s => new AugmentationPipeline(new Fixed(s)).Apply(sample, 1)).ToList();
        Assert.All(images, i => Assert.Equal(numbers.Data, i.Image.Data.Order()));
        Assert.Equal(48, images.Select(i => string.Join(',', i.Image.Data)).Distinct().Count());
        Assert.All(images, i => Assert.Contains(all, s => new AugmentationPipeline(new Fixed(s)).Apply(i, 1).Image.Data.AsSpan().SequenceEqual(numbers.Data)));
    }

    [Fact]
    public void A_rotation_and_its_inverse_leave_every_bit_because_the_source_is_sampled_once()
    {
        var sample = Real(Anisotropic);
        var pipeline = new AugmentationPipeline(new Fixed(Rotation.About(0.7, 0, 0)), new Fixed(Rotation.About(-0.7, 0, 0)));
        Assert.Equal(sample.Image.Data, pipeline.Apply(sample, 1).Image.Data);
    }

    [Fact]
    public void Four_quarter_turns_are_none_and_one_is_an_exact_copy()
    {
        var sample = Real();
        var turn = new AugmentationPipeline(new Fixed(Rotation.About(Math.PI / 2, 0, 0)));
        var square = turn.Draw(sample, new Box(2, 3, 5, new Shape3(7, 13, 13)), 1);
        var original = sample.Image.Crop(new Box(2, 3, 5, new Shape3(7, 13, 13)));
        Assert.Equal(original.Data.Order(), square.Image.Data.Order());
        for (var i = 0; i < 3; i++)
            square = turn.Apply(square, 1);
        Assert.Equal(original.Data, square.Image.Data);
    }

    [Fact]
    public void A_tilt_turns_z_into_x_at_their_true_lengths()
    {
        // An ellipsoid in voxels of 40 x 8 x 8 nm, 1.4 times as long along x as along z: after a quarter turn it is the other way round.
        // Wide enough that nothing of it is mirrored in: 280 nm to either side along z, 296 along x.
        var shape = new Shape3(15, 61, 75);
        var solid = new Volume<float>(shape, Anisotropic, default, Provenance.Of("ellipsoid"));
        for (var z = 0; z < shape.Z; z++)
        {
            for (var y = 0; y < shape.Y; y++)
            {
                for (var x = 0; x < shape.X; x++)
                {
                    var r = Math.Sqrt(Math.Pow((z - 7) * 40, 2) + Math.Pow((y - 30) * 8, 2) + Math.Pow((x - 37) * 8 / 1.4, 2));
                    solid[z, y, x] = (float)Math.Clamp((160 - r) / 40, 0, 1);
                }
            }
        }
        var sample = TrainingSample.Of(solid);
        var (z0, y0, x0) = Deviations(solid);
        var turned = new AugmentationPipeline(new Fixed(Rotation.About(0, Math.PI / 2, Math.PI / 2))).Apply(sample, 1).Image;
        var (z1, y1, x1) = Deviations(turned);
        Assert.Equal(1.4, x0 / z0, 0.1);
        Assert.Equal(x0, z1, 0.06 * x0);
        Assert.Equal(z0, x1, 0.06 * z0);
        Assert.Equal(y0, y1, 0.04 * y0);
    }

    [Fact]
    public void Between_voxels_grey_levels_run_straight_and_beyond_the_edge_they_are_mirrored()
    {
        var sample = Ramp(2, new Shape3(3, 3, 6), Isotropic);
        var shifted = new AugmentationPipeline(new Fixed(new AffineStep([1, 0, 0, 0, 1, 0, 0, 0, 1], new Position(0, 0, 12.5)))).Apply(sample, 1);
        Assert.Equal([1.25f, 2.25f, 3.25f, 4.25f, 4.75f, 3.75f], shifted.Image.Data[..6]);
        Assert.Equal([1, 2, 3, 4, 5, 4], shifted.Labels!.Data[..6].Select(v => (int)v));
        var whole = new AugmentationPipeline(new Fixed(new AffineStep([1, 0, 0, 0, 1, 0, 0, 0, 1], new Position(0, 0, 20)))).Apply(sample, 1);
        Assert.Equal([2f, 3f, 4f, 5f, 4f, 3f], whole.Image.Data[..6]);
    }

    [Fact]
    public void Eight_voxels_at_a_time_are_what_one_at_a_time_is()
    {
        var source = Real(Anisotropic);
        var patch = new Shape3(6, 13, 21);
        SpatialStep[] steps = [Rotation.About(0.4, 1, 0.5), new ElasticDeformation(60, 20, 15).Draw(new CounterRandom(5), patch, Anisotropic), new AffineStep([1.2, 0, 0, 0, 0.8, 0, 0, 0, 0.9], new Position(13, -40, 55))];
        var map = new SpatialMap(steps, patch, Anisotropic, (5, 9, 11));
        float[] fast = new float[patch.Count], slow = new float[patch.Count];
        ushort[] fastLabels = new ushort[patch.Count], slowLabels = new ushort[patch.Count];
        Resampler.Sample(source, map, patch, fast, fastLabels);
        Resampler.Sample(source, map, patch, slow, slowLabels, vectors: false);
        for (var i = 0; i < fast.Length; i++)
            Assert.Equal(slow[i], fast[i], 1e-2f);
        Assert.Equal(slowLabels, fastLabels);
    }

    [Fact]
    public void A_patch_shows_what_lies_beyond_it()
    {
        var sample = Ramp(2, new Shape3(4, 9, 40), Isotropic);
        var pipeline = new AugmentationPipeline(new Fixed(new AffineStep([1, 0, 0, 0, 1, 0, 0, 0, 1], new Position(0, 0, -80))));
        var patch = pipeline.Draw(sample, new Box(0, 0, 20, new Shape3(4, 9, 8)), 1);
        Assert.Equal([12f, 13f, 14f, 15f, 16f, 17f, 18f, 19f], patch.Image.Data[..8]);
        Assert.Equal(200, patch.Image.Origin.X);
    }

    [Fact]
    public void The_strongest_deformation_does_not_fold()
    {
        var patch = new Shape3(24, 24, 24);
        for (var seed = 0UL; seed < 5; seed++)
        {
            var step = new ElasticDeformation(320, 128, 128).Draw(new CounterRandom(seed), patch, Isotropic);
            var map = new SpatialMap([step], patch, Isotropic, (0, 0, 0));
            for (var z = 0; z < 23; z += 3)
            {
                for (var y = 0; y < 23; y += 3)
                {
                    for (var x = 0; x < 23; x += 3)
                    {
                        var (p, a, b, c) = (map.At(z, y, x), map.At(z + 1, y, x), map.At(z, y + 1, x), map.At(z, y, x + 1));
                        double[] u = [a.Z - p.Z, a.Y - p.Y, a.X - p.X], v = [b.Z - p.Z, b.Y - p.Y, b.X - p.X], w = [c.Z - p.Z, c.Y - p.Y, c.X - p.X];
                        var volume = u[0] * (v[1] * w[2] - v[2] * w[1]) - u[1] * (v[0] * w[2] - v[2] * w[0]) + u[2] * (v[0] * w[1] - v[1] * w[0]);
                        Assert.True(volume > 0, $"folded at {z}, {y}, {x}: {volume}");
                    }
                }
            }
        }
    }

    [Fact]
    public void Bending_reaches_far_enough_to_be_seen_and_no_farther_than_said()
    {
        var patch = new Shape3(8, 64, 64);
        var map = new SpatialMap([new ElasticDeformation(320, 100).Draw(new CounterRandom(8), patch, Isotropic)], patch, Isotropic, (3.5, 31.5, 31.5));
        var most = 0.0;
        for (var y = 0; y < 64; y += 4)
        {
            for (var x = 0; x < 64; x += 4)
            {
                var at = map.At(4, y, x);
                Assert.Equal(4, at.Z, 1e-9);
                most = Math.Max(most, Math.Max(Math.Abs(at.Y - y), Math.Abs(at.X - x)));
            }
        }
        Assert.InRange(most, 1, 10);
    }

    [Fact]
    public void What_is_out_of_range_is_refused_with_its_limit()
    {
        Assert.Contains("0 to 4", Assert.Throws<BadInputException>(() => new ElasticDeformation(10, 5)).Message, StringComparison.Ordinal);
        Assert.Contains("0 to 180", Assert.Throws<BadInputException>(() => new Rotation(200)).Message, StringComparison.Ordinal);
        Assert.Contains("0 to 1", Assert.Throws<BadInputException>(() => new CubeSymmetries { Probability = 1.5 }).Message, StringComparison.Ordinal);
        Assert.Contains("one grid", Assert.Throws<BadInputException>(() => TrainingSample.Of(Real().Image, new Volume<byte>(new Shape3(1, 2, 3), Isotropic, default, Provenance.Of("labels")))).Message, StringComparison.Ordinal);
        var broken = Real().Image.Map(v => v);
        broken.Data[100] = float.NaN;
        Assert.Contains("not finite", Assert.Throws<BadInputException>(() => TrainingSample.Of(broken, null, new GreyRange(0, 255))).Message, StringComparison.Ordinal);
    }

    private static (double Z, double Y, double X) Deviations(Volume<float> volume)
    {
        double n = 0, zz = 0, yy = 0, xx = 0, mz = (volume.Shape.Z - 1) / 2.0, my = (volume.Shape.Y - 1) / 2.0, mx = (volume.Shape.X - 1) / 2.0;
        for (var z = 0; z < volume.Shape.Z; z++)
        {
            for (var y = 0; y < volume.Shape.Y; y++)
            {
                for (var x = 0; x < volume.Shape.X; x++)
                {
                    double v = volume[z, y, x];
                    (n, zz, yy, xx) = (n + v, zz + v * Math.Pow((z - mz) * volume.VoxelSize.Z, 2), yy + v * Math.Pow((y - my) * volume.VoxelSize.Y, 2), xx + v * Math.Pow((x - mx) * volume.VoxelSize.X, 2));
                }
            }
        }
        return (Math.Sqrt(zz / n), Math.Sqrt(yy / n), Math.Sqrt(xx / n));
    }
}
