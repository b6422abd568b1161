using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>What a file says about the volume it holds, read without decoding its voxels.</summary>
/// <param name="Path">The file or folder as it was asked for.</param>
/// <param name="Format">Format and variant, for example "BigTIFF (OME)" or "OME-Zarr 0.4".</param>
/// <param name="Shape">Number of voxels along z, y, x.</param>
/// <param name="VoxelType">How a voxel is stored.</param>
/// <param name="VoxelSize">Voxel size in nm, or <c>null</c> where the file does not state all three edges.</param>
/// <param name="Origin">Centre of voxel (0, 0, 0) in nm; zero where the file does not say.</param>
/// <param name="Axes">The axes as the file names them, slowest first, for example "zyx" or "tczyx".</param>
/// <param name="Notes">What else the metadata say, one line each.</param>
/// <param name="Notices">What reading changes or takes for granted, one line each; the user has to see these.</param>
public sealed record VolumeInfo(
    string Path,
    string Format,
    Shape3 Shape,
    VoxelType VoxelType,
    VoxelSize? VoxelSize,
    Position Origin,
    string Axes,
    IReadOnlyList<string> Notes,
    IReadOnlyList<string> Notices);
