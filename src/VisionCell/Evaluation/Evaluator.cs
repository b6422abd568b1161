using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>What the metrics say of one reconstruction; null is not measured.</summary>
/// <param name="Psnr">dB (<see cref="Evaluation.Psnr"/>); positive infinity where the scored voxels agree exactly.</param>
/// <param name="SsimXy">Mean SSIM of sections (<see cref="Ssim"/>).</param>
/// <param name="SsimXz">Mean SSIM of xz planes.</param>
/// <param name="SsimYz">Mean SSIM of yz planes.</param>
/// <param name="Fsim">Mean feature similarity of sections (<see cref="Evaluation.Fsim"/>).</param>
/// <param name="HighFrequencyRatio">Fine detail kept (<see cref="Evaluation.HighFrequencyRatio"/>).</param>
/// <param name="FscResolutionNm">Where the Fourier shell correlation within 20 degrees of z falls below 0.143, nm (<see cref="FourierShellCorrelation"/>); null also where it never does.</param>
public sealed record Scores(
    double Psnr, double? SsimXy, double? SsimXz, double? SsimYz, double? Fsim, double? HighFrequencyRatio, double? FscResolutionNm);

/// <summary>All metrics of a reconstruction against its reference in one call.</summary>
public static class Evaluator
{
    /// <summary>Scores a reconstruction.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>, in the grey values of the reference.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="region">Which rows count.</param>
    /// <param name="dataRange">Grey-value range that PSNR and SSIM refer to (<see cref="DataRange.Of"/>).</param>
    /// <param name="cancellation">Stops between planes.</param>
    /// <exception cref="BadInputException">Shapes or voxel sizes differ, the region is for another volume, or a voxel is not finite; the message names both or the voxel.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static Scores Score(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, double dataRange, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        VolumeChecks.RequireRange(dataRange);
        VolumeChecks.RequireFinite(reconstruction, "reconstruction");
        VolumeChecks.RequireFinite(reference, "reference");
        return new Scores(
            Psnr.Compute(reconstruction, reference, region, dataRange, cancellation),
            Ssim.Compute(reconstruction, reference, region, dataRange, PlaneFamily.Xy, cancellation),
            Ssim.Compute(reconstruction, reference, region, dataRange, PlaneFamily.Xz, cancellation),
            Ssim.Compute(reconstruction, reference, region, dataRange, PlaneFamily.Yz, cancellation),
            Evaluation.Fsim.Compute(reconstruction, reference, region, dataRange, cancellation),
            HighFrequencyRatio.Compute(reconstruction, reference, region, cancellation),
            FourierShellCorrelation.Compute(reconstruction, reference, coneDegrees: FourierShellCorrelation.AxialCone, cancellation: cancellation).ResolutionNm);
    }
}
