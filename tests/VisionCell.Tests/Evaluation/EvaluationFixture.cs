using System.Runtime.CompilerServices;
using VisionCell.Volumes;

namespace VisionCell.Tests.Evaluation;

/// <summary>Volumes that metrics are tried on.</summary>
internal static class EvaluationFixture
{
    private static readonly VoxelSize _size = new(12, 8, 10);

    public static Volume<float> Volume(Shape3 shape, Func<int, int, int, double> value, VoxelSize? size = null)
    {
        var volume = new Volume<float>(shape, size ?? _size, default, Provenance.Of("test"));
        for (var z = 0; z < shape.Z; z++)
        {
            for (var y = 0; y < shape.Y; y++)
            {
                for (var x = 0; x < shape.X; x++)
                    volume[z, y, x] = (float)value(z, y, x);
            }
        }
        return volume;
    }

    /// <summary>The volumes of tests/goldens/evaluation/make.py, by the same integer formulas.</summary>
    public static (Volume<float> Reconstruction, Volume<float> Reference) Golden(int rows = 25, VoxelSize? size = null)
    {
        var shape = new Shape3(rows, 40, 57);
        var reference = Volume(shape, GoldenReference, size);
        return (Volume(shape, (z, y, x) => GoldenReference(z, y, x) + 0.5 * (Hash(z * 15485863L + y * 32452843L + x * 49979687L, 9) % 41 - 20) + (x > 30 ? 6 : 0), size), reference);
    }

    /// <summary>The large sections of make.py, twice.</summary>
    public static (Volume<float> Reconstruction, Volume<float> Reference) GoldenSections()
    {
        static double Reference(int y, int x) => 40 + 2 * Math.Abs((7 * x / 5 + y / 3) % 64 - 32) + Math.Abs(5 * y / 4 % 48 - 24) + Hash(y * 104729L + x * 1299709L, 7) % 13;
        var shape = new Shape3(2, 385, 391);
        return (Volume(shape, (_, y, x) => Reference(y, x) + 0.5 * (Hash(y * 32452843L + x * 49979687L, 9) % 41 - 20)), Volume(shape, (_, y, x) => Reference(y, x)));
    }

    /// <summary>Normal noise.</summary>
    public static Volume<float> Noise(Shape3 shape, double deviation, int seed, VoxelSize? size = null)
    {
        var random = new Random(seed);
        return Volume(shape, (_, _, _) => deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()), size);
    }

    public static Volume<float> Sum(Volume<float> a, Volume<float> b, double weight = 1) =>
        Volume(a.Shape, (z, y, x) => a[z, y, x] + weight * b[z, y, x], a.VoxelSize);

    public static string GoldenPath([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "goldens", "evaluation", "metrics.json");

    private static double GoldenReference(int z, int y, int x) =>
        40 + 2 * Math.Abs((7 * x + 3 * z) % 64 - 32) + Math.Abs((5 * y + 2 * z) % 48 - 24) + Hash(z * 7919L + y * 104729L + x * 1299709L, 7) % 13;

    private static long Hash(long value, int shift)
    {
        value &= 0x7FFFFFFF;
        return value ^ (value >> shift);
    }
}
