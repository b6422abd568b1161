using OpenCvSharp;
using VisionCell.Acquisition;
using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Tests.SuperResolution;

/// <summary>Where there is nothing but noise, nothing may be drawn.</summary>
public sealed class EmptyResinTests
{
    private const int Margin = 12;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Structure_is_not_invented_in_empty_resin(bool fromScratch)
    {
        // Tissue, and in the middle of it a block of resin with the noise of a detector.
        var truth = Sample.Medulla(new Box(0, 20, 20, new Shape3(65, 128, 128)));
        var resin = new Box(0, 40, 40, new Shape3(65, 64, 64));
        var random = new Random(1);
        for (var z = 0; z < resin.Shape.Z; z++)
        {
            for (var y = 0; y < resin.Shape.Y; y++)
            {
                for (var x = 0; x < resin.Shape.X; x++)
                    truth[z, resin.Y + y, resin.X + x] = (float)(170 + 12 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
            }
        }
        var sparse = AxialSampling.Decimate(8).Acquire(truth);
        using var method = new SuperResolutionMethod(new SuperResolutionConfiguration { Channels = [32, 48], Blocks = [1, 1], BatchSize = 4, PatchSections = 8, PatchWidth = 48 });
        method.Train(sparse, new TrainingOptions(Steps: 300, FromScratch: fromScratch, Cancellation: TestContext.Current.CancellationToken));
        var result = method.Reconstruct(sparse, Box.Of(sparse.IsotropicShape), TestContext.Current.CancellationToken);

        // Rows next to the section and those in the middle of gaps alike.
        var observed = Enumerable.Range(0, sparse.Sections).Average(i => Energy(sparse.Observed, i, resin));
        foreach (var offset in new[] { 1, 2, 4, 6, 7 })
        {
            var drawn = Enumerable.Range(0, sparse.Sections - 1).Average(i => Energy(result, 8 * i + offset, resin));
            Assert.True(drawn <= 1.05 * observed, $"{offset} rows behind a section: band-passed energy {drawn:0.0}, in the sections {observed:0.0}");
        }
    }

    /// <summary>Variance of a row between the scales of 1.5 and 4 pixels, membranes and vesicles, within the resin.</summary>
    private static double Energy(Volume<float> volume, int z, Box resin)
    {
        using var row = Mat.FromPixelData(volume.Shape.Y, volume.Shape.X, MatType.CV_32FC1, volume.Section(z).ToArray());
        using Mat fine = new(), broad = new(), band = new();
        Cv2.GaussianBlur(row, fine, new Size(0, 0), 1.5);
        Cv2.GaussianBlur(row, broad, new Size(0, 0), 4);
        Cv2.Subtract(fine, broad, band);
        using var inside = band[new Rect(resin.X + Margin, resin.Y + Margin, resin.Shape.X - 2 * Margin, resin.Shape.Y - 2 * Margin)];
        Cv2.MeanStdDev(inside, out _, out var deviation);
        return deviation.Val0 * deviation.Val0;
    }
}
