using Deedle;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>One number of a report, as data frames want them: long, one row a number.</summary>
/// <param name="Volume">As the report names it.</param>
/// <param name="Protocol">Name and version.</param>
/// <param name="Method">Name of the method.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Measure">Name of the measure, as in the report.</param>
/// <param name="Value">The number; NaN where it was not measured.</param>
public sealed record ResultRow(string Volume, string Protocol, string Method, int Seed, string Measure, double Value)
{
    /// <summary>All numbers of reports of one protocol.</summary>
    /// <exception cref="BadInputException">Protocols differ.</exception>
    public static IReadOnlyList<ResultRow> Of(IReadOnlyList<(string Where, BenchmarkReport Report)> reports)
    {
        var protocol = Evaluation.Protocol.RequireSame([.. reports.Select(r => (r.Where, r.Report.Protocol))]).Id;
        return [..
            from r in reports
            from m in r.Report.Methods
            from row in Values(m, r.Report.Seed)
            select new ResultRow(r.Report.Volume, protocol, m.Name, row.Seed, row.Measure, row.Value ?? double.NaN)];
    }

    /// <summary>Rows as comma-separated values with a heading.</summary>
    public static string ToCsv(IEnumerable<ResultRow> rows)
    {
        using var text = new StringWriter();
        Frame.FromRecords(rows).SaveCsv(text, includeRowKeys: false);
        return text.ToString();
    }

    private static IEnumerable<(int Seed, string Measure, double? Value)> Values(MethodScore method, int seed)
    {
        var own = new SeedScores(seed, new Scores(method.Psnr ?? double.NaN, method.SsimXy, method.SsimXz, method.SsimYz, method.Fsim, method.HighFrequencyRatio, method.FscResolutionNm));
        foreach (var (s, scores) in method.Seeds ?? [own])
        {
            yield return (s, "psnr", scores.Psnr);
            yield return (s, "ssimXy", scores.SsimXy);
            yield return (s, "ssimXz", scores.SsimXz);
            yield return (s, "ssimYz", scores.SsimYz);
            yield return (s, "fsim", scores.Fsim);
            yield return (s, "highFrequencyRatio", scores.HighFrequencyRatio);
            yield return (s, "fscResolutionNm", scores.FscResolutionNm);
        }
        yield return (seed, "trainSeconds", method.TrainSeconds);
        yield return (seed, "inferSeconds", method.InferSeconds);
        yield return (seed, "peakMemoryMb", method.PeakMemoryMb);
        if (method.Measures is { } m)
        {
            yield return (seed, "meanSquaredError", m.MeanSquaredError);
            yield return (seed, "normalisedError", m.NormalisedError);
            yield return (seed, "ssimVolume", m.SsimVolume);
            yield return (seed, "multiScaleSsimXy", m.MultiScaleSsimXy);
            yield return (seed, "multiScaleSsimXz", m.MultiScaleSsimXz);
            yield return (seed, "multiScaleSsimYz", m.MultiScaleSsimYz);
            yield return (seed, "gradientDeviation", m.GradientDeviation);
            yield return (seed, "gradientRatioZ", m.GradientRatio.Z);
            yield return (seed, "gradientRatioY", m.GradientRatio.Y);
            yield return (seed, "gradientRatioX", m.GradientRatio.X);
            yield return (seed, "frcSectionsNm", m.FrcSectionsNm);
            yield return (seed, "fscHalfBitNmZ", m.FscHalfBitNm.Z);
            yield return (seed, "continuity", m.Continuity);
            yield return (seed, "pulsing", m.Pulsing);
            yield return (seed, "dataConsistency", m.DataConsistency?.RootMeanSquare);
        }
        if (method.Segmentation is { } g)
        {
            yield return (seed, "segmentationSplit", g.Split);
            yield return (seed, "segmentationMerge", g.Merge);
            yield return (seed, "adaptedRand", g.AdaptedRand);
            yield return (seed, "dice", g.Dice);
            yield return (seed, "intersectionOverUnion", g.IntersectionOverUnion);
        }
        if (method.Uncertainty is { } u)
        {
            yield return (seed, "coverage90", u.Coverage90);
            yield return (seed, "errorCorrelation", u.ErrorCorrelation);
            yield return (seed, "rankCorrelation", u.RankCorrelation);
            yield return (seed, "calibrationError", u.CalibrationError);
            yield return (seed, "sparsificationError", u.SparsificationError);
        }
    }
}
