namespace VisionCell.Scenes;

/// <summary>What a layer of a Neuroglancer scene shows.</summary>
public enum NeuroglancerKind
{
    /// <summary>Grey values, in sections and as a translucent volume.</summary>
    Image,

    /// <summary>The sections as they were acquired, in place of the reconstruction; hidden at first.</summary>
    Raw,

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
/// <param name="Objects">Of labels: the surfaces of objects in space; null for none.</param>
public sealed record NeuroglancerLayer(string Name, NeuroglancerKind Kind, string Folder, (double Low, double High) Window, NeuroglancerObjects? Objects = null)
{
    /// <summary>The folder's name where the page sees it.</summary>
    internal string Mount => Kind == NeuroglancerKind.Mesh ? $"{Name}.mesh" : $"{Name}.zarr";

    /// <summary>The name of the objects' folder where the page sees it.</summary>
    internal string ObjectsMount => $"{Name}.mesh";
}

/// <summary>Surfaces of the objects of a label volume.</summary>
/// <param name="Folder">Folder that <see cref="NeuroglancerLevels"/> wrote.</param>
/// <param name="Shown">Numbers of those that are shown at first.</param>
/// <param name="AreAll">Whether those are all of them.</param>
public sealed record NeuroglancerObjects(string Folder, IReadOnlyList<ulong> Shown, bool AreAll);
