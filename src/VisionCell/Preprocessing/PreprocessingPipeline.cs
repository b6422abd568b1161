using System.Diagnostics;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>One report of running work.</summary>
/// <param name="Step">What is being done: <c>scan</c>, <c>align</c>, <c>learn</c> or <c>finish</c>.</param>
/// <param name="Done">Sections done; while a network learns, thousandths of its training.</param>
/// <param name="Total">Sections in all; while a network learns, 1000.</param>
public readonly record struct PreprocessingProgress(string Step, int Done, int Total);

/// <summary>A preprocessed stack with everything that was done to it.</summary>
/// <param name="Volume">The stack, in the voxel type it came in; its <see cref="Volumes.Volume.Unobserved"/> are the sections that are not the microscope's.</param>
/// <param name="Transforms">Where the pixels of each section came from.</param>
/// <param name="Alignment">All that alignment found; null where nothing was aligned.</param>
/// <param name="Report">What was found and done.</param>
public sealed record PreprocessingResult(Volume Volume, SectionTransforms Transforms, AlignmentResult? Alignment, PreprocessingReport Report);

/// <summary>
/// Prepares a stack <c>[Z, Y, X]</c> as it came from the microscope. First the stack is read once, and what is wrong with it is decided
/// (<see cref="PreprocessingPlan"/>); then sections are aligned; then each is made in one go from the original: stripes, shading and flicker taken out, moved (the only
/// resampling), replaced where lost, denoised, clipped, contrast evened out. Between the steps values are single
/// precision; at the end they are rounded and clamped to the type that they came in. No section is dropped or added.
/// For stacks larger than memory see <see cref="StackPreprocessing"/>.
/// </summary>
public static class PreprocessingPipeline
{
    // Damage and flicker are told by the neighbours on both sides.
    private const int FewestSections = 3;

    private const int ResidualSections = 5;

    /// <summary>Runs the steps on a stack in memory.</summary>
    /// <param name="stack">Sections <c>[Z, Y, X]</c>.</param>
    /// <param name="configuration">Which steps, and how.</param>
    /// <param name="progress">Told step and section.</param>
    /// <param name="positions">Centre of each section along z, nm; null where the stack says it, or they are evenly spaced.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">Fewer than three sections, sections too small, all blank or lost, positions that do not fit, or a voxel that is not a number (named).</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static PreprocessingResult Run(
        Volume stack, PreprocessingConfiguration configuration, IProgress<PreprocessingProgress>? progress = null, IReadOnlyList<double>? positions = null,
        CancellationToken cancellation = default)
    {
        Require(stack.Shape, stack.Provenance.Source);
        var seconds = new Dictionary<string, double>();
        var source = new VolumeSections(stack.ToFloat32());
        var layout = LayoutOf(stack.Provenance, stack.Shape.Z, positions);
        var clock = Stopwatch.StartNew();

        var features = new List<SectionFeatures>();
        Scan(source, stack.Provenance.Source, features, _ => { }, progress, cancellation);
        var plan = PreprocessingPlan.Make(source, features, configuration, cancellation);
        Ended("scan", clock, seconds);

        var corrected = new CorrectedSections(source, configuration, plan);
        var alignment = Align(corrected, configuration, plan, layout, progress, cancellation);
        Ended("align", clock, seconds);

        var (transforms, fields) = Described(alignment, configuration, plan, stack.Shape.Z);
        using var chain = new SectionChain(corrected, stack.VoxelSize, layout, stack.VoxelType, configuration, plan, transforms, fields);
        if (chain.Learn(null, progress, cancellation))
            Ended("learn", clock, seconds);
        var result = NewVolume(stack, ProvenanceOf(stack.Provenance, configuration, plan, layout));
        chain.Run(0, stack.Shape.Z, (z, section) =>
        {
            Store(section, result, z);
            progress?.Report(new PreprocessingProgress("finish", z + 1, stack.Shape.Z));
        }, cancellation);
        Ended("finish", clock, seconds);
        var summary = alignment is null ? null : AlignmentSummary.Of(alignment);
        return new PreprocessingResult(result, transforms, alignment, ReportOf(configuration, plan, summary, transforms, chain, seconds, cancellation));
    }

    /// <summary>Whether a stack can be preprocessed at all.</summary>
    internal static void Require(Shape3 shape, string name)
    {
        if (shape.Z < FewestSections)
            throw new BadInputException($"{name}: a stack of {shape.Z} section(s): damage and flicker are told by the neighbours on both sides, so that at least {FewestSections} are needed");
        if (shape.Y < 16 || shape.X < 16)
            throw new BadInputException($"{name}: sections of {shape.Y} x {shape.X} pixels: at least 16 x 16 are needed to compare them");
    }

    /// <summary>Where sections lie and which were observed before anything is done.</summary>
    internal static SectionLayout LayoutOf(Provenance provenance, int count, IReadOnlyList<double>? positions)
    {
        var known = provenance.Sections?.Count == count ? provenance.Sections : null;
        return new SectionLayout(count, positions ?? known?.PositionsNm, known?.Unobserved);
    }

    /// <summary>Features of the sections from the first that is missing on.</summary>
    internal static void Scan(
        ISectionSource source, string name, List<SectionFeatures> features, Action<SectionFeatures> found, IProgress<PreprocessingProgress>? progress, CancellationToken cancellation)
    {
        if (features.Count == source.Count)
            return;
        try
        {
            cancellation.ThrowIfCancellationRequested();
            var scanner = new SectionScanner(source, features.Count);
            while (features.Count < source.Count)
            {
                cancellation.ThrowIfCancellationRequested();
                features.Add(scanner.Next());
                found(features[^1]);
                progress?.Report(new PreprocessingProgress("scan", features.Count, source.Count));
            }
        }
        catch (BadInputException e) when (e.Message.StartsWith("voxel ", StringComparison.Ordinal))
        {
            throw new BadInputException($"{name}: {e.Message}", e);
        }
    }

    internal static AlignmentResult? Align(
        CorrectedSections corrected, PreprocessingConfiguration configuration, PreprocessingPlan plan, SectionLayout layout, IProgress<PreprocessingProgress>? progress, CancellationToken cancellation) =>
        configuration.Alignment is not { } alignment ? null : SectionAlignment.Estimate(
            corrected, alignment, (plan.Damage?.Lost ?? new HashSet<int>()).Concat(layout.Unobserved).ToHashSet(),
            progress is null ? null : new Runs.Relay<int>(done => progress.Report(new PreprocessingProgress("align", done, corrected.Count))), cancellation);

    /// <summary>The transforms with what became of each section.</summary>
    internal static (SectionTransforms Transforms, IReadOnlyList<ElasticField?> Fields) Described(AlignmentResult? alignment, PreprocessingConfiguration configuration, PreprocessingPlan plan, int count) =>
        (Described(alignment?.Transforms ?? new SectionTransforms([.. Enumerable.Range(0, count).Select(z => SectionTransform.Shift(z, 0, 0, 1, "not aligned"))]), configuration, plan),
            alignment?.Fields ?? new ElasticField?[count]);

    private static SectionTransforms Described(SectionTransforms transforms, PreprocessingConfiguration configuration, PreprocessingPlan plan)
    {
        var damage = (plan.Damage?.Sections ?? []).ToDictionary(s => s.Z);
        return new SectionTransforms([.. transforms.Sections.Select(section =>
        {
            if (!damage.TryGetValue(section.Z, out var damaged))
                return section;
            var status = !damaged.IsLost ? SectionStatus.Kept : configuration.Damage!.Action switch
            {
                DamageAction.Replace => SectionStatus.Replaced,
                DamageAction.Exclude => SectionStatus.Excluded,
                _ => SectionStatus.Kept,
            };
            return section with { Status = status, Reason = $"{damaged}; {section.Reason}" };
        })]);
    }

    /// <summary>What was done, and the layout of the result.</summary>
    internal static Provenance ProvenanceOf(Provenance provenance, PreprocessingConfiguration configuration, PreprocessingPlan plan, SectionLayout layout)
    {
        var lost = plan.Lost(configuration);
        if (plan.StripeAngle is { } angle)
            provenance = provenance.With(FormattableString.Invariant($"stripes at {angle:0.#} degrees taken out"));
        if (plan.Shadings?.Any(s => s is not null) == true)
            provenance = provenance.With("shading taken out");
        if (plan.Intensities is not null)
            provenance = provenance.With("intensity normalised");
        if (configuration.Alignment is { } alignment)
            provenance = provenance.With($"sections moved ({alignment.Interpolation})");
        if (lost.Count > 0)
            provenance = provenance.With($"damaged sections {(configuration.Damage!.Action == DamageAction.Replace ? "replaced" : "excluded")}: {string.Join(", ", lost.Order())}");
        if (configuration.Denoising is { } denoising && plan.Noise is > 0)
            provenance = provenance.With(denoising.Describe(plan.Noise.Value));
        if (configuration.Clipping is not null && plan.Bounds is { } bounds)
            provenance = provenance.With(FormattableString.Invariant($"clipped to {bounds.Low:0.###} to {bounds.High:0.###}"));
        if (configuration.Equalisation is { } equalisation)
            provenance = provenance.With(FormattableString.Invariant($"local contrast evened out, tile {equalisation.Tile}, limit {equalisation.ClipLimit:0.##}"));
        var unobserved = lost.Concat(layout.Unobserved).ToHashSet();
        return provenance with
        {
            Sections = unobserved.Count > 0 || layout.PositionsNm is not null ? new SectionLayout(layout.Count, layout.PositionsNm, unobserved) : null,
        };
    }

    internal static PreprocessingReport ReportOf(
        PreprocessingConfiguration configuration, PreprocessingPlan plan, AlignmentSummary? alignment, SectionTransforms transforms, SectionChain chain,
        IReadOnlyDictionary<string, double> seconds, CancellationToken cancellation)
    {
        var sections = transforms.Sections;
        ResidualReport? residual = null;
        if (configuration.Denoising is not null && plan.Noise is > 0)
            residual = chain.Residual(Math.Max(0, (sections.Count - ResidualSections) / 2), Math.Min(ResidualSections, sections.Count), cancellation);
        var lengths = sections.Select(s => Math.Sqrt(s.ShiftX * s.ShiftX + s.ShiftY * s.ShiftY)).ToArray();
        var named = (plan.Damage?.Sections ?? []).Select(s => s.Z).ToHashSet();
        return new PreprocessingReport(
            configuration, plan, alignment, sections.Count(s => !s.IsIdentity), Ordered.Median(lengths), lengths.Max(),
            [.. sections.Where(s => s.Status == SectionStatus.Replaced).Select(s => s.Z)],
            [.. sections.Where(s => s.Status == SectionStatus.Excluded).Select(s => s.Z)],
            residual,
            [.. plan.Notices, .. sections.Where(s => s.Confidence == 0 && !named.Contains(s.Z)).Select(s => $"section {s.Z}: {s.Reason}")],
            seconds);
    }

    internal static void Ended(string step, Stopwatch clock, Dictionary<string, double> seconds)
    {
        seconds[step] = Math.Round(clock.Elapsed.TotalSeconds, 3);
        clock.Restart();
    }

    private static Volume NewVolume(Volume like, Provenance provenance) => like.VoxelType switch
    {
        VoxelType.UInt8 => new Volume<byte>(like.Shape, like.VoxelSize, like.Origin, provenance),
        VoxelType.UInt16 => new Volume<ushort>(like.Shape, like.VoxelSize, like.Origin, provenance),
        _ => new Volume<float>(like.Shape, like.VoxelSize, like.Origin, provenance),
    };

    private static void Store(float[] section, Volume target, int z)
    {
        switch (target)
        {
            case Volume<byte> bytes:
                SectionChain.Store(section, VoxelType.UInt8, bytes.Section(z));
                break;
            case Volume<ushort> words:
                SectionChain.Store(section, VoxelType.UInt16, System.Runtime.InteropServices.MemoryMarshal.AsBytes(words.Section(z)));
                break;
            case Volume<float> floats:
                section.CopyTo(floats.Section(z));
                break;
        }
    }
}
