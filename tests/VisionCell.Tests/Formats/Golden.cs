using System.Runtime.CompilerServices;

using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

/// <summary>The goldens of tests/goldens/formats and what make.py says is in them.</summary>
internal static class Golden
{
    public static readonly Shape3 Shape = new(5, 19, 33);

    public static readonly VoxelSize Any = new(50, 8, 8);

    public static string Folder { get; } = Find("tests/goldens/formats");

    public static string Path(string name) => System.IO.Path.Combine(Folder, name);

    public static string Find(string relative, [CallerFilePath] string here = "")
    {
        for (var folder = System.IO.Path.GetDirectoryName(here); folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
        {
            if (File.Exists(System.IO.Path.Combine(folder, "VisionCell.slnx")))
                return System.IO.Path.Combine(folder, relative);
        }
        throw new DirectoryNotFoundException(relative);
    }

    public static double Expected(VoxelType type, int z, int y, int x)
    {
        var v = z * 29 + y * 7 + x * 3 + x * y % 5;
        return type switch { VoxelType.UInt8 => v % 256, VoxelType.UInt16 => v * 101 % 65536, _ => (float)(v * (double)0.37f - 20) };
    }

    public static void AssertVoxels(Volume volume, VoxelType type, Func<double, double>? change = null)
    {
        Assert.Equal(type, volume.VoxelType);
        Assert.Equal(Shape, volume.Shape);
        for (var z = 0; z < Shape.Z; z++)
        {
            for (var y = 0; y < Shape.Y; y++)
            {
                for (var x = 0; x < Shape.X; x++)
                {
                    var expected = change?.Invoke(Expected(type, z, y, x)) ?? Expected(type, z, y, x);
                    if (volume.ValueAt(z, y, x) != expected)
                        Assert.Fail($"voxel {z},{y},{x} is {volume.ValueAt(z, y, x)}, not {expected}");
                }
            }
        }
    }

    /// <summary>A volume of noise, which no predictor or codec gets right by luck.</summary>
    public static Volume Noise(VoxelType type, Shape3 shape, int seed = 1, VoxelSize? size = null, Position origin = default)
    {
        var random = new Random(seed);
        var (voxelSize, provenance) = (size ?? new VoxelSize(40, 4.6, 7.25), new Provenance("noise", ["made", "for a test"]));
        var n = (int)shape.Count;
        return type switch
        {
            VoxelType.UInt8 => new Volume<byte>(Array(n, () => (byte)random.Next(256)), shape, voxelSize, origin, provenance),
            VoxelType.UInt16 => new Volume<ushort>(Array(n, () => (ushort)random.Next(65536)), shape, voxelSize, origin, provenance),
            _ => new Volume<float>(Array(n, () => (float)(random.NextDouble() * 1e4 - 5e3)), shape, voxelSize, origin, provenance),
        };
    }

    public static void AssertEqual(Volume expected, Volume actual)
    {
        Assert.Equal(expected.Shape, actual.Shape);
        Assert.Equal(expected.VoxelType, actual.VoxelType);
        Assert.True(expected.Bytes.SequenceEqual(actual.Bytes), "voxels differ");
    }

    private static T[] Array<T>(int n, Func<T> next)
    {
        var values = new T[n];
        for (var i = 0; i < n; i++)
            values[i] = next();
        return values;
    }
}

/// <summary>A folder that is removed with what the test leaves in it.</summary>
internal sealed class Scratch : IDisposable
{
    public Scratch() => Directory.CreateDirectory(Folder);

    public string Folder { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"visioncell-{Guid.NewGuid():N}");

    public string this[string name] => System.IO.Path.Combine(Folder, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
