namespace VisionCell.Evaluation;

/// <summary>Means over seeds of what is measured once a seed.</summary>
internal static class SeedMeans
{
    /// <summary>One line of the scores of several seeds: their means, and curves and spectra of the first.</summary>
    /// <param name="scores">Of one method, a seed each.</param>
    /// <param name="seeds">The seeds.</param>
    public static MethodScore Of(IReadOnlyList<MethodScore> scores, IReadOnlyList<int> seeds)
    {
        if (scores.Count == 1)
            return scores[0];
        return scores[0] with
        {
            Psnr = Mean(scores, s => s.Psnr),
            SsimXy = Mean(scores, s => s.SsimXy),
            SsimXz = Mean(scores, s => s.SsimXz),
            SsimYz = Mean(scores, s => s.SsimYz),
            Fsim = Mean(scores, s => s.Fsim),
            HighFrequencyRatio = Mean(scores, s => s.HighFrequencyRatio),
            FscResolutionNm = Mean(scores, s => s.FscResolutionNm),
            TrainSeconds = Mean(scores, s => s.TrainSeconds),
            InferSeconds = Mean(scores, s => s.InferSeconds),
            PeakMemoryMb = scores.Max(s => s.PeakMemoryMb),
            Measures = Of([.. scores.Select(s => s.Measures).OfType<Measures>()]),
            Segmentation = Of([.. scores.Select(s => s.Segmentation).OfType<SegmentationScore>()]),
            Uncertainty = Of([.. scores.Select(s => s.Uncertainty).OfType<UncertaintyScore>()]),
            Blocks = scores.Select(s => s.Blocks).OfType<BlockErrors>().Aggregate((all, next) => all.And(next)),
            Seeds = [.. scores.Zip(seeds, (s, seed) => new SeedScores(seed, s.Scores) { Measures = s.Measures, Segmentation = s.Segmentation, Uncertainty = s.Uncertainty })],
        };
    }

    private static Measures? Of(Measures[] all) => all.Length == 0 ? null : all[0] with
    {
        MeanSquaredError = Mean(all, m => m.MeanSquaredError),
        NormalisedError = Mean(all, m => m.NormalisedError),
        SsimVolume = Mean(all, m => m.SsimVolume),
        MultiScaleSsimXy = Mean(all, m => m.MultiScaleSsimXy),
        MultiScaleSsimXz = Mean(all, m => m.MultiScaleSsimXz),
        MultiScaleSsimYz = Mean(all, m => m.MultiScaleSsimYz),
        GradientDeviation = Mean(all, m => m.GradientDeviation),
        GradientRatio = Axes(all, m => m.GradientRatio),
        FrcSectionsNm = Mean(all, m => m.FrcSectionsNm),
        FscNm = Axes(all, m => m.FscNm),
        FscHalfBitNm = Axes(all, m => m.FscHalfBitNm),
        FscWholeHalfBitNm = Mean(all, m => m.FscWholeHalfBitNm),
        Continuity = Mean(all, m => m.Continuity),
        ContinuityOfReference = Mean(all, m => m.ContinuityOfReference),
        Pulsing = Mean(all, m => m.Pulsing),
        Seam = Mean(all, m => m.Seam),
    };

    private static SegmentationScore? Of(SegmentationScore[] all) => all.Length == 0 ? null : new SegmentationScore(
        all.Average(s => s.Split), all.Average(s => s.Merge), all.Average(s => s.AdaptedRand), all.Average(s => s.Precision), all.Average(s => s.Recall), all.Average(s => s.Dice),
        all.Average(s => s.IntersectionOverUnion), (int)Math.Round(all.Average(s => s.Segments)), all[0].Objects);

    private static UncertaintyScore? Of(UncertaintyScore[] all) => all.Length == 0 ? null : all[0] with
    {
        Coverage90 = all.Average(u => u.Coverage90),
        ErrorCorrelation = Mean(all, u => u.ErrorCorrelation),
        RankCorrelation = Mean(all, u => u.RankCorrelation),
        CalibrationError = Mean(all, u => u.CalibrationError),
        SparsificationError = Mean(all, u => u.SparsificationError),
    };

    private static AxisValues<double?> Axes<T>(IReadOnlyList<T> all, Func<T, AxisValues<double?>> of) => new(Mean(all, m => of(m).Z), Mean(all, m => of(m).Y), Mean(all, m => of(m).X));

    /// <summary>The mean; null where a seed has no value.</summary>
    private static double? Mean<T>(IReadOnlyList<T> all, Func<T, double?> of) => all.All(a => of(a) is not null) ? all.Average(of) : null;
}
