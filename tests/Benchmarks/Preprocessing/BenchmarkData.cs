using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Preprocessing;

/// <summary>The volumes that benchmarks run on, and random numbers.</summary>
internal static class BenchmarkData
{
    /// <summary>A volume by the name of its manifest.</summary>
    /// <exception cref="BadInputException">VISIONCELL_DATA does not say where it is.</exception>
    public static Volume<float> Load(string name)
    {
        var folder = Environment.GetEnvironmentVariable("VISIONCELL_DATA")
            ?? throw new BadInputException("set VISIONCELL_DATA to the folder that holds the volumes of data-manifests/ (visioncell data fetch)");
        var path = Path.Combine(folder, name + ".tif");
        var size = VolumeFormats.Inspect(path).VoxelSize ?? new VoxelSize(10, 10, 10);
        return VolumeFormats.Read(path, size).ToFloat32();
    }

    /// <summary>Names of volumes; VOLUMES=a,b narrows them.</summary>
    public static string[] Volumes(params string[] all) => Environment.GetEnvironmentVariable("VOLUMES") is { Length: > 0 } asked ? [.. all.Intersect(asked.Split(','))] : all;

    /// <summary>A copy.</summary>
    public static Volume<float> Copy(Volume<float> volume) => volume.Map(v => v);

    /// <summary>A copy with noise, half of its variance Gaussian and half Poisson, not clipped.</summary>
    /// <param name="truth">Grey values.</param>
    /// <param name="decibel">PSNR that the noise leaves, dB, range 255.</param>
    /// <param name="seed">Seed of the noise.</param>
    public static Volume<float> Noisy(Volume<float> truth, double decibel, int seed)
    {
        var random = new Random(seed);
        var variance = 255 * 255 / Math.Pow(10, decibel / 10);
        var gain = variance / 2 / truth.Data.Average(v => (double)v);
        var deviation = Math.Sqrt(variance / 2);
        var result = Copy(truth);
        for (var i = 0; i < result.Data.Length; i++)
            result.Data[i] = (float)(gain * random.Poisson(truth.Data[i] / gain) + deviation * random.Normal());
        return result;
    }

    /// <summary>A normal number.</summary>
    public static double Normal(this Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>A Poisson number.</summary>
    public static int Poisson(this Random random, double mean)
    {
        if (mean > 50)
            return (int)Math.Max(0, Math.Round(mean + Math.Sqrt(mean) * random.Normal()));
        var (limit, count) = (Math.Exp(-mean), -1);
        for (var product = 1.0; product > limit; count++)
            product *= 1 - random.NextDouble();
        return count;
    }

    /// <summary>Peak signal-to-noise ratio, dB, range 255.</summary>
    public static double Psnr(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
            sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        return 10 * Math.Log10(255.0 * 255 * a.Length / sum);
    }
}
