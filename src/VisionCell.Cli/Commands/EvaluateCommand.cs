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
        var voxelSize = CommonOptions.VoxelSize();
        var json = CommonOptions.JsonReport();
        var command = new Command("evaluate", "Score a reconstruction against a reference: PSNR, SSIM, high-frequency ratio, Fourier shell correlation.") { reconstruction, reference, degrade, voxelSize, json };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var sampling = parsed.GetValue(degrade) is { } text ? AxialSampling.Parse(text) : null;
            var size = parsed.VoxelSizeOf(voxelSize);
            var truthPath = parsed.GetRequiredValue(reference);
            var judgedPath = parsed.GetRequiredValue(reconstruction);
            var truth = VolumeArguments.Read(truthPath, size, messages, cancellation);
            var judged = VolumeArguments.Read(judgedPath, size, messages, cancellation).ToFloat32();
            var region = sampling is null ? ScoredRegion.All(truth.Shape.Z) : ScoredRegion.HeldOut(sampling, sampling.SectionsIn(truth.Shape.Z));
            var range = DataRange.Of(truth);
            var compared = truth.ToFloat32();
            // An acquisition drops incomplete sections at the end: a reconstruction of it is that much shorter.
            if (judged.Shape != compared.Shape && judged.Shape == compared.Shape with { Z = region.FineRows })
                compared = compared.Crop(Box.Of(judged.Shape));
            var scores = Evaluator.Score(judged, compared, region, range.Value, cancellation);
            Print(new EvaluationReport(judgedPath, truthPath, [truth.VoxelSize.Z, truth.VoxelSize.Y, truth.VoxelSize.X], sampling?.ToString(), $"{region.Description}; {range.Description}", scores), parsed.GetValue(json), messages);
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

    /// <summary>The report: what was compared, which voxels count, and the scores.</summary>
    private sealed record EvaluationReport(string Reconstruction, string Reference, IReadOnlyList<double> VoxelSizeNm, string? Degradation, string Scored, Scores Scores);
}
