using Deedle;
using Parquet.Serialization;
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

    /// <summary>Rows as a Parquet file, one column a field.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="path">The file; written beside and renamed into place.</param>
    public static void WriteParquet(IReadOnlyList<ResultRow> rows, string path) =>
        AtomicWrite.File(path, stream => ParquetSerializer.SerializeAsync(rows.Select(ParquetRow.Of), stream).GetAwaiter().GetResult());

    private static IEnumerable<(int Seed, string Measure, double? Value)> Values(MethodScore method, int seed)
    {
        yield return (seed, "trainSeconds", method.TrainSeconds);
        yield return (seed, "inferSeconds", method.InferSeconds);
        yield return (seed, "peakMemoryMb", method.PeakMemoryMb);
        foreach (var of in method.BySeed(seed))
        {
            foreach (var (measure, value) in Values(of))
                yield return (of.Seed, measure, value);
        }
    }

    private static IEnumerable<(string Measure, double? Value)> Values(SeedScores of)
    {
        yield return ("psnr", of.Scores.Psnr);
        yield return ("ssimXy", of.Scores.SsimXy);
        yield return ("ssimXz", of.Scores.SsimXz);
        yield return ("ssimYz", of.Scores.SsimYz);
        yield return ("fsim", of.Scores.Fsim);
        yield return ("highFrequencyRatio", of.Scores.HighFrequencyRatio);
        yield return ("fscResolutionNm", of.Scores.FscResolutionNm);
        if (of.Measures is { } m)
        {
            yield return ("meanSquaredError", m.MeanSquaredError);
            yield return ("normalisedError", m.NormalisedError);
            yield return ("ssimVolume", m.SsimVolume);
            yield return ("multiScaleSsimXy", m.MultiScaleSsimXy);
            yield return ("multiScaleSsimXz", m.MultiScaleSsimXz);
            yield return ("multiScaleSsimYz", m.MultiScaleSsimYz);
            yield return ("gradientDeviation", m.GradientDeviation);
            yield return ("gradientRatioZ", m.GradientRatio.Z);
            yield return ("gradientRatioY", m.GradientRatio.Y);
            yield return ("gradientRatioX", m.GradientRatio.X);
            yield return ("frcSectionsNm", m.FrcSectionsNm);
            yield return ("fscHalfBitNmZ", m.FscHalfBitNm.Z);
            yield return ("continuity", m.Continuity);
            yield return ("pulsing", m.Pulsing);
            yield return ("dataConsistency", m.DataConsistency?.RootMeanSquare);
        }
        if (of.Segmentation is { } g)
        {
            yield return ("segmentationSplit", g.Split);
            yield return ("segmentationMerge", g.Merge);
            yield return ("adaptedRand", g.AdaptedRand);
            yield return ("dice", g.Dice);
            yield return ("intersectionOverUnion", g.IntersectionOverUnion);
        }
        if (of.Uncertainty is { } u)
        {
            yield return ("coverage90", u.Coverage90);
            yield return ("errorCorrelation", u.ErrorCorrelation);
            yield return ("rankCorrelation", u.RankCorrelation);
            yield return ("calibrationError", u.CalibrationError);
            yield return ("sparsificationError", u.SparsificationError);
        }
    }

    /// <summary>A row as the library writes it: names as in CSV.</summary>
    private sealed class ParquetRow
    {
        public required string Volume { get; set; }

        public required string Protocol { get; set; }

        public required string Method { get; set; }

        public required int Seed { get; set; }

        public required string Measure { get; set; }

        public required double Value { get; set; }

        public static ParquetRow Of(ResultRow row) => new()
        {
            Volume = row.Volume,
            Protocol = row.Protocol,
            Method = row.Method,
            Seed = row.Seed,
            Measure = row.Measure,
            Value = row.Value,
        };
    }
}
