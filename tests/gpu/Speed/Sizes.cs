using VisionCell.Kernels;

namespace VisionCell.Gpu.Speed;

/// <summary>How large everything is that is measured.</summary>
internal sealed record Sizes
{
    /// <summary>Samples of a batch.</summary>
    public int Batch { get; init; } = 1 << 18;

    /// <summary>Both configurations: the sample of tiny-cuda-nn, and the default.</summary>
    public IReadOnlyList<(string Name, HashGridConfiguration Grid)> Grids { get; init; } =
    [
        ("tiny-cuda-nn: 16 levels x 2, 2^15", HashGridConfiguration.TinyCudaNn),
        ("default: 8 levels x 4, 2^17", new HashGridConfiguration()),
    ];

    public Perceptron Perceptron { get; init; } = new();

    /// <summary>Edge of the volume that is sampled and warped, a power of two.</summary>
    public int VolumeEdge { get; init; } = 256;

    /// <summary>Places at which it is sampled.</summary>
    public int Positions { get; init; } = 1 << 22;

    public int Rays { get; init; } = 1 << 16;

    /// <summary>Steps of a ray straight through.</summary>
    public int RaySteps { get; init; } = 128;

    /// <summary>Edge of the occupancy grid.</summary>
    public int OccupancyEdge { get; init; } = 128;

    /// <summary>Numbers in a buffer that is copied: 1 GB.</summary>
    public int CopyNumbers { get; init; } = 1 << 28;

    public uint ProductRounds { get; init; } = 4096;

    /// <summary>Steps that a training runs before it is timed.</summary>
    public int TrainingSteps { get; init; } = 200;

    public int Repeats { get; init; } = 21;

    public double LeastMilliseconds { get; init; } = 2;

    /// <summary>Every kernel once or twice, as small as it can be: shows that the program works, not how fast anything is.</summary>
    public static Sizes Smoke { get; } = new()
    {
        Batch = 192,
        Grids =
        [
            ("smoke: 16 levels x 2, 2^8", HashGridConfiguration.TinyCudaNn with { Log2TableSize = 8 }),
            ("smoke: 8 levels x 4, 2^8", new HashGridConfiguration { Log2TableSize = 8 }),
        ],
        VolumeEdge = 8,
        Positions = 200,
        Rays = 40,
        RaySteps = 16,
        OccupancyEdge = 8,
        CopyNumbers = 4096,
        ProductRounds = 2,
        TrainingSteps = 3,
        Repeats = 2,
        LeastMilliseconds = 0,
    };
}
