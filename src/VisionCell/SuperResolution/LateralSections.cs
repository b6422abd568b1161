using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Volumes;

namespace VisionCell.SuperResolution;

/// <summary>
/// Training examples from the sparse stack alone: patches of its own sections, one lateral axis taken for z and degraded exactly
/// as z is. What the specimen looks like across the sections is learnt from what it looks like within them.
/// </summary>
internal sealed class LateralSections
{
    // With fewer a patch shows too little of what lies around a gap.
    private const int FewestSectionsOfHalf = 8;
    private const int FewestColumnsOfHalf = 48;

    private readonly Volume<float> _standardised;
    private readonly Volume<float>? _half;
    private readonly int[] _sections;
    private readonly AxialSampling _sampling;
    private readonly SuperResolutionConfiguration _configuration;
    private readonly LateralScale _scale;
    private readonly double[]? _gaps;

    /// <param name="standardised">The sections <c>[n, Y, X]</c>, standardised grey values.</param>
    /// <param name="sections">Which sections to draw from.</param>
    /// <param name="sampling">How z is degraded.</param>
    /// <param name="scale">Distance of the rows that are taken for z.</param>
    /// <param name="configuration">Patch sizes and augmentation.</param>
    /// <param name="gaps">Distance of each section of the stack from the next one, in mean distances; null where they are evenly spaced.</param>
    /// <exception cref="BadInputException">The sections are too small for two rows at the factor.</exception>
    public LateralSections(Volume<float> standardised, int[] sections, AxialSampling sampling, LateralScale scale, SuperResolutionConfiguration configuration, double[]? gaps = null)
    {
        (_standardised, _sections, _sampling, _scale, _configuration, _gaps) = (standardised, sections, sampling, scale, configuration, gaps);
        var shorter = Math.Min(standardised.Shape.Y, standardised.Shape.X);
        int RowsOf(int height, int width) => (int)Math.Min((height - 1) / scale.Y, (width - 1) / scale.X) + 1;
        PatchSections = Math.Min(configuration.PatchSections, sampling.SectionsIn(Math.Min(shorter, RowsOf(standardised.Shape.Y, standardised.Shape.X))));
        PatchWidth = Math.Min(configuration.PatchWidth, shorter);
        // Patches of half the scale are as large, so that all have to fit into half of a section.
        var sectionsOfHalf = sampling.SectionsIn(Math.Min(shorter / 2, RowsOf(standardised.Shape.Y / 2, standardised.Shape.X / 2)));
        if (configuration.HalfScaleShare > 0 && sectionsOfHalf >= FewestSectionsOfHalf && shorter / 2 >= FewestColumnsOfHalf)
        {
            _half = HalfScale.Reduced(standardised);
            PatchSections = Math.Min(PatchSections, sectionsOfHalf);
            PatchWidth = Math.Min(PatchWidth, shorter / 2);
        }
        if (PatchSections < 3)
            throw new BadInputException($"sections of {standardised.Shape.Y} x {standardised.Shape.X} pixels are too small to learn {sampling} from: at least {sampling.FineRows(3)} pixels a side are needed; use 'cubic' or larger sections");
    }

    /// <summary>Sections in a patch.</summary>
    public int PatchSections { get; }

    /// <summary>Columns of a patch.</summary>
    public int PatchWidth { get; }

    /// <summary>Fine rows of a patch.</summary>
    public int PatchRows => _sampling.FineRows(PatchSections);

    /// <summary>Draws a batch.</summary>
    /// <param name="random">Source of randomness; the same state gives the same batch.</param>
    /// <param name="count">Number of patches.</param>
    /// <returns>The truth, <c>[count, H, W]</c>.</returns>
    public float[] Draw(Random random, int count)
    {
        var patch = PatchRows * PatchWidth;
        var fine = new float[count * patch];
        for (var b = 0; b < count; b++)
        {
            var target = fine.AsSpan(b * patch, patch);
            Copy(random, target);
            var gain = (float)(1 + _configuration.IntensityJitter * Noise.Normal(random));
            var offset = (float)(_configuration.IntensityJitter * Noise.Normal(random));
            TensorPrimitives.Multiply(target, gain, target);
            TensorPrimitives.Add(target, offset, target);
        }
        return fine;
    }

    /// <summary>One random patch: a section, an axis for z, a place, flips, and a shear along the rows.</summary>
    private void Copy(Random random, Span<float> target)
    {
        var volume = _half is { } half && random.NextDouble() < _configuration.HalfScaleShare ? half : _standardised;
        var shape = volume.Shape;
        var section = volume.Section(_sections[random.Next(_sections.Length)]);
        var rowsAlongX = random.Next(2) == 0;
        var (height, width, scale) = rowsAlongX ? (shape.X, shape.Y, _scale.X) : (shape.Y, shape.X, _scale.Y);

        var offsets = _gaps is null ? [] : Offsets(random, (height - 1) / scale);
        var extent = _gaps is null ? PatchRows - 1 : offsets[^1];
        var largest = Math.Min(_configuration.LargestShear, (width - PatchWidth) / (extent + 1));
        var shear = random.NextDouble() < _configuration.ShearProbability ? (2 * random.NextDouble() - 1) * largest : 0;
        var reach = (int)Math.Round(shear * extent);
        var top = random.NextDouble() * (height - 1 - extent * scale);
        // Rows a pixel apart lie on pixels.
        top = scale == 1 && _gaps is null ? Math.Round(top) : top;
        var left = random.Next(Math.Max(0, -reach), width - PatchWidth - Math.Max(0, reach) + 1);
        ScaledRows.Copy(section, shape.X, rowsAlongX, top, scale, left, shear, PatchRows, PatchWidth, target, offsets);
        if (random.Next(2) == 0)
            FlipRows(target);
        if (random.Next(2) == 0)
        {
            for (var row = 0; row < PatchRows; row++)
                target.Slice(row * PatchWidth, PatchWidth).Reverse();
        }
    }

    /// <summary>The rows between as many sections as a patch has, as far apart as a run of the stack's own.</summary>
    private double[] Offsets(Random random, double longest)
    {
        var (pitch, gaps) = (_sampling.Pitch, _gaps!);
        var first = random.Next(Math.Max(1, gaps.Length - PatchSections + 2));
        var offsets = new double[PatchRows];
        for (var row = 1; row < offsets.Length; row++)
            offsets[row] = offsets[row - 1] + gaps[(first + (row - 1) / pitch) % gaps.Length];
        if (offsets[^1] > longest)
            TensorPrimitives.Multiply(offsets, longest / offsets[^1], offsets);
        return offsets;
    }

    private void FlipRows(Span<float> patch)
    {
        var line = new float[PatchWidth];
        for (int row = 0, other = PatchRows - 1; row < other; row++, other--)
        {
            patch.Slice(row * PatchWidth, PatchWidth).CopyTo(line);
            patch.Slice(other * PatchWidth, PatchWidth).CopyTo(patch.Slice(row * PatchWidth, PatchWidth));
            line.CopyTo(patch.Slice(other * PatchWidth, PatchWidth));
        }
    }
}
