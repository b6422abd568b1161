using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>What is done to a stack before it is reconstructed, in this order; a step that is null is left out.</summary>
public sealed record PreprocessingConfiguration
{
    /// <summary>Damaged sections are looked for, and kept, excluded or replaced.</summary>
    public DamageConfiguration? Damage { get; init; } = new();

    /// <summary>Stripes are taken out.</summary>
    public DestripingConfiguration? Destriping { get; init; }

    /// <summary>Uneven background is taken out.</summary>
    public ShadingConfiguration? Shading { get; init; }

    /// <summary>Flicker between sections is taken out.</summary>
    public NormalisationConfiguration? Normalisation { get; init; } = new();

    /// <summary>Sections are aligned.</summary>
    public AlignmentConfiguration? Alignment { get; init; } = new();

    /// <summary>Sections are denoised.</summary>
    public DenoisingConfiguration? Denoising { get; init; } = new();

    /// <summary>Outlying grey values are cut off.</summary>
    public ClippingConfiguration? Clipping { get; init; }

    /// <summary>Local contrast is evened out.</summary>
    public EqualisationConfiguration? Equalisation { get; init; }

    /// <summary>The same with sections denoised in another way; what is configured for that way stays.</summary>
    /// <param name="method"><c>none</c>, <c>non-local-means</c> or <c>blind-spot</c>.</param>
    /// <param name="steps">Steps of training of a network that is not configured; null for its default.</param>
    /// <exception cref="BadInputException">There is no such method, or the steps are out of range.</exception>
    public PreprocessingConfiguration WithDenoising(string method, int? steps = null) => method switch
    {
        "none" => this with { Denoising = null },
        "non-local-means" => Denoising is { Method: DenoisingMethod.NonLocalMeans } ? this : this with { Denoising = new DenoisingConfiguration() },
        "blind-spot" => Denoising is { Method: DenoisingMethod.BlindSpot } ? this
            : this with { Denoising = new DenoisingConfiguration(method: DenoisingMethod.BlindSpot, blindSpot: new BlindSpotTraining(steps)) },
        _ => throw new BadInputException($"denoising '{method}': give none, non-local-means or blind-spot"),
    };
}

/// <summary>Configurations for the usual ways to take a stack.</summary>
public static class Presets
{
    /// <summary>
    /// Focused ion beam and scanning electron microscope: thin sections of one block face, with curtains where the beam milled unevenly. Small shifts; the
    /// beam's noise shows.
    /// </summary>
    public static PreprocessingConfiguration FibSem { get; } = new()
    {
        Destriping = new DestripingConfiguration(),
        Alignment = new AlignmentConfiguration(maxShift: 8, model: AlignmentModel.Translation),
    };

    /// <summary>
    /// Serial block face: thicker sections of one block face, scratched by the knife, low dose, so that noise is stronger and charging shifts whole sections.
    /// </summary>
    public static PreprocessingConfiguration SerialBlockFace { get; } = new()
    {
        Destriping = new DestripingConfiguration(),
        Shading = new ShadingConfiguration(),
        Alignment = new AlignmentConfiguration(maxShift: 16, model: AlignmentModel.Translation),
        Denoising = new DenoisingConfiguration(strength: 1.2),
    };

    /// <summary>
    /// Serial sections in a transmission microscope: each section is laid, compressed and exposed by itself, so that shifts are large, sections
    /// are turned and distorted, and contrast varies; little noise, which is left alone.
    /// </summary>
    public static PreprocessingConfiguration SerialSectionTem { get; } = new()
    {
        Shading = new ShadingConfiguration(),
        Normalisation = new NormalisationConfiguration(maxGain: 2),
        Alignment = new AlignmentConfiguration(maxShift: 64, elastic: new ElasticConfiguration()),
        Denoising = null,
    };

    /// <summary>The presets by the names that the command line knows.</summary>
    public static IReadOnlyDictionary<string, PreprocessingConfiguration> All { get; } = new Dictionary<string, PreprocessingConfiguration>
    {
        ["fib-sem"] = FibSem,
        ["sbf-sem"] = SerialBlockFace,
        ["ss-tem"] = SerialSectionTem,
    };

    /// <summary>A preset by name.</summary>
    /// <exception cref="BadInputException">There is none of that name.</exception>
    public static PreprocessingConfiguration Parse(string name) =>
        All.TryGetValue(name, out var preset) ? preset : throw new BadInputException($"preset '{name}': known are {string.Join(", ", All.Keys)}");
}
