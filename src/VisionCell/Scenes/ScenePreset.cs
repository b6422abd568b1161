using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>How a kind of specimen is shown: material, light, background, colour of what is written.</summary>
/// <param name="Name">As the command line takes it.</param>
/// <param name="Material">Of surfaces.</param>
/// <param name="Lights">Suns.</param>
/// <param name="Environment">Light from all around.</param>
/// <param name="Background">sRGB.</param>
/// <param name="Ink">Of scale bar, axes and labels, sRGB.</param>
public sealed record ScenePreset(string Name, SceneMaterial Material, IReadOnlyList<SceneLight> Lights, SceneEnvironment Environment, string Background, string Ink)
{
    /// <summary>Warm matt surfaces under soft light on white: organelles and cells, for print.</summary>
    public static ScenePreset CellBiology { get; } = new("cell-biology",
        new SceneMaterial("#d8957a", Roughness: 0.55, Specular: 0.35),
        [new SceneLight(new Vector3(0.5, 0.6, 0.8), 2.4, AngleDegrees: 15), new SceneLight(new Vector3(-0.8, 0.2, 0.6), 0.7, "#dfe8ff", 30)],
        new SceneEnvironment(Strength: 0.45), "#ffffff", "#202020");

    /// <summary>Cool surfaces with a rim of light on near black: thin processes, for screens.</summary>
    public static ScenePreset Neuropil { get; } = new("neuropil",
        new SceneMaterial("#7fb2d0", Roughness: 0.4, Specular: 0.5),
        [new SceneLight(new Vector3(0.5, 0.6, 0.8), 2.2, AngleDegrees: 8), new SceneLight(new Vector3(-0.6, -0.5, -0.3), 1.5, "#ffd9b0", 12)],
        new SceneEnvironment("#a8c0e0", 0.3), "#101418", "#f0f0f0");

    /// <summary>Grey, half metallic surfaces under hard light: grains, pores, fibres.</summary>
    public static ScenePreset Materials { get; } = new("materials",
        new SceneMaterial("#b4b8be", Roughness: 0.35, Metallic: 0.4, Specular: 0.5),
        [new SceneLight(new Vector3(0.6, 0.7, 0.6), 3.2, AngleDegrees: 3)],
        new SceneEnvironment("#eef2f8", 0.5), "#f4f4f2", "#202020");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ScenePreset> All { get; } = [CellBiology, Neuropil, Materials];

    /// <summary>The preset of a name.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public static ScenePreset Named(string name) => All.FirstOrDefault(p => p.Name == name)
        ?? throw new BadInputException($"preset '{name}': known are {string.Join(", ", All.Select(p => p.Name))}");
}
