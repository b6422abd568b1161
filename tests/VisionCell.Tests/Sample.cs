using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests;

/// <summary>The real samples that the repository carries.</summary>
internal static class Sample
{
    /// <summary>The repository's folder: the first above the test that holds the solution.</summary>
    public static string Repository { get; } = Above(AppContext.BaseDirectory);

    /// <summary>A box of the FIB-SEM sample of the medulla, 10 nm isotropic.</summary>
    public static Volume<float> Medulla(Box box) =>
        VolumeFormats.Read(Path.Combine(Repository, "data-manifests", "samples", "medulla-sample.tif"), new VoxelSize(10, 10, 10)).ToFloat32().Crop(box);

    private static string Above(string folder) =>
        File.Exists(Path.Combine(folder, "VisionCell.slnx")) ? folder : Above(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests run outside the repository"));
}
