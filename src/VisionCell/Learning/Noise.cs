using TorchSharp;
using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>Normal random numbers.</summary>
internal static class Noise
{
    /// <summary>The next number of a generator, of mean 0 and deviation 1 (Box and Muller).</summary>
    public static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>A tensor of such numbers, mean 0 and deviation 1, fp32; on the CPU the same for a seed whatever else draws numbers.</summary>
    /// <param name="shape">Shape.</param>
    /// <param name="seed">Seed.</param>
    /// <param name="device">Where they are needed; drawn there.</param>
    public static Tensor Normal(long[] shape, int seed, Device device)
    {
        if (device.type == DeviceType.CPU)
        {
            using var generator = new Generator((ulong)(uint)seed, CPU);
            return randn(shape, generator: generator);
        }
        // TorchSharp's generators are those of the processor; a GPU's own is seeded for all, and nothing else draws there.
        using var seeded = manual_seed(seed);
        return randn(shape, device: device);
    }
}
