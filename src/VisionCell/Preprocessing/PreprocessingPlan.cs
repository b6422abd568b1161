using System.Globalization;
using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>
/// Everything that is decided about a stack before its first section is changed, but where sections are moved: with the transforms it says, section by section, what is
/// done. It is data, so that an interrupted run goes on with the same decisions, and a step can be undone.
/// </summary>
/// <param name="Damage">Damaged sections; null where none were looked for.</param>
/// <param name="StripeAngle">Direction of the stripes that are taken out, degrees; null for none.</param>
/// <param name="StripeStrength">Root mean square of the stripes in up to eight sections, grey values; 0 for none.</param>
/// <param name="StripesGoOn">Whether the stripes of a section go on in the next ones, so that these do not tell stripe from structure.</param>
/// <param name="Shadings">Shading of each section; null where none is taken out.</param>
/// <param name="Intensities">Gain and offset of each section; null where none are changed.</param>
/// <param name="Bounds">Grey values that are clipped to, or between which contrast is evened out; null where neither is done.</param>
/// <param name="Noise">Standard deviation of the noise that is denoised for, grey values; null where nothing is denoised.</param>
/// <param name="Notices">What a user should look at.</param>
public sealed record PreprocessingPlan(
    DamageReport? Damage, double? StripeAngle, double StripeStrength, bool StripesGoOn, IReadOnlyList<Shading?>? Shadings, IReadOnlyList<SectionIntensity>? Intensities,
    GreyBounds? Bounds, double? Noise, IReadOnlyList<string> Notices)
{
    // Correlation of the stripes of neighbours from which on they are the same ones: drawn anew in each section they reach a third, by what structure is taken for stripe.
    private const double Shared = 0.5;

    /// <summary>Indices of the sections whose content is not used.</summary>
    /// <param name="configuration">Says what is done with damaged sections.</param>
    public IReadOnlySet<int> Lost(PreprocessingConfiguration configuration) =>
        Damage is not null && configuration.Damage?.Action != DamageAction.Keep ? Damage.Lost : new HashSet<int>();

    /// <summary>Decides.</summary>
    /// <param name="source">The stack.</param>
    /// <param name="features">Of every section.</param>
    /// <param name="configuration">What is asked for.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">Every section is blank, or lost to damage.</exception>
    public static PreprocessingPlan Make(
        ISectionSource source, IReadOnlyList<SectionFeatures> features, PreprocessingConfiguration configuration, CancellationToken cancellation = default)
    {
        var notices = new List<string>();
        if (!features.Any(f => f.HasContrast))
            throw new BadInputException(FormattableString.Invariant($"all {features.Count} sections are blank (grey value {features[0].Mean:0.###}): there is nothing to preprocess"));
        var damage = configuration.Damage is { } looked ? DamageDetection.Judge(features, looked) : null;
        foreach (var section in damage?.Sections ?? [])
            notices.Add($"section {section.Z}: {section}");
        foreach (var gap in damage?.Gaps ?? [])
            notices.Add(gap.Text);
        if (damage is { Compared: false })
            notices.Add($"{features.Count} sections are too few to judge them by their neighbours: only blank sections and copies are found");

        // Estimates leave damaged sections out even where they are kept.
        var damaged = damage?.Lost ?? new HashSet<int>();
        if (damaged.Count > features.Count - 2)
            throw new BadInputException($"{damaged.Count} of {features.Count} sections are damaged (section {damage!.Sections[0].Z}: {damage.Sections[0]}): fewer than two are left");

        var (angle, strength, goOn) = Stripes(source, damaged, configuration.Destriping, notices, cancellation);
        var shadings = configuration.Shading is { } shading ? ShadingCorrection.Estimate(features, damaged, shading, notices) : null;
        IReadOnlyList<SectionIntensity>? intensities = null;
        if (configuration.Normalisation is { } normalisation)
        {
            intensities = IntensityNormalisation.Estimate([.. features.Select(f => new SectionStatistics(f.Mean, f.Deviation, f.Low, f.High))], damaged, normalisation);
            foreach (var (z, gain, _) in intensities)
            {
                if (gain >= normalisation.MaxGain || gain <= 1 / normalisation.MaxGain)
                    notices.Add(string.Create(CultureInfo.InvariantCulture, $"section {z}: contrast far from its neighbours', changed by the bound of {gain:0.###} only"));
            }
        }
        var bounds = configuration.Clipping is { } clipping ? PercentileClipping.Estimate(features, intensities, damaged, clipping)
            : configuration.Equalisation is not null ? PercentileClipping.Estimate(features, intensities, damaged, new ClippingConfiguration(0, 100))
            : null;
        double? noise = configuration.Denoising is { } denoising
            ? denoising.Noise ?? Ordered.Median(features.Where(f => f.HasContrast && !damaged.Contains(f.Z)).Select(f => f.Noise * (intensities?[f.Z].Gain ?? 1)))
            : null;
        return new PreprocessingPlan(damage, angle, strength, goOn, shadings, intensities, bounds, noise, notices);
    }

    private static (double? Angle, double Strength, bool GoOn) Stripes(
        ISectionSource source, IReadOnlySet<int> damaged, DestripingConfiguration? configuration, List<string> notices, CancellationToken cancellation)
    {
        if (configuration is null)
            return (null, 0, false);
        if (source.Height < 32 || source.Width < 32)
        {
            notices.Add($"stripes are not looked for: sections of {source.Height} x {source.Width} pixels are too small");
            return (null, 0, false);
        }
        var found = StripeDirection.Detect(source, damaged, cancellation);
        if ((configuration.Angle ?? found.Angle) is not { } angle)
            return (null, 0, false);
        var filter = new Destriping(source.Height, source.Width, configuration, angle);
        var section = new float[source.Height * source.Width];
        var (stripes, ofNext) = (new float[section.Length], new float[section.Length]);
        var (squares, squaresOfNext, products, count) = (0.0, 0.0, 0.0, 0);
        foreach (var z in StripeDirection.Choose(source.Count, damaged))
        {
            cancellation.ThrowIfCancellationRequested();
            source.Read(z, section);
            squares += Math.Pow(filter.Estimate(section, stripes), 2);
            count++;
            var next = z + 1 < source.Count ? z + 1 : z - 1;
            source.Read(next, section);
            squaresOfNext += damaged.Contains(next) ? 0 : Math.Pow(filter.Estimate(section, ofNext), 2);
            products += damaged.Contains(next) ? 0 : TensorPrimitives.Dot<float>(stripes, ofNext) / section.Length;
        }
        // Where no stripes stand out, what is shared is structure.
        var goOn = found.Angle is { } seen && Math.Abs(seen - angle) <= 2 && products > Shared * Math.Sqrt(squares * squaresOfNext);
        return (angle, Math.Sqrt(squares / Math.Max(1, count)), goOn);
    }
}
