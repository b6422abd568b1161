using System.CommandLine;
using VisionCell.Acquisition;
using VisionCell.Cli.CommandLine;
using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell evaluate RECONSTRUCTION REFERENCE</c>: scores of a reconstruction against the truth.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var reconstruction = VolumeArguments.Volume("RECONSTRUCTION");
        var reference = VolumeArguments.Volume("REFERENCE", "The truth on the same grid.");
        var degrade = new Option<string?>("--degrade") { HelpName = "decimate:N|pool:N", Description = "Score only what this acquisition left open; all voxels where left out." };
        var labels = ScoreOptions.Labels();
        var border = ScoreOptions.Border();
        var mask = ScoreOptions.Mask();
        var tile = new Option<int?>("--tile") { HelpName = "N", Description = "Edge of the tiles that the reconstruction was made in, voxels: measures their seams." };
        var voxelSize = CommonOptions.VoxelSize();
        var json = CommonOptions.JsonReport();
        var command = new Command("evaluate", "Score a reconstruction against a reference: errors, similarities, spectra, correlation in Fourier space, continuity, segmentation.")
        {
            reconstruction, reference, degrade, labels, border, mask, tile, voxelSize, json, CompareCommand.Create(), WithoutTruthCommand.Create(),
        };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var sampling = parsed.GetValue(degrade) is { } text ? AxialSampling.Parse(text) : null;
            var size = parsed.VoxelSizeOf(voxelSize);
            var truthPath = parsed.GetRequiredValue(reference);
            var judgedPath = parsed.GetRequiredValue(reconstruction);
            var truth = VolumeArguments.Read(truthPath, size, messages, cancellation);
            var judged = VolumeArguments.Read(judgedPath, size, messages, cancellation).ToFloat32();
            var objects = parsed.LabelsOf(labels, truth.VoxelSize, messages, cancellation);
            var counted = parsed.MaskOf(mask, truth.VoxelSize, messages, cancellation);
            var region = sampling is null ? ScoredRegion.All(truth.Shape.Z) : ScoredRegion.HeldOut(sampling, sampling.SectionsIn(truth.Shape.Z));
            var range = DataRange.Of(truth);
            var compared = truth.ToFloat32();
            var sparse = sampling?.Acquire(compared);
            // An acquisition drops incomplete sections at the end: a reconstruction of it is that much shorter.
            if (judged.Shape != compared.Shape && judged.Shape == compared.Shape with { Z = region.FineRows })
                compared = compared.Crop(Box.Of(judged.Shape));
            region = region.WithoutBorder(compared.Shape, parsed.GetValue(border));
            if (counted is not null)
                region = region.WithMask(counted.Shape == truth.Shape ? counted.Crop(Box.Of(compared.Shape)) : counted);
            var scores = Evaluator.Score(judged, compared, region, range.Value, cancellation);
            var options = new MeasureOptions { Sparse = sparse?.IsotropicShape == judged.Shape ? sparse : null, TileEdge = parsed.GetValue(tile) };
            var measures = Measures.Of(judged, compared, region, range.Value, options, cancellation);
            var segmentation = objects is null ? null
                : new LabelScores(ScoreOptions.Name(parsed.GetValue(labels)), SegmentationScore.Of(judged, objects.Take(judged.Shape.Z), cancellation: cancellation), SegmentationScore.Of(compared, objects.Take(judged.Shape.Z), cancellation: cancellation));
            var report = new EvaluationReport(
                judgedPath, truthPath, [truth.VoxelSize.Z, truth.VoxelSize.Y, truth.VoxelSize.X], sampling?.ToString(), $"{region.Description}; {range.Description}", scores,
                measures, segmentation, Protocol.Of(sampling, range, [], parsed.GetValue(border), counted is not null));
            Print(report, parsed.GetValue(json), messages);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static void Print(EvaluationReport report, string? path, Messages messages)
    {
        if (path is null)
        {
            Results.PrintJson(report);
            return;
        }
        AtomicWrite.Text(path, Results.ToJson(report) + "\n");
        messages.Notice($"{path}: PSNR {report.Scores.Psnr:0.00} dB; {report.Scored}");
    }

    /// <summary>How objects can be told apart in the reconstruction, and in the truth, which no reconstruction can be asked to surpass.</summary>
    private sealed record LabelScores(string Labels, SegmentationScore Reconstruction, SegmentationScore Ceiling);

    /// <summary>The report: what was compared, which voxels count, and the scores.</summary>
    private sealed record EvaluationReport(
        string Reconstruction, string Reference, IReadOnlyList<double> VoxelSizeNm, string? Degradation, string Scored, Scores Scores, Measures Measures, LabelScores? Segmentation, Protocol Protocol);
}
