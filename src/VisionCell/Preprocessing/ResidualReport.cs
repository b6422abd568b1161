using System.Globalization;
using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>
/// What a denoiser took away: the residual (before minus after), <c>[Z, Y, X]</c>, grey values, described so that removed structure
/// shows. Noise that is independent from voxel to voxel has an autocorrelation of 0 at every lag but none, and its strength does not
/// follow the edges of what is left; structure has both. (Buades, Coll, Morel, "A review of image denoising algorithms", Multiscale
/// Model. Simul. 4, 2005, doi:10.1137/040616024, call the residual "method noise".) A filter leaves some negative correlation even in
/// pure noise, since it subtracts a local mean, and detectors that smear leave positive correlation along their scan lines.
/// </summary>
/// <param name="Voxels">Number of voxels counted.</param>
/// <param name="Mean">Mean of the residual: brightness that was removed.</param>
/// <param name="Deviation">Standard deviation of the residual.</param>
/// <param name="Lateral">
/// Autocorrelation within sections, -1 to 1: <c>[2 Reach + 1, 2 Reach + 1]</c>, lag (dy, dx) at [dy + Reach][dx + Reach]; 1 in the middle.
/// </param>
/// <param name="Axial">Correlation with the section 1, 2, … further on; empty for a single section.</param>
/// <param name="EdgeCorrelation">
/// Correlation of the residual's magnitude with the gradient of what is left: near 0 for noise, larger where outlines were taken away. Poisson
/// noise, which is stronger where it is bright, gives a little.
/// </param>
public sealed record ResidualReport(
    long Voxels, double Mean, double Deviation, IReadOnlyList<IReadOnlyList<double>> Lateral, IReadOnlyList<double> Axial, double EdgeCorrelation)
{
    /// <summary>Largest lag within sections, pixels.</summary>
    public int Reach => Lateral.Count / 2;

    /// <summary>The autocorrelation furthest from 0 among all lags but none.</summary>
    public double Strongest => Lateral
        .SelectMany((row, y) => row.Where((_, x) => y != Reach || x != Reach))
        .Concat(Axial).DefaultIfEmpty(0).MaxBy(Math.Abs);

    /// <summary>Describes the residual of a whole stack.</summary>
    /// <param name="before">What was denoised, <c>[Z, Y, X]</c>.</param>
    /// <param name="after">The result, of the same shape.</param>
    /// <param name="reach">Largest lag within sections, pixels.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">The shapes differ, or sections are no larger than the reach.</exception>
    public static ResidualReport Of(Volume<float> before, Volume<float> after, int reach = 4, CancellationToken cancellation = default)
    {
        if (before.Shape != after.Shape)
            throw new BadInputException($"a residual of {before.Shape} and {after.Shape} voxels: both volumes must have one shape");
        var sum = new ResidualAccumulator(before.Shape.Y, before.Shape.X, reach);
        for (var z = 0; z < before.Shape.Z; z++)
        {
            cancellation.ThrowIfCancellationRequested();
            sum.Add(before.Section(z), after.Section(z));
        }
        return sum.Report();
    }

    /// <summary>The report in one line.</summary>
    public override string ToString()
    {
        var axial = Axial.Count > 0 ? string.Create(CultureInfo.InvariantCulture, $", next section {Axial[0]:0.000}") : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"residual {Mean:0.00} ± {Deviation:0.00} grey values; autocorrelation along x {Lateral[Reach][Reach + 1]:0.000}, along y {Lateral[Reach + 1][Reach]:0.000}{axial}, strongest {Strongest:0.000}; with edges {EdgeCorrelation:0.000}");
    }
}

/// <summary>
/// Makes a <see cref="ResidualReport"/> section by section, so that no stack need be in memory: it keeps as many residuals as
/// sections are compared. Sums are of voxels whose neighbour at the lag exists.
/// </summary>
public sealed class ResidualAccumulator
{
    private const int AxialLags = 2;

    private readonly int _height;
    private readonly int _width;
    private readonly int _reach;
    private readonly double[,] _lateral;
    private readonly double[] _axial = new double[AxialLags];
    private readonly long[] _axialVoxels = new long[AxialLags];
    private readonly Queue<float[]> _earlier = new(); // oldest first
    private float[]? _spare;
    private long _voxels;
    private double _sum, _squares;
    private long _edgeVoxels;
    private double _magnitude, _magnitudeSquares, _gradient, _gradientSquares, _product;

    /// <summary>Begins.</summary>
    /// <param name="height">Rows of a section.</param>
    /// <param name="width">Columns of a section.</param>
    /// <param name="reach">Largest lag within sections, pixels; 1 to 32.</param>
    /// <exception cref="BadInputException">Sections are no larger than the reach.</exception>
    public ResidualAccumulator(int height, int width, int reach = 4)
    {
        if (reach is < 1 or > 32)
            throw new BadInputException($"residual lags up to {reach} pixels: must be 1 to 32");
        if (height <= reach + 2 || width <= reach + 2)
            throw new BadInputException($"sections of {height} x {width} pixels are too small for lags up to {reach} pixels");
        (_height, _width, _reach) = (height, width, reach);
        _lateral = new double[reach + 1, 2 * reach + 1];
    }

    /// <summary>Adds the next section.</summary>
    /// <param name="before">Grey values <c>[Y, X]</c> before.</param>
    /// <param name="after">And after.</param>
    public void Add(ReadOnlySpan<float> before, ReadOnlySpan<float> after)
    {
        var residual = _spare ?? new float[before.Length];
        TensorPrimitives.Subtract(before, after, residual);
        _voxels += residual.Length;
        foreach (var value in residual)
        {
            _sum += value;
            _squares += (double)value * value;
        }
        Parallel.For(0, _reach + 1, dy =>
        {
            for (var dx = dy == 0 ? 0 : -_reach; dx <= _reach; dx++)
            {
                var sum = 0.0;
                for (var y = 0; y + dy < _height; y++)
                {
                    var here = residual.AsSpan(y * _width + Math.Max(0, -dx), _width - Math.Abs(dx));
                    var there = residual.AsSpan((y + dy) * _width + Math.Max(0, dx), _width - Math.Abs(dx));
                    sum += TensorPrimitives.Dot(here, there);
                }
                _lateral[dy, dx + _reach] += sum;
            }
        });
        var lag = _earlier.Count;
        foreach (var earlier in _earlier)
        {
            for (var y = 0; y < _height; y++)
                _axial[lag - 1] += TensorPrimitives.Dot(residual.AsSpan(y * _width, _width), earlier.AsSpan(y * _width, _width));
            _axialVoxels[lag - 1] += residual.Length;
            lag--;
        }
        AddEdges(residual, after);
        _earlier.Enqueue(residual);
        _spare = _earlier.Count > AxialLags ? _earlier.Dequeue() : null;
    }

    /// <summary>What was found so far.</summary>
    /// <exception cref="BadInputException">No section was added.</exception>
    public ResidualReport Report()
    {
        if (_voxels == 0)
            throw new BadInputException("a residual of no section: add at least one");
        var sections = _voxels / ((long)_height * _width);
        var mean = _sum / _voxels;
        var variance = Math.Max(0, _squares / _voxels - mean * mean);
        double Correlation(double sum, long voxels) => variance > 0 && voxels > 0 ? Math.Clamp((sum / voxels - mean * mean) / variance, -1, 1) : 0;
        double At(int dy, int dx)
        {
            if (dy < 0 || (dy == 0 && dx < 0))
                (dy, dx) = (-dy, -dx);
            return (dy, dx) == (0, 0) ? 1 : Correlation(_lateral[dy, dx + _reach], sections * (_height - dy) * (_width - Math.Abs(dx)));
        }
        var lags = Enumerable.Range(-_reach, 2 * _reach + 1).ToArray();
        double n = _edgeVoxels;
        var covariance = _product / n - _magnitude / n * (_gradient / n);
        var spread = Math.Sqrt(Math.Max(0, _magnitudeSquares / n - Math.Pow(_magnitude / n, 2))) * Math.Sqrt(Math.Max(0, _gradientSquares / n - Math.Pow(_gradient / n, 2)));
        return new ResidualReport(
            _voxels, mean, Math.Sqrt(variance),
            [.. lags.Select(dy => (IReadOnlyList<double>)[.. lags.Select(dx => At(dy, dx))])],
            [.. Enumerable.Range(0, AxialLags).Where(k => _axialVoxels[k] > 0).Select(k => Correlation(_axial[k], _axialVoxels[k]))],
            spread > 0 ? covariance / spread : 0);
    }

    /// <summary>Magnitude of the residual against the gradient of what is left, by central differences.</summary>
    private void AddEdges(float[] residual, ReadOnlySpan<float> after)
    {
        for (var y = 1; y < _height - 1; y++)
        {
            for (var x = 1; x < _width - 1; x++)
            {
                var i = y * _width + x;
                double gradientX = after[i + 1] - after[i - 1], gradientY = after[i + _width] - after[i - _width];
                var gradient = Math.Sqrt(gradientX * gradientX + gradientY * gradientY);
                var magnitude = Math.Abs((double)residual[i]);
                _magnitude += magnitude;
                _magnitudeSquares += magnitude * magnitude;
                _gradient += gradient;
                _gradientSquares += gradient * gradient;
                _product += magnitude * gradient;
            }
        }
        _edgeVoxels += (long)(_height - 2) * (_width - 2);
    }
}
