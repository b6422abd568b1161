using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>One report of running work.</summary>
/// <param name="Step">What is being done: <c>normalise</c>, <c>align</c>, <c>move</c> or <c>denoise</c>.</param>
/// <param name="Done">Sections done.</param>
/// <param name="Total">Sections in all.</param>
public readonly record struct PreprocessingProgress(string Step, int Done, int Total);

/// <summary>What was found and done.</summary>
/// <param name="Configuration">How it was asked for.</param>
/// <param name="Intensities">Gain and offset of each section; null where intensities were left alone.</param>
/// <param name="Moved">Sections that were moved.</param>
/// <param name="MedianShift">Median length of the shifts of all sections, pixels.</param>
/// <param name="LargestShift">Longest of them, pixels.</param>
/// <param name="Noise">Standard deviation of the noise that was denoised for, grey values; null where nothing was denoised.</param>
/// <param name="Notices">What a user should look at: sections without contrast or without a match, gains at their bound.</param>
/// <param name="Seconds">Wall-clock time of each step, s.</param>
public sealed record PreprocessingReport(
    PreprocessingConfiguration Configuration,
    IReadOnlyList<SectionIntensity>? Intensities,
    int Moved,
    double MedianShift,
    double LargestShift,
    double? Noise,
    IReadOnlyList<string> Notices,
    IReadOnlyDictionary<string, double> Seconds)
{
    /// <summary>Writes the report as JSON; beside and renamed into place.</summary>
    public void Write(string path) => Runs.Configuration.Write(path, this);
}

/// <summary>A preprocessed stack with everything that was done to it.</summary>
/// <param name="Volume">The stack, in the voxel type it came in.</param>
/// <param name="Transforms">Where the pixels of each section came from.</param>
/// <param name="Report">What was found and done.</param>
public sealed record PreprocessingResult(Volume Volume, SectionTransforms Transforms, PreprocessingReport Report);

/// <summary>
/// Prepares a stack <c>[Z, Y, X]</c> as it came from the microscope: normalise, align, denoise. Between the steps values are single
/// precision; at the end they are rounded and clamped to the type that they came in. No section is dropped or added.
/// </summary>
public static class PreprocessingPipeline
{
    /// <summary>Runs the steps.</summary>
    /// <param name="stack">Sections <c>[Z, Y, X]</c>.</param>
    /// <param name="configuration">Which steps, and how.</param>
    /// <param name="progress">Told step and section.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">One section only, sections too small, or a voxel that is not a number (named).</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static PreprocessingResult Run(
        Volume stack, PreprocessingConfiguration configuration, IProgress<PreprocessingProgress>? progress = null, CancellationToken cancellation = default)
    {
        var sections = stack.Shape.Z;
        if (sections < 2)
            throw new BadInputException($"a stack of {sections} section: preprocessing compares sections, at least 2 are needed");
        var floats = stack.ToFloat32();
        RequireFinite(floats);
        var notices = new List<string>();
        var seconds = new Dictionary<string, double>();
        var clock = Stopwatch.StartNew();
        IProgress<int>? Step(string name) => progress is null ? null : new Steps(progress, name, sections);
        void Ended(string name)
        {
            seconds[name] = Math.Round(clock.Elapsed.TotalSeconds, 3);
            clock.Restart();
        }

        IReadOnlyList<SectionIntensity>? intensities = null;
        if (configuration.Normalisation is { } normalisation)
        {
            intensities = IntensityNormalisation.Estimate(floats, normalisation, cancellation);
            foreach (var (z, gain, _) in intensities)
            {
                if (gain >= normalisation.MaxGain || gain <= 1 / normalisation.MaxGain)
                    notices.Add(string.Create(CultureInfo.InvariantCulture, $"section {z}: contrast far from its neighbours', changed by the bound of {gain:0.###} only"));
            }
            floats = IntensityNormalisation.Apply(floats, intensities);
            Step("normalise")?.Report(sections);
            Ended("normalise");
        }

        var transforms = new SectionTransforms([.. Enumerable.Range(0, sections).Select(z => SectionTransform.Shift(z, 0, 0, 1, "not aligned"))]);
        if (configuration.Alignment is { } alignment)
        {
            transforms = PhaseCorrelationAlignment.Estimate(floats, alignment, Step("align"), cancellation);
            foreach (var section in transforms.Sections)
            {
                if (section.Confidence == 0)
                    notices.Add($"section {section.Z}: {section.Reason}");
            }
            Ended("align");
            floats = SectionResampling.Apply(floats, transforms, alignment.Interpolation, cancellation);
            Step("move")?.Report(sections);
            Ended("move");
        }

        var result = floats.ConvertTo(stack.VoxelType);
        double? noise = null;
        if (configuration.Denoising is { } denoising)
        {
            (result, noise) = NonLocalMeansDenoising.Apply(result, denoising, Step("denoise"), cancellation);
            Ended("denoise");
        }

        List<double> lengths = [.. transforms.Sections.Select(s => Math.Sqrt(s.ShiftX * s.ShiftX + s.ShiftY * s.ShiftY))];
        var report = new PreprocessingReport(
            configuration, intensities, transforms.Sections.Count(s => !s.IsIdentity), LocalTrend.Median([.. lengths]), lengths.Max(), noise, notices, seconds);
        return new PreprocessingResult(result, transforms, report);
    }

    private static void RequireFinite(Volume<float> stack)
    {
        for (var z = 0; z < stack.Shape.Z; z++)
        {
            ReadOnlySpan<float> section = stack.Section(z);
            if (TensorPrimitives.IsFiniteAll(section))
                continue;
            var at = 0;
            while (float.IsFinite(section[at]))
                at++;
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture,
                $"{stack.Provenance.Source}: voxel z {z}, y {at / stack.Shape.X}, x {at % stack.Shape.X} is {section[at]}; replace such voxels before preprocessing"));
        }
    }

    private sealed class Steps(IProgress<PreprocessingProgress> progress, string name, int total) : IProgress<int>
    {
        public void Report(int value) => progress.Report(new PreprocessingProgress(name, value, total));
    }
}
