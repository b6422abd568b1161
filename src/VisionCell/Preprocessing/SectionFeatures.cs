using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>What one pass over the stack keeps of a section: enough to judge it beside its neighbours without reading it again.</summary>
/// <param name="Z">Index of the section.</param>
/// <param name="Mean">Mean grey value between the 1st and the 99th percentile.</param>
/// <param name="Deviation">Standard deviation of the same.</param>
/// <param name="Low">1st percentile.</param>
/// <param name="High">99th percentile.</param>
/// <param name="Noise">Standard deviation of the noise (<see cref="NoiseLevel"/>), grey values.</param>
/// <param name="Sharpness">Root mean square of the Laplacian over the deviation: what fine detail and noise there is for the contrast; 0 for a blank section.</param>
/// <param name="Lines">How far rows or columns stand out as a whole: robust deviation of the second differences of their means over the deviation; the larger of the two.</param>
/// <param name="Flat">Share of pixels that equal their neighbours to the right, below and diagonally: holes, blanks and saturation, 0 to 1.</param>
/// <param name="Copied">Correlation of the Laplacian with that of the section before, pixel by pixel: 1 for a copy; 0 for the first section.</param>
/// <param name="Near">Likeness to the section before (<see cref="SectionLikeness"/>), block by block; empty for the first section.</param>
/// <param name="Next">Likeness to the section before that; empty for the first two.</param>
/// <param name="Quantiles">Grey values at <see cref="QuantileShares"/>.</param>
/// <param name="Grid">Mean grey values of a grid of <see cref="GridEdge"/> x <see cref="GridEdge"/> fields that covers the section, row by row.</param>
public sealed record SectionFeatures(
    int Z, double Mean, double Deviation, double Low, double High, double Noise, double Sharpness, double Lines, double Flat, double Copied,
    IReadOnlyList<double> Near, IReadOnlyList<double> Next, IReadOnlyList<double> Quantiles, IReadOnlyList<double> Grid)
{
    /// <summary>Fields along an edge of <see cref="Grid"/>.</summary>
    public const int GridEdge = 12;

    /// <summary>Shares of the pixels that lie below each of <see cref="Quantiles"/>.</summary>
    public static IReadOnlyList<double> QuantileShares { get; } = [0, 0.0005, 0.001, 0.005, 0.01, 0.02, 0.05, 0.25, 0.5, 0.75, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9995, 1];

    /// <summary>Whether the section shows anything.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool HasContrast => High > Low && Deviation > 0;
}

/// <summary>
/// Reads a stack once, in order, and takes the features of each section; two sections before are kept. Memory: five sections.
/// </summary>
public sealed class SectionScanner
{
    private readonly ISectionSource _source;
    private readonly SectionLikeness _likeness;
    private readonly float[] _section;
    private float[] _laplacian, _laplacianBefore;
    private float[]? _one, _two;
    private int _next;

    /// <summary>Begins at a section, as if the ones before had been scanned.</summary>
    /// <param name="source">The stack.</param>
    /// <param name="first">Section to begin with.</param>
    public SectionScanner(ISectionSource source, int first = 0)
    {
        _source = source;
        _likeness = new SectionLikeness(source.Height, source.Width);
        _section = new float[source.Height * source.Width];
        _laplacian = new float[_section.Length];
        _laplacianBefore = new float[_section.Length];
        for (_next = Math.Max(0, first - 2); _next < first;)
            Read();
    }

    /// <summary>Features of the next section.</summary>
    /// <exception cref="BadInputException">A pixel is not a number; the message names it.</exception>
    public SectionFeatures Next()
    {
        var z = _next;
        var (one, two) = (_one, _two);
        Read();
        var statistics = SectionStatistics.Of(_section);
        var copied = one is null ? 0 : TensorPrimitives.CosineSimilarity(_laplacian, _laplacianBefore);
        var energy = TensorPrimitives.Norm(_laplacian) / Math.Sqrt(_laplacian.Length);
        return new SectionFeatures(
            z, statistics.Mean, statistics.Deviation, statistics.Low, statistics.High,
            statistics.HasContrast ? NoiseLevel.OfSection(_section, _source.Height, _source.Width) : 0,
            statistics.HasContrast ? energy / statistics.Deviation : 0,
            statistics.HasContrast ? Lines() / statistics.Deviation : 0,
            FlatShare(),
            double.IsFinite(copied) ? copied : 0,
            one is null ? [] : _likeness.Compare(one, _one!),
            two is null ? [] : _likeness.Compare(two, _one!),
            Quantiles(),
            Grid());
    }

    private void Read()
    {
        var z = _next++;
        _source.Read(z, _section);
        if (!TensorPrimitives.IsFiniteAll<float>(_section))
        {
            var at = Array.FindIndex(_section, v => !float.IsFinite(v));
            throw new BadInputException(FormattableString.Invariant(
                $"voxel z {z}, y {at / _source.Width}, x {at % _source.Width} is {_section[at]}; replace such voxels before preprocessing"));
        }
        (_one, _two) = (_likeness.Reduce(_section), _one);
        (_laplacian, _laplacianBefore) = (_laplacianBefore, _laplacian);
        Laplacian();
    }

    /// <summary>4 v - its four neighbours; 0 at the border.</summary>
    private void Laplacian()
    {
        var (height, width) = (_source.Height, _source.Width);
        Parallel.For(1, Math.Max(1, height - 1), y =>
        {
            var row = _section.AsSpan(y * width + 1, width - 2);
            var target = _laplacian.AsSpan(y * width + 1, width - 2);
            TensorPrimitives.Multiply(row, 4, target);
            TensorPrimitives.Subtract(target, _section.AsSpan(y * width, width - 2), target);
            TensorPrimitives.Subtract(target, _section.AsSpan(y * width + 2, width - 2), target);
            TensorPrimitives.Subtract(target, _section.AsSpan((y - 1) * width + 1, width - 2), target);
            TensorPrimitives.Subtract(target, _section.AsSpan((y + 1) * width + 1, width - 2), target);
        });
    }

    private double[] Quantiles()
    {
        var samples = new float[Math.Min(_section.Length, 1 << 16)];
        for (var i = 0; i < samples.Length; i++)
            samples[i] = _section[(int)((long)i * _section.Length / samples.Length)];
        Array.Sort(samples);
        return [.. SectionFeatures.QuantileShares.Select(share => (double)samples[(int)Math.Round(share * (samples.Length - 1))])];
    }

    private double[] Grid()
    {
        var (height, width, edge) = (_source.Height, _source.Width, SectionFeatures.GridEdge);
        var grid = new double[edge * edge];
        for (var gy = 0; gy < edge; gy++)
        {
            var (top, bottom) = (gy * height / edge, (gy + 1) * height / edge);
            for (var gx = 0; gx < edge; gx++)
            {
                var (left, right) = (gx * width / edge, (gx + 1) * width / edge);
                for (var y = top; y < bottom; y++)
                    grid[gy * edge + gx] += TensorPrimitives.Sum<float>(_section.AsSpan(y * width + left, right - left));
                grid[gy * edge + gx] /= Math.Max(1, (bottom - top) * (right - left));
            }
        }
        return grid;
    }

    private double Lines()
    {
        var (height, width) = (_source.Height, _source.Width);
        var rows = Enumerable.Range(0, height).Select(y => TensorPrimitives.Sum<float>(_section.AsSpan(y * width, width)) / width).ToArray();
        var columns = new float[width];
        for (var y = 0; y < height; y++)
            TensorPrimitives.Add(columns, _section.AsSpan(y * width, width), columns);
        TensorPrimitives.Divide(columns, height, columns);
        // The norm of the mask 1, -2, 1.
        static double Spread(float[] means) => 1.4826 / Math.Sqrt(6) * Ordered.Median(Enumerable.Range(1, means.Length - 2).Select(i => (double)Math.Abs(means[i - 1] - 2 * means[i] + means[i + 1])));
        return Math.Max(Spread(rows), Spread(columns));
    }

    private double FlatShare()
    {
        var (height, width) = (_source.Height, _source.Width);
        var flat = 0L;
        for (var y = 0; y + 1 < height; y++)
        {
            var here = _section.AsSpan(y * width, width);
            var below = _section.AsSpan((y + 1) * width, width);
            for (var x = 0; x + 1 < width; x++)
            {
                var value = here[x];
                if (here[x + 1] == value && below[x] == value && below[x + 1] == value)
                    flat++;
            }
        }
        return flat / ((height - 1.0) * (width - 1));
    }
}
