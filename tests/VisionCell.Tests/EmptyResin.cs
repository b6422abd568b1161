using OpenCvSharp;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Tests;

/// <summary>Tissue, and in the middle of it a block of resin that holds nothing but the noise of a detector.</summary>
internal sealed class EmptyResin
{
    private const int Margin = 12;

    private static readonly VisionCell.Volumes.Box _resin = new(0, 40, 40, new Shape3(65, 64, 64));

    /// <summary>Every eighth section of it.</summary>
    public SparseVolume Sparse { get; } = AxialSampling.Decimate(8).Acquire(Truth());

    /// <summary>Mean band-passed energy of the resin in the sections.</summary>
    public double EnergyOfSections => Enumerable.Range(0, Sparse.Sections).Average(i => Energy(Sparse.Observed, i));

    /// <summary>The same in the rows of a reconstruction that lie so far behind a section.</summary>
    public double EnergyOfRows(Volume<float> reconstruction, int offset) => Enumerable.Range(0, Sparse.Sections - 1).Average(i => Energy(reconstruction, 8 * i + offset));

    private static Volume<float> Truth()
    {
        var truth = Sample.Medulla(new VisionCell.Volumes.Box(0, 20, 20, new Shape3(65, 128, 128)));
        var random = new Random(1);
        for (var z = 0; z < _resin.Shape.Z; z++)
        {
            for (var y = 0; y < _resin.Shape.Y; y++)
            {
                for (var x = 0; x < _resin.Shape.X; x++)
                    truth[z, _resin.Y + y, _resin.X + x] = (float)(170 + 12 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
            }
        }
        return truth;
    }

    /// <summary>Variance of a row between the scales of 1.5 and 4 pixels, membranes and vesicles, within the resin.</summary>
    private static double Energy(Volume<float> volume, int z)
    {
        using var row = Mat.FromPixelData(volume.Shape.Y, volume.Shape.X, MatType.CV_32FC1, volume.Section(z).ToArray());
        using Mat fine = new(), broad = new(), band = new();
        Cv2.GaussianBlur(row, fine, new Size(0, 0), 1.5);
        Cv2.GaussianBlur(row, broad, new Size(0, 0), 4);
        Cv2.Subtract(fine, broad, band);
        using var inside = band[new Rect(_resin.X + Margin, _resin.Y + Margin, _resin.Shape.X - 2 * Margin, _resin.Shape.Y - 2 * Margin)];
        Cv2.MeanStdDev(inside, out _, out var deviation);
        return deviation.Val0 * deviation.Val0;
    }
}
