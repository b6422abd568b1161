using System.Globalization;
using VisionCell.Volumes;

namespace VisionCell.Kernels;

/// <summary>
/// How rays are cut into samples: equal steps through a box that begins at 0, one sample in each, where the cell of an occupancy grid that
/// it falls into is marked. Source: Müller et al., arXiv:2201.05989, appendix E; stratified samples: Mildenhall et al., NeRF,
/// arXiv:2003.08934, equation 2. A ray is <c>[8]</c>: origin z, y, x, direction z, y, x, and from where to where in lengths of the direction.
/// The grid is one bit a cell, row-major, 32 in a word, the first lowest.
/// </summary>
/// <param name="Cells">Cells of the occupancy grid along each axis, over the whole box.</param>
/// <param name="Extent">The far corner of the box, positive.</param>
/// <param name="Step">Length of a step, in lengths of the direction.</param>
/// <param name="Seed">Decides, with the numbers of ray and step, where in its step a sample lies.</param>
/// <param name="IsStratified">Whether a sample lies anywhere in its step; else in the middle.</param>
public sealed record RayMarch(Shape3 Cells, Position Extent, double Step, uint Seed = 0, bool IsStratified = false)
{
    /// <summary>Numbers of a ray.</summary>
    public const int RayWidth = 8;

    /// <summary>Steps after which a ray ends, so that no ray takes all memory.</summary>
    public const int MostSteps = 1 << 16;

    /// <summary>Words of the occupancy grid.</summary>
    public int Words => (int)((Cells.Count + 31) / 32);

    /// <summary>Checks all values.</summary>
    /// <exception cref="BadInputException">A value is out of range; the message names it.</exception>
    public RayMarch Validated()
    {
        if (Cells.Z < 1 || Cells.Y < 1 || Cells.X < 1 || Cells.Count > 1 << 30)
            throw new BadInputException($"ray march: an occupancy grid of {Cells} cells; allowed: at least 1 along each axis and 2^30 in all");
        if (!(Extent.Z > 0 && Extent.Y > 0 && Extent.X > 0 && double.IsFinite(Extent.Z + Extent.Y + Extent.X)))
            throw new BadInputException($"ray march: the box reaches to {Extent}; every edge must be positive and finite");
        if (!(Step > 0 && double.IsFinite(Step)))
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"ray march: a step of {Step}; it must be positive and finite"));
        return this;
    }

    /// <summary>Sums of the counts before each ray, and of all: where the samples of each ray begin.</summary>
    public static int[] Offsets(ReadOnlySpan<int> counts)
    {
        var offsets = new int[counts.Length + 1];
        for (var i = 0; i < counts.Length; i++)
            offsets[i + 1] = checked(offsets[i] + counts[i]);
        return offsets;
    }

    /// <summary>An occupancy grid with every cell marked.</summary>
    public uint[] Full()
    {
        var words = new uint[Words];
        Array.Fill(words, uint.MaxValue);
        return words;
    }

    /// <summary>Where in its step a sample lies, 0 to below 1, a multiple of 2^-24: the same on every backend.</summary>
    internal static float Place(uint seed, uint ray, uint step)
    {
        unchecked
        {
            var h = seed + ray * 0x9E3779B1;
            h = (h ^ h >> 16) * 0x85EBCA6B + step * 0xC2B2AE35;
            h = (h ^ h >> 13) * 0xC2B2AE35;
            return ((h ^ h >> 16) >> 8) * (1f / (1 << 24));
        }
    }
}

/// <summary>A march in single precision: the struct <c>March</c> of rays.cu.</summary>
internal struct MarchParameters(RayMarch march)
{
    public float ExtentZ = (float)march.Extent.Z;
    public float ExtentY = (float)march.Extent.Y;
    public float ExtentX = (float)march.Extent.X;
    public float ScaleZ = (float)(march.Cells.Z / march.Extent.Z);
    public float ScaleY = (float)(march.Cells.Y / march.Extent.Y);
    public float ScaleX = (float)(march.Cells.X / march.Extent.X);
    public uint CellsZ = (uint)march.Cells.Z;
    public uint CellsY = (uint)march.Cells.Y;
    public uint CellsX = (uint)march.Cells.X;
    public float Step = (float)march.Step;
    public uint Seed = march.Seed;
    public uint IsStratified = march.IsStratified ? 1u : 0u;
}
