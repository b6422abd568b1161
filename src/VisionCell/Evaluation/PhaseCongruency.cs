using System.Runtime.InteropServices;
using OpenCvSharp;

namespace VisionCell.Evaluation;

/// <summary>
/// Phase congruency of an image <c>[Y, X]</c>: 0 where the phases of its frequencies disagree, toward 1 on edges and lines, whatever their
/// contrast. Source: Kovesi, "Image features from phase congruency", Videre: J. Computer Vision Research 1(3), 1999, measure PC2, in the
/// setting of Zhang et al. 2011 (<see cref="Fsim"/>): log-Gabor filters at 4 scales and 4 orientations, noise threshold from the
/// median energy of the smallest scale. Single precision. The filters belong to a size of image; <see cref="Compute"/> is thread-safe.
/// </summary>
internal sealed class PhaseCongruency
{
    private const int Scales = 4;
    private const int Orientations = 4;
    private const double SmallestWavelength = 6; // pixels
    private const double ScaleFactor = 2;
    private const double RadialSpread = 0.55;    // deviation of the log-Gabor over its centre frequency
    private const double AngularSpread = Math.PI / Orientations / 1.2;
    private const double NoiseDeviations = 2;
    private const double NoiseOverestimate = 1.7; // empirical, Kovesi's for PC2
    private const float Epsilon = 1e-4f;

    private readonly int _height;
    private readonly int _width;
    private readonly float[][] _filters = new float[Orientations * Scales][]; // [orientation * Scales + scale]: [Y, X], zero frequency first
    private readonly double[] _thresholds = new double[Orientations];         // noise threshold for a median energy of 1

    public PhaseCongruency(int height, int width)
    {
        (_height, _width) = (height, width);
        for (var o = 0; o < Orientations; o++)
        {
            for (var s = 0; s < Scales; s++)
                _filters[o * Scales + s] = Filter(o, s);
            _thresholds[o] = NoiseThreshold(_filters.AsSpan(o * Scales, Scales));
        }
    }

    /// <summary>The map of an image, <c>[Y, X]</c>.</summary>
    public float[] Compute(ReadOnlySpan<float> image)
    {
        var count = _height * _width;
        var spectrum = new ComplexF[count];
        for (var i = 0; i < count; i++)
            spectrum[i] = new ComplexF(image[i], 0);
        Transform(spectrum, DftFlags.None);
        var responses = Enumerable.Range(0, Scales).Select(_ => new ComplexF[count]).ToArray();
        var energies = new float[count];
        var energySum = new float[count];
        var amplitudeSum = new float[count];
        for (var o = 0; o < Orientations; o++)
        {
            // 1. Even (real) and odd (imaginary) responses at each scale.
            for (var s = 0; s < Scales; s++)
            {
                var filter = _filters[o * Scales + s];
                for (var i = 0; i < count; i++)
                    responses[s][i] = new ComplexF(spectrum[i].Re * filter[i], spectrum[i].Im * filter[i]);
                Transform(responses[s], DftFlags.Inverse | DftFlags.Scale);
            }

            // 2. Noise: a Rayleigh distribution whose scale the median energy of the smallest filter tells.
            for (var i = 0; i < count; i++)
                energies[i] = responses[0][i].Re * responses[0][i].Re + responses[0][i].Im * responses[0][i].Im;
            Array.Sort(energies);
            var median = count % 2 == 1 ? energies[count / 2] : 0.5 * ((double)energies[count / 2 - 1] + energies[count / 2]);
            var threshold = (float)(_thresholds[o] * Math.Sqrt(median));

            // 3. Energy along the mean phase less what lies across it, above the noise.
            for (var i = 0; i < count; i++)
            {
                float even = 0, odd = 0, amplitudes = 0;
                for (var s = 0; s < Scales; s++)
                {
                    var r = responses[s][i];
                    even += r.Re;
                    odd += r.Im;
                    amplitudes += MathF.Sqrt(r.Re * r.Re + r.Im * r.Im);
                }
                var norm = MathF.Sqrt(even * even + odd * odd) + Epsilon;
                var (meanEven, meanOdd) = (even / norm, odd / norm);
                var energy = 0f;
                for (var s = 0; s < Scales; s++)
                {
                    var r = responses[s][i];
                    energy += r.Re * meanEven + r.Im * meanOdd - MathF.Abs(r.Re * meanOdd - r.Im * meanEven);
                }
                energySum[i] += Math.Max(energy - threshold, 0);
                amplitudeSum[i] += amplitudes;
            }
        }
        for (var i = 0; i < count; i++)
            energySum[i] = amplitudeSum[i] > 0 ? energySum[i] / amplitudeSum[i] : 0;
        return energySum;
    }

    /// <summary>A log-Gabor filter in the frequency domain: a band of wavelengths, seen from one side.</summary>
    private float[] Filter(int orientation, int scale)
    {
        var filter = new float[_height * _width];
        var centre = 1 / (SmallestWavelength * Math.Pow(ScaleFactor, scale));
        var angle = orientation * Math.PI / Orientations;
        for (var ky = 0; ky < _height; ky++)
        {
            for (var kx = 0; kx < _width; kx++)
            {
                var (fy, fx) = (Frequency(ky, _height), Frequency(kx, _width));
                var radius = Math.Sqrt(fx * fx + fy * fy);
                if (radius == 0)
                    continue;
                var radial = Math.Exp(-Math.Pow(Math.Log(radius / centre), 2) / (2 * Math.Pow(Math.Log(RadialSpread), 2)));

                // A Butterworth low pass keeps the corners of the spectrum out.
                var corner = 1 / (1 + Math.Pow(radius / 0.45, 30));
                var theta = Math.Atan2(-fy, fx) - angle;
                var turn = Math.Abs(Math.Atan2(Math.Sin(theta), Math.Cos(theta)));
                filter[ky * _width + kx] = (float)(radial * corner * Math.Exp(-turn * turn / (2 * AngularSpread * AngularSpread)));
            }
        }
        return filter;
    }

    /// <summary>
    /// Mean plus two deviations of the energy that pure noise would show, for a median squared response of 1 at the smallest scale. Kovesi
    /// sums squares and products of the filters' even parts over the image; by Parseval that is the square of their sum over the spectrum.
    /// </summary>
    private double NoiseThreshold(ReadOnlySpan<float[]> filters)
    {
        double smallest = 0, all = 0;
        for (var ky = 0; ky < _height; ky++)
        {
            for (var kx = 0; kx < _width; kx++)
            {
                var i = ky * _width + kx;
                var mirror = (_height - ky) % _height * _width + (_width - kx) % _width;
                var even = 0.0;
                foreach (var filter in filters)
                    even += 0.5 * ((double)filter[i] + filter[mirror]);
                all += even * even;
                smallest += (double)filters[0][i] * filters[0][i];
            }
        }
        var noisePower = 1 / Math.Log(2) / smallest;
        var tau = Math.Sqrt(noisePower * all);
        return (tau * Math.Sqrt(Math.PI / 2) + NoiseDeviations * Math.Sqrt((2 - Math.PI / 2) * tau * tau)) / NoiseOverestimate;
    }

    /// <summary>Kovesi's scale of frequencies: -0.5 to 0.5 also where the number of pixels is odd.</summary>
    private static double Frequency(int k, int length) =>
        length % 2 == 0 ? (k < length / 2 ? k : k - length) / (double)length : length == 1 ? 0 : (k <= length / 2 ? k : k - length) / (double)(length - 1);

    private unsafe void Transform(ComplexF[] values, DftFlags flags)
    {
        fixed (ComplexF* pointer = values)
        {
            using var mat = Mat.FromPixelData(_height, _width, MatType.CV_32FC2, (nint)pointer);
            Cv2.Dft(mat, mat, flags);
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct ComplexF(float Re, float Im);
}
