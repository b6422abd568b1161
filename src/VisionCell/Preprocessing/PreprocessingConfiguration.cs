using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>What is done to a stack before it is reconstructed, in this order; a step that is null is left out.</summary>
public sealed record PreprocessingConfiguration
{
    /// <summary>Flicker between sections is taken out.</summary>
    public NormalisationConfiguration? Normalisation { get; init; } = new();

    /// <summary>Sections are aligned.</summary>
    public AlignmentConfiguration? Alignment { get; init; } = new();

    /// <summary>Sections are denoised.</summary>
    public DenoisingConfiguration? Denoising { get; init; } = new();
}

/// <summary>Configurations for the usual ways to take a stack.</summary>
public static class Presets
{
    /// <summary>
    /// Focused ion beam and scanning electron microscope: thin sections of one block face. Small shifts; the beam's noise shows.
    /// </summary>
    public static PreprocessingConfiguration FibSem { get; } = new()
    {
        Alignment = new AlignmentConfiguration(maxShift: 8),
    };

    /// <summary>Serial block face: thicker sections of one block face, low dose, so that noise is stronger and charging shifts whole sections.</summary>
    public static PreprocessingConfiguration SerialBlockFace { get; } = new()
    {
        Alignment = new AlignmentConfiguration(maxShift: 16),
        Denoising = new DenoisingConfiguration(strength: 1.2),
    };

    /// <summary>
    /// Serial sections in a transmission microscope: each section is laid and exposed by itself, so that shifts are large and contrast
    /// varies; little noise, which is left alone.
    /// </summary>
    public static PreprocessingConfiguration SerialSectionTem { get; } = new()
    {
        Normalisation = new NormalisationConfiguration(maxGain: 2),
        Alignment = new AlignmentConfiguration(maxShift: 64),
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
