using System.Globalization;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Cli.Tests;

/// <summary><c>mesh</c> as a user runs it.</summary>
public sealed class MeshTests
{
    [Fact]
    public void A_volume_larger_than_memory_has_its_surface_extracted()
    {
        using var folder = new TemporaryFolder();
        // 72 million voxels, 287 MB as the float32 that surfaces are extracted from; a ball across many slabs.
        var shape = new Shape3(700, 320, 320);
        var ball = new Volume<byte>(shape, new VoxelSize(10, 10, 10), default, Provenance.Of("ball"));
        Parallel.For(0, shape.Z, z =>
        {
            for (var y = 0; y < shape.Y; y++)
            {
                for (var x = 0; x < shape.X; x++)
                    ball[z, y, x] = (byte)Math.Clamp(Math.Round(249.5 - Math.Sqrt(Math.Pow((z - 350) / 2.0, 2) + Math.Pow(y - 160, 2) + Math.Pow(x - 160, 2))), 0, 255);
            }
        });
        OmeZarr.Write(ball, folder.File("ball.zarr"), new OmeZarrOptions { Chunk = 64, IsMultiscale = false });
        // 200 MiB for all that is managed.
        var outcome = Command.RunAfter("export DOTNET_GCHeapHardLimit=0xC800000", "mesh", folder.File("ball.zarr"), "--iso", "99.5", "--out", folder.File("ball.stl"), "--table", folder.File("ball.csv"));
        Assert.True(outcome.Code == 0, outcome.Error);
        var row = File.ReadAllLines(folder.File("ball.csv"))[1].Split(',');
        // An ellipsoid of 1500 x 1500 x 3000 nm, closed.
        Assert.Equal(4.0 / 3 * Math.PI * 1500 * 1500 * 3000, double.Parse(row[4], CultureInfo.InvariantCulture), 0.002 * 2.83e10);
        Assert.Equal(("1", "0"), (row[5], row[6]));
    }
}
