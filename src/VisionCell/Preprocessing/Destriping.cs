using System.Numerics.Tensors;
using OpenCvSharp;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>How stripes are taken out.</summary>
public sealed record DestripingConfiguration
{
    /// <summary>Creates a configuration.</summary>
    /// <param name="angle">
    /// Direction that the stripes run in, degrees: 0 along x (knife marks, scan lines), 90 along y (curtains), between them turning from x to y; null
    /// to look for it in the stack (<see cref="StripeDirection"/>) and to leave a stack without stripes alone.
    /// </param>
    /// <param name="width">
    /// How much a stripe may change along its length: standard deviation of what is removed, in half cycles over the length of the section.
    /// 0.5 takes only stripes that are constant over the section; larger values follow fading ones and take more structure with them.
    /// </param>
    /// <param name="margin">
    /// Weight of structure against stripes where a coefficient may be either. 1 is the Wiener filter, the least squared error; 0.3 takes more of the stripes
    /// and a little of the structure that lies along them.
    /// </param>
    /// <param name="neighbours">
    /// Sections on either side that tell structure, which they share, from stripes, which they do not; 0 judges each section by itself. Not used where stripes go on from
    /// section to section, nor where they are oblique. Of stripes of 12 grey values on medulla-1 all errors together are 27 % with 8.
    /// </param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public DestripingConfiguration(double? angle = null, double width = 1.5, double margin = 0.3, int neighbours = 8)
    {
        Angle = angle is null or (>= 0 and < 180) ? angle : throw new BadInputException($"stripe angle {angle}: must be 0 to under 180 degrees, or null to detect it");
        Width = width is >= 0.25 and <= 64 ? width : throw new BadInputException($"stripe width {width}: must be 0.25 to 64 half cycles");
        Neighbours = neighbours is >= 0 and <= 16 ? neighbours : throw new BadInputException($"{neighbours} neighbours for stripes: must be 0 to 16");
        Margin = margin is >= 0.01 and <= 100 ? margin : throw new BadInputException($"stripe margin {margin}: must be 0.01 to 100");
    }

    /// <summary>Direction of the stripes, degrees; null to detect it.</summary>
    public double? Angle { get; }

    /// <summary>Standard deviation of what is removed along the stripe, half cycles over the section.</summary>
    public double Width { get; }

    /// <summary>Weight of structure against stripes.</summary>
    public double Margin { get; }

    /// <summary>Sections on either side that tell structure from stripes.</summary>
    public int Neighbours { get; }
}

/// <summary>
/// Stripes of a section <c>[Y, X]</c>, grey values, to be subtracted from it. Source: Münch, Trtik, Marone, Stampanoni, "Stripe and ring artifact
/// removal with combined wavelet-Fourier filtering", Opt. Express 17, 2009, doi:10.1364/OE.17.008567: a wavelet transform parts the section by
/// scale across the stripes, and of each scale the lowest frequencies along them, weighed by a Gaussian, are stripe.
/// Three things differ from the paper. The frequencies along the stripe are those of the cosine transform, whose mirrored border makes
/// no artefacts at the ends, and scales are parted across the stripes alone, since along them the Gaussian does it. And a coefficient is
/// removed only by the share that stripes have in its power, beyond what structure of the same scale shows at higher frequencies along the stripe, allowing for how the
/// power of structure falls with frequency (a Wiener filter): sections without stripes are left as they are. Third, neighbouring sections are asked what is
/// structure, where they are at hand (<see cref="StripeShrinkage"/>).
/// The filter is 1 - what was subtracted, so that keeping the stripes makes the step undoable. Thread-safe.
/// </summary>
public sealed class Destriping
{
    // Rows of the coarsest band: what changes more slowly across is shading.
    private const int CoarsestRows = 2;

    // Turned rows reach beyond the section, where they are mirrored and show no stripe: each pass finds a good two thirds of it.
    private const int ObliquePasses = 3;

    private readonly int _height;
    private readonly int _width;
    private readonly double _angle;
    private readonly int _across;
    private readonly int _along;
    private readonly int _levels;
    private readonly int _padded;
    private readonly int _margin;
    private readonly float[][] _cosines; // [k]: the k-th cosine along the stripe, orthonormal
    private readonly float[] _damping;   // [k]: Gaussian
    private readonly StripeShrinkage _shrinkage;

    /// <summary>For sections of one size.</summary>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="configuration">How.</param>
    /// <param name="angle">Direction of the stripes, degrees, from the configuration or detected.</param>
    /// <exception cref="BadInputException">Sections are smaller than 32 pixels along an edge.</exception>
    public Destriping(int height, int width, DestripingConfiguration configuration, double angle)
    {
        if (height < 32 || width < 32)
            throw new BadInputException($"sections of {height} x {width} pixels are too small to find stripes in: at least 32 x 32 are needed");
        (_height, _width, _angle) = (height, width, angle);
        (_across, _along) = angle switch
        {
            0 => (height, width),
            90 => (width, height),
            _ => Turned(height, width, angle),
        };
        _levels = Math.Max(1, (int)Math.Log2(_across / (double)CoarsestRows));
        var unit = 1 << _levels;
        _padded = (_across + 2 * DaubechiesTransform.Taps + unit - 1) / unit * unit;
        _margin = (_padded - _across) / 2;

        // The Gaussian ends at three deviations; from four to eight lies what structure is measured by.
        var count = Math.Min(_along / 2, (int)Math.Ceiling(8 * configuration.Width) + 2);
        _cosines = [.. Enumerable.Range(0, count).Select(k =>
        {
            var row = new float[_along];
            var scale = Math.Sqrt((k == 0 ? 1.0 : 2.0) / _along);
            for (var i = 0; i < _along; i++)
                row[i] = (float)(scale * Math.Cos(Math.PI * k * (i + 0.5) / _along));
            return row;
        })];
        _damping = [.. Enumerable.Range(0, count).Select(k => k > 3 * configuration.Width ? 0f : (float)Math.Exp(-k * k / (2 * configuration.Width * configuration.Width)))];
        _shrinkage = new StripeShrinkage(configuration.Margin, _damping.Count(d => d > 0), Math.Min((int)Math.Ceiling(4 * configuration.Width), count - 1), _along);
    }

    /// <summary>Whether the stripes run along x or y.</summary>
    internal bool RunsAlongAxis => _angle is 0 or 90;

    /// <summary>Estimates the stripes of a section.</summary>
    /// <param name="section">Grey values <c>[Y, X]</c>.</param>
    /// <param name="stripes">Result: what to subtract.</param>
    /// <returns>Root mean square of the stripes, grey values.</returns>
    public double Estimate(ReadOnlySpan<float> section, Span<float> stripes)
    {
        Estimate([Analyse(section)], [0], 0, stripes);
        if (!RunsAlongAxis)
        {
            var (rest, more) = (new float[section.Length], new float[section.Length]);
            for (var pass = 1; pass < ObliquePasses; pass++)
            {
                TensorPrimitives.Subtract(section, stripes, rest);
                Estimate([Analyse(rest)], [0], 0, more);
                TensorPrimitives.Add(stripes, more, stripes);
            }
        }
        return TensorPrimitives.Norm((ReadOnlySpan<float>)stripes) / Math.Sqrt(stripes.Length);
    }

    /// <summary>Estimates the stripes of a section beside its neighbours, whose structure it shares and whose stripes it does not.</summary>
    /// <param name="sections">Grey values <c>[Y, X]</c> of neighbouring sections, in order. Oblique stripes are told from the section alone.</param>
    /// <param name="at">Which of them is estimated.</param>
    /// <param name="stripes">Result: what to subtract.</param>
    /// <returns>Root mean square of the stripes, grey values.</returns>
    public double Estimate(IReadOnlyList<ReadOnlyMemory<float>> sections, int at, Span<float> stripes)
    {
        if (!RunsAlongAxis)
            return Estimate(sections[at].Span, stripes);
        Estimate([.. sections.Select(s => Analyse(s.Span))], [.. Enumerable.Range(0, sections.Count)], at, stripes);
        return TensorPrimitives.Norm((ReadOnlySpan<float>)stripes) / Math.Sqrt(stripes.Length);
    }

    /// <summary>Estimates the stripes of a section beside its neighbours, whose structure it shares and whose stripes it does not.</summary>
    /// <param name="sections">Coefficients of the section and of those around it, in order.</param>
    /// <param name="places">Where each of them lies along the stack.</param>
    /// <param name="at">Which of them is estimated.</param>
    /// <param name="stripes">Result: what to subtract.</param>
    internal void Estimate(IReadOnlyList<StripeCoefficients> sections, IReadOnlyList<int> places, int at, Span<float> stripes)
    {
        // 3. Back from the stripe parts alone, from the coarsest scale on.
        var sum = new float[(_padded >> _levels) * _along];
        for (var level = _levels - 1; level >= 0; level--)
        {
            // Frequencies of this scale across the stripes: from a quarter to half a cycle a row of its own.
            var parts = _shrinkage.Of([.. sections.Select(s => s.Bands[level])], places, at, 0.375 / (1 << level));
            var band = new float[parts.Length * _along];
            Parallel.For(0, parts.Length, r =>
            {
                var row = band.AsSpan(r * _along, _along);
                for (var k = 0; k < parts[r].Length; k++)
                {
                    if (parts[r][k] != 0)
                        TensorPrimitives.MultiplyAdd(_cosines[k], _damping[k] * parts[r][k], row, row);
                }
            });
            sum = DaubechiesTransform.Synthesise(sum, band, _along);
        }
        Turn(sum.AsSpan(_margin * _along, _across * _along), _height, _width, stripes, back: true);
    }

    /// <summary>What of a section could be stripe.</summary>
    /// <param name="section">Grey values <c>[Y, X]</c>.</param>
    internal StripeCoefficients Analyse(ReadOnlySpan<float> section)
    {
        // 1. Stripes along the rows, the border mirrored across them.
        var rows = new float[_across * _along];
        Turn(section, _height, _width, rows, back: false);
        var low = new float[_padded * _along];
        for (var r = 0; r < _padded; r++)
            rows.AsSpan(Mirror(r - _margin, _across) * _along, _along).CopyTo(low.AsSpan(r * _along));

        // 2. Scales across the stripes; of each the lowest cosines along them.
        var bands = new float[_levels][][];
        for (var level = 0; level < _levels; level++)
        {
            (low, var band) = DaubechiesTransform.Analyse(low, _along);
            var coefficients = bands[level] = new float[band.Length / _along][];
            Parallel.For(0, coefficients.Length, r => coefficients[r] = [.. _cosines.Select(c => TensorPrimitives.Dot<float>(band.AsSpan(r * _along, _along), c))]);
        }
        return new StripeCoefficients(bands);
    }

    /// <summary>Turns a section so that stripes lie along rows, or turns rows back.</summary>
    private unsafe void Turn(ReadOnlySpan<float> source, int height, int width, Span<float> target, bool back)
    {
        if (_angle == 0)
        {
            source.CopyTo(target);
            return;
        }
        fixed (float* s = source)
        fixed (float* t = target)
        {
            using var from = Mat.FromPixelData(back ? _across : height, back ? _along : width, MatType.CV_32FC1, (nint)s);
            using var to = Mat.FromPixelData(back ? height : _across, back ? width : _along, MatType.CV_32FC1, (nint)t);
            if (_angle == 90)
            {
                Cv2.Transpose(from, to);
                return;
            }
            // Output pixel to input pixel, both from their centres: the stripe's direction (cos, sin) becomes the x axis.
            var (c, s_) = (Math.Cos(_angle * Math.PI / 180), Math.Sin(_angle * Math.PI / 180));
            if (back)
                s_ = -s_;
            var (ox, oy) = ((to.Cols - 1) / 2.0, (to.Rows - 1) / 2.0);
            var (ix, iy) = ((from.Cols - 1) / 2.0, (from.Rows - 1) / 2.0);
            double[] affine = [c, -s_, ix - c * ox + s_ * oy, s_, c, iy - s_ * ox - c * oy];
            using var matrix = Mat.FromPixelData(2, 3, MatType.CV_64FC1, affine);
            Cv2.WarpAffine(from, to, matrix, to.Size(), InterpolationFlags.Lanczos4 | InterpolationFlags.WarpInverseMap, BorderTypes.Reflect101);
        }
    }

    /// <summary>Size of the turned section that covers the whole of the original.</summary>
    private static (int Across, int Along) Turned(int height, int width, double angle)
    {
        var (c, s) = (Math.Abs(Math.Cos(angle * Math.PI / 180)), Math.Abs(Math.Sin(angle * Math.PI / 180)));
        return ((int)Math.Ceiling(height * c + width * s), (int)Math.Ceiling(width * c + height * s));
    }

    private static int Mirror(int index, int length)
    {
        var period = 2 * length;
        index = ((index % period) + period) % period;
        return index < length ? index : period - 1 - index;
    }
}
