using VisionCell.Volumes;

namespace VisionCell.Kernels;

/// <summary>
/// Multiresolution hash grid: features on the nodes of nested cubic grids over the unit cube, trilinearly interpolated and
/// concatenated. A level whose nodes fit the table keeps one entry a node; a finer one hashes nodes into the table and leaves
/// collisions to training. Source: Müller, Evans, Schied, Keller, "Instant Neural Graphics Primitives with a Multiresolution Hash
/// Encoding", arXiv:2201.05989, section 3 (equations 2 to 4).
/// </summary>
public sealed record HashGridConfiguration
{
    /// <summary>Number of levels, 1 to 16. Eight levels of four features cost half the random reads of sixteen of two.</summary>
    public int Levels { get; init; } = 8;

    /// <summary>Features an entry, 2 or 4: what one vector load of a processor (4) or of a GPU (2) fetches.</summary>
    public int Features { get; init; } = 4;

    /// <summary>Binary logarithm of the most entries a level has, 4 to 24. 2^17 entries of four features are 2 MB a level.</summary>
    public int Log2TableSize { get; init; } = 17;

    /// <summary>Cells along the edge of the cube at level 0, 1 to <see cref="FinestResolution"/>.</summary>
    public int CoarsestResolution { get; init; } = 16;

    /// <summary>Cells along the edge at the last level, at most 65,536: about the voxels along the longest edge of the data.</summary>
    public int FinestResolution { get; init; } = 256;

    /// <summary>The sample configuration of tiny-cuda-nn: 16 levels of 2 features, tables of 2^15, growth 1.5 from 16 cells.</summary>
    public static HashGridConfiguration TinyCudaNn { get; } = new()
    {
        Levels = 16,
        Features = 2,
        Log2TableSize = 15,
        CoarsestResolution = 16,
        FinestResolution = 7006,
    };

    /// <summary>Checks all values.</summary>
    /// <exception cref="BadInputException">A value is out of range; the message names it, its limit and the value.</exception>
    public HashGridConfiguration Validated()
    {
        Require(Levels is >= 1 and <= HashGrid.MostLevels, "levels", Levels, $"1 to {HashGrid.MostLevels}");
        Require(Features is 2 or 4, "features", Features, "2 or 4");
        Require(Log2TableSize is >= 4 and <= 24, "log2TableSize", Log2TableSize, "4 to 24");
        Require(FinestResolution is >= 1 and <= 65536, "finestResolution", FinestResolution, "1 to 65536");
        Require(CoarsestResolution >= 1 && CoarsestResolution <= FinestResolution, "coarsestResolution", CoarsestResolution, $"1 to finestResolution ({FinestResolution})");
        return this;
    }

    private static void Require(bool holds, string name, int value, string limit)
    {
        if (!holds)
            throw new BadInputException($"hash grid: {name} is {value}; allowed: {limit}");
    }
}

/// <summary>One level of a hash grid.</summary>
/// <param name="Scale">A coordinate x in [0, 1] lies at x · scale + 1/2 in units of cells.</param>
/// <param name="Nodes">Nodes along each axis.</param>
/// <param name="Offset">First entry of the level in the table.</param>
/// <param name="Size">Entries of the level; a power of two where the level is hashed.</param>
/// <param name="IsDense">Whether every node has its own entry.</param>
public readonly record struct HashGridLevel(float Scale, int Nodes, int Offset, int Size, bool IsDense);

/// <summary>The table that a <see cref="HashGridConfiguration"/> asks for: entries of all levels one after another.</summary>
public sealed class HashGrid
{
    internal const int MostLevels = 16;

    /// <summary>Multiplies the row of a node before all axes are combined by exclusive or; the column is taken as it is (equation 4).</summary>
    internal const uint RowPrime = 2654435761;

    /// <summary>Multiplies the section of a node.</summary>
    internal const uint SectionPrime = 805459861;

    private readonly HashGridLevel[] _levels;

    /// <summary>Lays the levels out.</summary>
    /// <exception cref="BadInputException">The configuration is out of range.</exception>
    public HashGrid(HashGridConfiguration configuration)
    {
        Configuration = configuration.Validated();
        _levels = new HashGridLevel[configuration.Levels];
        // Equation 3: resolutions grow geometrically from the coarsest to the finest.
        var growth = configuration.Levels == 1 ? 1 : Math.Exp(Math.Log((double)configuration.FinestResolution / configuration.CoarsestResolution) / (configuration.Levels - 1));
        var most = 1 << configuration.Log2TableSize;
        var offset = 0;
        for (var level = 0; level < _levels.Length; level++)
        {
            var scale = (float)(configuration.CoarsestResolution * Math.Pow(growth, level) - 1);
            // The half cell of the offset adds a node at the end; with it, no index of a dense level leaves its entries.
            var nodes = (int)MathF.Ceiling(scale) + 2;
            var all = (long)nodes * nodes * nodes;
            var dense = all <= most;
            // An even number, so that every pair of entries of two features begins at a multiple of 16 bytes.
            var size = dense ? (int)(all + all % 2) : most;
            _levels[level] = new HashGridLevel(scale, nodes, offset, size, dense);
            offset += size;
        }
        EntryCount = offset;
    }

    /// <summary>What it was made from.</summary>
    public HashGridConfiguration Configuration { get; }

    /// <summary>The levels, coarsest first.</summary>
    public ReadOnlySpan<HashGridLevel> Levels => _levels;

    /// <summary>Features an entry.</summary>
    public int Features => Configuration.Features;

    /// <summary>Length of an encoded position: levels x features.</summary>
    public int Channels => _levels.Length * Features;

    /// <summary>Entries of all levels.</summary>
    public int EntryCount { get; }

    /// <summary>Numbers in the table, <c>[EntryCount, Features]</c>.</summary>
    public int ParameterCount => EntryCount * Features;

    /// <summary>The entry of a node within its level.</summary>
    internal static uint Index(in HashGridLevel level, uint section, uint row, uint column) => level.IsDense
        ? (section * (uint)level.Nodes + row) * (uint)level.Nodes + column
        : (column ^ unchecked(row * RowPrime) ^ unchecked(section * SectionPrime)) & (uint)(level.Size - 1);
}
