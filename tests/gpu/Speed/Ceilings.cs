using VisionCell.Kernels.Cuda;

namespace VisionCell.Gpu.Speed;

/// <summary>Measures what binds: memory, the cache that all multiprocessors share, tensor cores, random reads and atomic additions.</summary>
internal sealed unsafe class Ceilings
{
    /// <summary>The source beside this file.</summary>
    public const string Source = "ceilings.cu";

    private const uint Threads = 128;
    private const uint ProductThreads = 256;

    private readonly CudaDevice _device;
    private readonly GpuClock _clock;

    public Ceilings(CudaDevice device, GpuClock clock, Sizes sizes)
    {
        (_device, _clock) = (device, clock);
        Memory = Copy("memory", sizes.CopyNumbers);
        // Both buffers in half of the cache: the other half is far from a multiprocessor on GPUs with two partitions.
        Cache = Copy("cache", Math.Min(sizes.CopyNumbers, Math.Max(1024, device.SecondCacheBytes / 4 / 2 / sizeof(float))));
        Products = MatrixProducts(sizes.ProductRounds);
    }

    public Ceiling Memory { get; }

    public Ceiling Cache { get; }

    public Ceiling Products { get; }

    /// <summary>What a kernel that moves so many bytes in all is held against: the cache holds them between launches, or not.</summary>
    public Work Bytes(double bytes) => new(bytes > _device.SecondCacheBytes / 2 ? Memory : Cache, bytes);

    /// <summary>Reads of 8 entries a sample at random places of each table.</summary>
    public Ceiling Reads(int features, int samples, int tables, int entries) => Random("reads", $"gather_{features}", features, samples, tables, entries, samples * tables);

    /// <summary>Atomic additions to 8 entries a sample at random places of each table.</summary>
    public Ceiling Additions(int features, int samples, int tables, int entries) => Random("additions", $"scatter_{features}", features, samples, tables, entries, 0);

    private Ceiling Copy(string name, int numbers)
    {
        using var from = Memories.Filled(_device, numbers);
        using var to = Memories.Filled(_device, numbers);
        var milliseconds = _clock.Milliseconds(() => _device.Check(_device.Library.CopyOnDevice(to.Pointer, from.Pointer, (nuint)numbers * sizeof(float), 0), "copying"));
        return Ceiling.Of(name, "GB/s", 1e9, 2.0 * numbers * sizeof(float), milliseconds);
    }

    private Ceiling MatrixProducts(uint rounds)
    {
        var blocks = (uint)(4 * _device.Multiprocessors);
        using var result = new CudaMemory(_device, (int)(blocks * ProductThreads));
        var function = _device.Function(Source, "matrix_products");
        var milliseconds = _clock.Milliseconds(() =>
        {
            var (n, pointer) = (rounds, result.Pointer);
            _device.Launch(function, (blocks, 1), ProductThreads, 0, new CudaArguments().Add(&n).Add(&pointer));
        });
        // Eight chains a warp of products of 16 x 16 by 16 x 8.
        return Ceiling.Of("tensor cores", "TFLOP/s", 1e12, (double)blocks * ProductThreads / 32 * rounds * 8 * 2 * 16 * 16 * 8, milliseconds);
    }

    private Ceiling Random(string name, string kernel, int features, int samples, int tables, int entries, int results)
    {
        using var table = Memories.Filled(_device, tables * entries * features);
        using var result = new CudaMemory(_device, results);
        var function = _device.Function(Source, kernel);
        var milliseconds = _clock.Milliseconds(() =>
        {
            var (n, mask, t, r) = ((uint)samples, (uint)entries - 1, table.Pointer, result.Pointer);
            var arguments = new CudaArguments().Add(&n).Add(&mask).Add(&t);
            if (results > 0)
                arguments.Add(&r);
            _device.Launch(function, ((n + Threads - 1) / Threads, (uint)tables), Threads, 0, arguments);
        });
        return Ceiling.Of($"{name} of {features * sizeof(float)} bytes", "G accesses/s", 1e9, 8.0 * samples * tables, milliseconds);
    }
}
