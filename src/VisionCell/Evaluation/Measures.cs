using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>What is asked of <see cref="Measures"/> beyond volumes, region and range.</summary>
public sealed record MeasureOptions
{
    /// <summary>What was observed, for data consistency and pulsing; neither is measured where it is left out.</summary>
    public SparseVolume? Sparse { get; init; }

    /// <summary>Edge of the tiles that the reconstruction was made in, voxels; seams are not measured where it is left out.</summary>
    public int? TileEdge { get; init; }
}

/// <summary>
/// What can be measured of a reconstruction beyond <see cref="Scores"/>: each looks at another way of being wrong. Null is not measured, or, of a resolution,
/// finer than the voxels can say.
/// </summary>
/// <param name="MeanSquaredError">Grey values squared (<see cref="Psnr.MeanSquaredError"/>).</param>
/// <param name="NormalisedError">Root mean squared error over the root mean square of the reference (<see cref="Psnr.NormalisedError"/>).</param>
/// <param name="SsimVolume">SSIM with a window in three dimensions (<see cref="VolumeSsim"/>).</param>
/// <param name="MultiScaleSsimXy">Of sections (<see cref="MultiScaleSsim"/>).</param>
/// <param name="MultiScaleSsimXz">Of xz planes.</param>
/// <param name="MultiScaleSsimYz">Of yz planes.</param>
/// <param name="GradientDeviation">GMSD of sections (<see cref="GradientSimilarity"/>); 0 is perfect.</param>
/// <param name="GradientRatio">Steepness of edges along each axis (<see cref="Evaluation.GradientRatio"/>).</param>
/// <param name="SpectralRatio">Contrast in octaves along each axis (<see cref="Evaluation.SpectralRatio"/>).</param>
/// <param name="FrcSectionsNm">Where the ring correlation of sections falls below 0.143, nm.</param>
/// <param name="FscNm">Where the shell correlation around each axis falls below 0.143, nm.</param>
/// <param name="FscHalfBitNm">Where it falls below the half-bit curve, nm.</param>
/// <param name="FscWholeHalfBitNm">The same of whole shells.</param>
/// <param name="Continuity">Mean correlation of neighbouring sections (<see cref="SectionContinuity"/>).</param>
/// <param name="ContinuityOfReference">The same of the truth.</param>
/// <param name="Pulsing">Continuity across observed sections less that within gaps (<see cref="SectionContinuity.Pulsing"/>).</param>
/// <param name="DataConsistency">Contradiction to what was observed (<see cref="Reprojection"/>).</param>
/// <param name="Seam">Steps between tiles (<see cref="Seams"/>).</param>
public sealed record Measures(
    double? MeanSquaredError,
    double? NormalisedError,
    double? SsimVolume,
    double? MultiScaleSsimXy,
    double? MultiScaleSsimXz,
    double? MultiScaleSsimYz,
    double? GradientDeviation,
    AxisValues<double?> GradientRatio,
    AxisValues<IReadOnlyList<SpectralBand>?> SpectralRatio,
    double? FrcSectionsNm,
    AxisValues<double?> FscNm,
    AxisValues<double?> FscHalfBitNm,
    double? FscWholeHalfBitNm,
    double? Continuity,
    double? ContinuityOfReference,
    double? Pulsing,
    Reprojection? DataConsistency,
    double? Seam)
{
    /// <summary>Measures a reconstruction.</summary>
    /// <param name="reconstruction">What is judged, <c>[Z, Y, X]</c>, in the grey values of the reference.</param>
    /// <param name="reference">The truth on the same grid.</param>
    /// <param name="region">Which voxels count. Spectra look at whole rows of whole boxes and say so.</param>
    /// <param name="dataRange">Grey-value range that similarities refer to.</param>
    /// <param name="options">What else is known.</param>
    /// <param name="cancellation">Stops between planes.</param>
    /// <exception cref="BadInputException">Grids, region or range do not fit, or a voxel is not finite.</exception>
    public static Measures Of(Volume<float> reconstruction, Volume<float> reference, ScoredRegion region, double dataRange, MeasureOptions? options = null, CancellationToken cancellation = default)
    {
        VolumeChecks.RequireSameGrid(reconstruction, reference);
        VolumeChecks.RequireFits(region, reference.Shape);
        VolumeChecks.RequireRange(dataRange);
        VolumeChecks.RequireFinite(reconstruction, "reconstruction");
        VolumeChecks.RequireFinite(reference, "reference");
        double? MultiScale(PlaneFamily family) => MultiScaleSsim.Compute(reconstruction, reference, region, dataRange, family, cancellation);
        var fsc = FourierShellCorrelation.Directional(reconstruction, reference, cancellation: cancellation);
        var continuity = SectionContinuity.Of(reconstruction, region, cancellation);
        var sparse = options?.Sparse;
        return new Measures(
            Psnr.MeanSquaredError(reconstruction, reference, region, cancellation),
            Psnr.NormalisedError(reconstruction, reference, region, cancellation),
            VolumeSsim.Compute(reconstruction, reference, region, dataRange, cancellation),
            MultiScale(PlaneFamily.Xy),
            MultiScale(PlaneFamily.Xz),
            MultiScale(PlaneFamily.Yz),
            GradientSimilarity.Deviation(reconstruction, reference, region, dataRange, cancellation),
            Evaluation.GradientRatio.Compute(reconstruction, reference, region, cancellation),
            Evaluation.SpectralRatio.Compute(reconstruction, reference, region, cancellation),
            FourierRingCorrelation.Compute(reconstruction, reference, region, PlaneFamily.Xy, cancellation: cancellation).ResolutionNm,
            new AxisValues<double?>(fsc.Axes.Z.ResolutionNm, fsc.Axes.Y.ResolutionNm, fsc.Axes.X.ResolutionNm),
            new AxisValues<double?>(fsc.Axes.Z.HalfBitResolutionNm, fsc.Axes.Y.HalfBitResolutionNm, fsc.Axes.X.HalfBitResolutionNm),
            fsc.Whole.HalfBitResolutionNm,
            continuity.Mean,
            SectionContinuity.Of(reference, region, cancellation).Mean,
            sparse is null ? null : continuity.Pulsing(sparse),
            sparse is null ? null : Reprojection.Of(reconstruction, sparse, cancellation),
            options?.TileEdge is { } edge ? Seams.Of(reconstruction, edge, cancellation) : null);
    }
}
