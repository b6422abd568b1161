using VisionCell.Kernels.Cuda;

namespace VisionCell.Gpu.Speed;

/// <summary>Memory on the GPU with a content.</summary>
internal static unsafe class Memories
{
    /// <summary>All numbers 1.</summary>
    public static CudaMemory Filled(CudaDevice device, int count)
    {
        var memory = new CudaMemory(device, count);
        device.Check(device.Library.Fill(memory.Pointer, BitConverter.SingleToUInt32Bits(1), (nuint)count, 0), "filling memory");
        return memory;
    }

    /// <summary>All numbers 0.</summary>
    public static CudaMemory Zero(CudaDevice device, int count) => new(device, new float[count]);

    /// <summary>Numbers uniform within ±size around a middle.</summary>
    public static CudaMemory Random(CudaDevice device, Random random, int count, float size, float middle = 0) => new(device, Numbers(random, count, size, middle));

    public static float[] Numbers(Random random, int count, float size, float middle = 0)
    {
        var numbers = new float[count];
        foreach (ref var number in numbers.AsSpan())
            number = middle + (random.NextSingle() * 2 - 1) * size;
        return numbers;
    }
}
