namespace VisionCell.Scenes;

/// <summary>What a layer of a Neuroglancer scene shows.</summary>
public enum NeuroglancerKind
{
    /// <summary>Grey values, in sections and as a translucent volume.</summary>
    Image,

    /// <summary>An uncertainty: transparent where it is low, red where it is high.</summary>
    Uncertainty,

    /// <summary>Whole numbers that name objects; 0 is none.</summary>
    Labels,

    /// <summary>A surface.</summary>
    Mesh,
}

/// <summary>One layer.</summary>
/// <param name="Name">What the viewer calls it.</param>
/// <param name="Kind">What it shows.</param>
/// <param name="Folder">OME-Zarr image, or folder that <see cref="NeuroglancerMesh"/> wrote.</param>
/// <param name="Window">Grey levels that are black and white, in the units of the volume; for a mesh of no meaning.</param>
public sealed record NeuroglancerLayer(string Name, NeuroglancerKind Kind, string Folder, (double Low, double High) Window)
{
    /// <summary>The folder's name where the page sees it.</summary>
    internal string Mount => Kind == NeuroglancerKind.Mesh ? $"{Name}.mesh" : $"{Name}.zarr";
}
