using System.Diagnostics;
using VisionCell.Acquisition;
using VisionCell.Formats;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>What takes the place of what is missing.</summary>
public enum InpaintingResult
{
    /// <summary>The mean of several samples.</summary>
    Mean,

    /// <summary>One sample, as sharp as the sections: one of many.</summary>
    Sample,

    /// <summary>What the regression expects; no diffusion.</summary>
    Regression,
}

/// <summary>Fills in what a stack lacks and denoises what is noisy in it, in the folder of a run: <c>volumes/inpainted.zarr</c> in the voxel type of the stack.</summary>
public static class Inpainter
{
    private const string Name = "inpainting";

    /// <summary>Fills in what is missing. Sections of which anything is filled in are marked as not observed in the result.</summary>
    /// <param name="stack">The stack; what is missing in it may hold anything.</param>
    /// <param name="missing">What is missing or noisy.</param>
    /// <param name="result">What takes its place.</param>
    /// <param name="run">Where checkpoints and the result go.</param>
    /// <param name="training">Time, seed, interruption; the checkpoint folder is the run's.</param>
    /// <param name="progress">Told what is done.</param>
    /// <param name="withUncertainty">Whether <c>volumes/inpainted-uncertainty.zarr</c> is written as well: the absolute error to expect of the mean at each missing voxel.</param>
    /// <returns>Path of the volume, and whether it was reused.</returns>
    /// <exception cref="BadInputException">The stack cannot be learnt from, or cannot tell its errors.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; run it again to go on.</exception>
    public static (string Path, bool Reused) Run(
        Volume stack, MissingVoxels missing, InpaintingResult result, RunWorkspace run, TrainingOptions training, IProgress<ReconstructionProgress>? progress = null, bool withUncertainty = false)
    {
        if (withUncertainty && result != InpaintingResult.Mean)
            throw new BadInputException($"the error to expect is that of the mean of samples, and the result is to be the {result.ToString().ToLowerInvariant()}: leave either out");
        var (path, uncertainty) = (Path.Combine(run.Volumes, "inpainted.zarr"), Path.Combine(run.Volumes, "inpainted-uncertainty.zarr"));
        var configuration = new
        {
            missing = ContentHash.OfBytes(missing.Packed()),
            result = result.ToString(),
            minutes = training.Budget?.TotalMinutes,
            steps = training.Steps,
            seed = training.Seed,
            prior = training.Prior is { } prior ? ContentHash.OfFile(prior) : null,
            diffusionPrior = training.DiffusionPrior is { } diffusionPrior ? ContentHash.OfFile(diffusionPrior) : null,
            uncertainty = withUncertainty,
        };
        run.RecordSeed(Name, training.Seed);
        var stage = run.Stage("inpaint", ContentHash.Of(stack), configuration, CodeVersion.Current, stage =>
        {
            PeakMemory.Start();
            var clock = Stopwatch.StartNew();
            using var inpainting = LoggedTraining.Run(Name, run, training, progress, log => stage.Output(log), mayTrain: true, options => Inpainting.Train(stack.ToFloat32(), missing, options));
            // Before minutes of sampling, not after.
            if (withUncertainty && !inpainting.CanJudge)
                throw new BadInputException("the middle third of the stack has too few whole sections in a row to measure errors of so many missing ones: leave the uncertainty out");
            stage.Figure("trainSeconds", Math.Round(clock.Elapsed.TotalSeconds, 3));
            stage.Figure("missingVoxels", missing.Count);
            foreach (var (length, shares) in inpainting.Shares)
                stage.Figure($"networkShareOfRun{length}", Math.Round(shares[^1], 3));
            foreach (var (section, noise) in inpainting.Noise)
                stage.Figure($"noiseOfSection{section}", noise);
            clock.Restart();
            var report = new Relay<double>(f => progress?.Report(new ReconstructionProgress("inpaint", f, null)));
            Volume<float> filled;
            Volume<float>? error = null;
            if (result == InpaintingResult.Mean)
                (filled, error) = inpainting.Mean(report, training.Cancellation);
            else
                filled = result == InpaintingResult.Sample ? inpainting.Sample(0, report, training.Cancellation) : inpainting.Expected(report, training.Cancellation);
            stage.Figure("inferSeconds", Math.Round(clock.Elapsed.TotalSeconds, 3));
            if (withUncertainty && error is not null)
                VolumeFormats.Write(error, stage.Output(uncertainty), cancellationToken: training.Cancellation);
            VolumeFormats.Write(filled.ConvertTo(stack.VoxelType), stage.Output(path), cancellationToken: training.Cancellation);
            stage.Figure("peakMemoryMb", Math.Round(PeakMemory.ReadMb()));
        });
        return (path, stage.Reused);
    }
}
