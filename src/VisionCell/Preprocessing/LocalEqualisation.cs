using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>How local contrast is evened out.</summary>
public sealed record EqualisationConfiguration
{
    /// <summary>Creates a configuration.</summary>
    /// <param name="tile">Edge of a tile, pixels; larger than what is to keep its contrast against its surroundings.</param>
    /// <param name="clipLimit">Largest slope of the mapping: 1 changes nothing, 3 is usual.</param>
    /// <param name="reach">
    /// Sections before and after whose histograms count, with weights that fall to nothing beyond: 0 for each section by itself, which flickers where the content
    /// of a tile changes.
    /// </param>
    /// <param name="strength">Share of the equalised in the result, 0 to 1.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public EqualisationConfiguration(int tile = 128, double clipLimit = 3, int reach = 2, double strength = 1)
    {
        Tile = tile is >= 8 and <= 4096 ? tile : throw new BadInputException($"tiles of {tile} pixels: must be 8 to 4096");
        ClipLimit = clipLimit is >= 1 and <= 100 ? clipLimit : throw new BadInputException($"clip limit {clipLimit}: must be 1 to 100");
        Reach = reach is >= 0 and <= 16 ? reach : throw new BadInputException($"reach of {reach} sections: must be 0 to 16");
        Strength = strength is >= 0 and <= 1 ? strength : throw new BadInputException($"strength {strength}: must be 0 to 1");
    }

    /// <summary>Edge of a tile, pixels.</summary>
    public int Tile { get; }

    /// <summary>Largest slope of the mapping.</summary>
    public double ClipLimit { get; }

    /// <summary>Sections before and after whose histograms count.</summary>
    public int Reach { get; }

    /// <summary>Share of the equalised in the result.</summary>
    public double Strength { get; }
}

/// <summary>
/// Contrast-limited adaptive histogram equalisation. Source: Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV, 1994.
/// Each tile has a mapping of grey values, the integral of its histogram cut off at the clip limit; between the centres of tiles mappings
/// are blended. Along z the histograms of a tile are averaged with those of the sections around, so that a membrane does not flash where a
/// nucleus begins. Within the bounds each mapping rises strictly (a hundredth of the histogram is spread evenly), so that it can be undone with its
/// tables; what lies outside the bounds stays as it is.
/// </summary>
public sealed class LocalEqualisation
{
    private const int Bins = 256;

    // Spread evenly over the bins, so that no mapping is level.
    private const double Even = 0.01;

    private readonly int _height;
    private readonly int _width;
    private readonly EqualisationConfiguration _configuration;
    private readonly GreyBounds _bounds;

    /// <summary>For sections of one size.</summary>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="bounds">Grey values between which contrast is evened out.</param>
    /// <param name="configuration">How.</param>
    /// <exception cref="BadInputException">The bounds do not rise.</exception>
    public LocalEqualisation(int height, int width, GreyBounds bounds, EqualisationConfiguration configuration)
    {
        if (!(bounds.High > bounds.Low) || !double.IsFinite(bounds.High - bounds.Low))
            throw new BadInputException(FormattableString.Invariant($"contrast between grey values {bounds.Low} and {bounds.High}: the upper one must be the larger"));
        (_height, _width, _bounds, _configuration) = (height, width, bounds, configuration);
        TilesY = Math.Max(1, (int)Math.Round(height / (double)configuration.Tile));
        TilesX = Math.Max(1, (int)Math.Round(width / (double)configuration.Tile));
    }

    /// <summary>Number of tiles along y.</summary>
    public int TilesY { get; }

    /// <summary>Number of tiles along x.</summary>
    public int TilesX { get; }

    /// <summary>Histograms of the tiles of a section, <c>[tile, bin]</c>, each summing to 1.</summary>
    public float[] Histograms(ReadOnlySpan<float> section)
    {
        var result = new float[TilesY * TilesX * Bins];
        var scale = Bins / (_bounds.High - _bounds.Low);
        for (var y = 0; y < _height; y++)
        {
            var tileRow = y * TilesY / _height * TilesX;
            for (var x = 0; x < _width; x++)
            {
                var bin = (int)Math.Clamp((section[y * _width + x] - _bounds.Low) * scale, 0, Bins - 1);
                result[(tileRow + x * TilesX / _width) * Bins + bin]++;
            }
        }
        for (var t = 0; t < TilesY * TilesX; t++)
        {
            var histogram = result.AsSpan(t * Bins, Bins);
            TensorPrimitives.Divide(histogram, TensorPrimitives.Sum<float>(histogram), histogram);
        }
        return result;
    }

    /// <summary>The mappings of a section: <c>[tile, 257]</c> grey values at the borders of the bins.</summary>
    /// <param name="histograms">Of the sections around it, within the reach, each with its distance in sections.</param>
    public float[] Mappings(IReadOnlyList<(int Distance, float[] Histograms)> histograms)
    {
        var sum = new float[TilesY * TilesX * Bins];
        foreach (var (distance, histogram) in histograms)
            TensorPrimitives.MultiplyAdd(histogram, (float)(1 - Math.Abs(distance) / (_configuration.Reach + 1.0)), sum, sum);
        var result = new float[TilesY * TilesX * (Bins + 1)];
        for (var t = 0; t < TilesY * TilesX; t++)
            Integrate(sum.AsSpan(t * Bins, Bins), result.AsSpan(t * (Bins + 1), Bins + 1));
        return result;
    }

    /// <summary>Evens out a section, in place.</summary>
    public void Apply(Span<float> section, float[] mappings) => Map(section, mappings, undo: false);

    /// <summary>Undoes <see cref="Apply"/>, up to rounding.</summary>
    public void Invert(Span<float> section, float[] mappings) => Map(section, mappings, undo: true);

    /// <summary>Cuts a histogram off at the clip limit, hands what was cut to all bins alike, and integrates.</summary>
    private void Integrate(Span<float> histogram, Span<float> mapping)
    {
        TensorPrimitives.Divide(histogram, TensorPrimitives.Sum<float>(histogram), histogram);
        var limit = (float)(_configuration.ClipLimit / Bins);
        // What is handed out may lift a bin above the limit again; a few rounds settle it.
        for (var round = 0; round < 8; round++)
        {
            var over = 0f;
            foreach (ref var value in histogram)
            {
                if (value > limit)
                {
                    over += value - limit;
                    value = limit;
                }
            }
            if (over < 1e-6f)
                break;
            TensorPrimitives.Add(histogram, over / Bins, histogram);
        }
        var total = TensorPrimitives.Sum<float>(histogram);
        var sum = 0.0;
        mapping[0] = (float)_bounds.Low;
        for (var i = 0; i < Bins; i++)
        {
            sum += histogram[i] / total;
            var equalised = (1 - Even) * sum + Even * (i + 1) / Bins;
            var share = _configuration.Strength * equalised + (1 - _configuration.Strength) * (i + 1) / Bins;
            mapping[i + 1] = (float)(_bounds.Low + share * (_bounds.High - _bounds.Low));
        }
    }

    private void Map(Span<float> section, float[] mappings, bool undo)
    {
        var scale = Bins / (_bounds.High - _bounds.Low);
        for (var y = 0; y < _height; y++)
        {
            var (above, below, fy) = Between((y + 0.5) * TilesY / _height - 0.5, TilesY);
            for (var x = 0; x < _width; x++)
            {
                ref var value = ref section[y * _width + x];
                if (value < _bounds.Low || value > _bounds.High)
                    continue;
                var (left, right, fx) = Between((x + 0.5) * TilesX / _width - 0.5, TilesX);
                int a = (above * TilesX + left) * (Bins + 1), b = (above * TilesX + right) * (Bins + 1), c = (below * TilesX + left) * (Bins + 1), d = (below * TilesX + right) * (Bins + 1);
                double At(int border) =>
                    (1 - fy) * ((1 - fx) * mappings[a + border] + fx * mappings[b + border]) + fy * ((1 - fx) * mappings[c + border] + fx * mappings[d + border]);
                if (!undo)
                {
                    var position = Math.Min((value - _bounds.Low) * scale, Bins - 1e-6);
                    var bin = (int)position;
                    var from = At(bin);
                    value = (float)(from + (position - bin) * (At(bin + 1) - from));
                    continue;
                }
                var (first, last) = (0, Bins);
                while (last - first > 1)
                {
                    var middle = (first + last) / 2;
                    if (At(middle) <= value)
                        first = middle;
                    else
                        last = middle;
                }
                var (start, end) = (At(first), At(last));
                value = (float)(_bounds.Low + (first + Math.Clamp((value - start) / (end - start), 0, 1)) / scale);
            }
        }
    }

    private static (int Before, int After, double Fraction) Between(double position, int count)
    {
        var at = Math.Clamp(position, 0, count - 1);
        var before = (int)at;
        return (before, Math.Min(before + 1, count - 1), at - before);
    }
}
