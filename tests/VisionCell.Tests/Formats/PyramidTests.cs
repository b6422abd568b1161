using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

public class PyramidTests
{
    [Fact]
    public void Fine_axes_are_halved_until_voxels_are_near_isotropic()
    {
        var shape = new Shape3(100, 1000, 1000);
        Assert.Equal(new Shape3(1, 2, 2), Pyramid.NextFactors(shape, new VoxelSize(50, 4, 4)));
        Assert.Equal(new Shape3(1, 2, 2), Pyramid.NextFactors(shape, new VoxelSize(50, 32, 32)));
        Assert.Equal(new Shape3(2, 2, 2), Pyramid.NextFactors(shape, new VoxelSize(50, 64, 64)));
        Assert.Equal(new Shape3(2, 2, 2), Pyramid.NextFactors(shape, new VoxelSize(8, 8, 8)));
        Assert.Equal(new Shape3(2, 1, 1), Pyramid.NextFactors(new Shape3(100, 1, 1), new VoxelSize(50, 4, 4)));
    }

    [Fact]
    public void Halving_keeps_the_mean_and_the_place_of_a_linear_ramp()
    {
        // A ramp in nm: each coarse voxel must hold the value of the ramp at its own centre.
        var ramp = new Volume<float>(new Shape3(6, 8, 10), new VoxelSize(3, 5, 7), new Position(100, 200, 300), Provenance.Of("ramp"));
        for (var z = 0; z < 6; z++)
            for (var y = 0; y < 8; y++)
                for (var x = 0; x < 10; x++)
                    ramp[z, y, x] = (float)(At(ramp, z, y, x));
        var half = (Volume<float>)Pyramid.Halve(ramp, new Shape3(2, 1, 2), TestContext.Current.CancellationToken);
        Assert.Equal(new Shape3(3, 8, 5), half.Shape);
        Assert.Equal(new VoxelSize(6, 5, 14), half.VoxelSize);
        for (var z = 0; z < 3; z++)
            for (var y = 0; y < 8; y++)
                for (var x = 0; x < 5; x++)
                    Assert.Equal(At(half, z, y, x), half[z, y, x], 1e-3);

        static double At(Volume v, int z, int y, int x) =>
            2 * (v.Origin.Z + z * v.VoxelSize.Z) + 3 * (v.Origin.Y + y * v.VoxelSize.Y) - (v.Origin.X + x * v.VoxelSize.X);
    }

    [Theory]
    [InlineData(VoxelType.UInt8)]
    [InlineData(VoxelType.UInt16)]
    [InlineData(VoxelType.Float32)]
    public void Odd_ends_are_means_of_what_is_there(VoxelType type)
    {
        var volume = Golden.Noise(type, new Shape3(3, 5, 7));
        var half = Pyramid.Halve(volume, new Shape3(2, 2, 2), TestContext.Current.CancellationToken);
        Assert.Equal(new Shape3(2, 3, 4), half.Shape);
        for (var z = 0; z < 2; z++)
        {
            for (var y = 0; y < 3; y++)
            {
                for (var x = 0; x < 4; x++)
                {
                    var (sum, n) = (0.0, 0);
                    for (var i = 0; i < 8; i++)
                    {
                        var (a, b, c) = (2 * z + (i >> 2), 2 * y + (i >> 1 & 1), 2 * x + (i & 1));
                        if (a < 3 && b < 5 && c < 7)
                            (sum, n) = (sum + volume.ValueAt(a, b, c), n + 1);
                    }
                    var expected = type == VoxelType.Float32 ? sum / n : Math.Round(sum / n);
                    Assert.Equal(expected, half.ValueAt(z, y, x), type == VoxelType.Float32 ? 2e-3 : 0);
                }
            }
        }
    }

    [Fact]
    public void Levels_end_at_64_voxels_and_carry_their_sizes()
    {
        using var scratch = new Scratch();
        OmeZarr.Write(Golden.Noise(VoxelType.UInt8, new Shape3(10, 200, 130), size: new VoxelSize(40, 10, 10)), scratch["a.zarr"], cancellationToken: TestContext.Current.CancellationToken);
        var image = OmeZarr.Open(scratch["a.zarr"]);
        Assert.Equal([new Shape3(10, 200, 130), new Shape3(10, 100, 65), new Shape3(10, 50, 33)], Enumerable.Range(0, image.LevelCount).Select(image.ShapeOf));
        Assert.Equal(new VoxelSize(40, 40, 40), image.VoxelSizeOf(2));
        Assert.Equal(15, image.Read(2, cancellationToken: TestContext.Current.CancellationToken).Origin.X);
    }
}
