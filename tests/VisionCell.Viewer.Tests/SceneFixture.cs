using VisionCell.Scenes;
using VisionCell.Volumes;

namespace VisionCell.Viewer.Tests;

/// <summary>A specimen of two balls and a tube in an anisotropic volume, exported as users do and read back by the package's own classes.</summary>
public sealed class SceneFixture : IDisposable
{
    public SceneFixture()
    {
        Folder = Directory.CreateTempSubdirectory("vc-unity-").FullName;
        Specimen = Make();
        var labels = Specimen.Map(v => (ushort)(v > 140 ? 40_000 : 0));
        var uncertainty = Specimen.Map(v => v * 0.37f - 12);
        // Every fourth section, each as thick as the gap.
        var raw = new Volume<byte>(new Shape3(8, 50, 75), new VoxelSize(80, 10, 8), Specimen.Origin, Provenance.Of("raw"));
        for (var z = 0; z < 8; z++)
            Specimen.Section(4 * z).CopyTo(raw.Section(z));
        UnityScene.Write(new UnityInput(Specimen, labels, uncertainty, Raw: raw), Folder, options: new UnityOptions { BrickEdge = 14 });
        Manifest = SceneManifest.Parse(File.ReadAllText(Path.Combine(Folder, "scene.json")));
        Labels = labels;
        Raw = raw;
        Uncertainty = uncertainty;
    }

    public string Folder { get; }

    public Volume<byte> Specimen { get; }

    public Volume<ushort> Labels { get; }

    /// <summary>The sections as they were acquired.</summary>
    public Volume<byte> Raw { get; }

    public Volume<float> Uncertainty { get; }

    public SceneManifest Manifest { get; }

    public VolumeInfo Image => Manifest.Volumes.Single(v => v.Kind == VolumeKind.Image);

    public BrickFile Open(VolumeInfo volume, int level) => new(File.OpenRead(Path.Combine(Folder, volume.Levels[level].File)));

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static Volume<byte> Make()
    {
        // No side a multiple of the brick's, and unequal edges.
        var volume = new Volume<byte>(new Shape3(31, 50, 75), new VoxelSize(20, 10, 8), new Position(300, -70, 45), Provenance.Of("specimen"));
        for (var z = 0; z < 31; z++)
        {
            for (var y = 0; y < 50; y++)
            {
                for (var x = 0; x < 75; x++)
                {
                    double nx = x * 8, ny = y * 10, nz = z * 20;
                    double Ball(double cx, double cy, double cz, double r) => 1 / (1 + Math.Exp((Math.Sqrt((nx - cx) * (nx - cx) + (ny - cy) * (ny - cy) + (nz - cz) * (nz - cz)) - r) / 12));
                    var tube = 1 / (1 + Math.Exp((Math.Sqrt((ny - 330) * (ny - 330) + (nz - 200) * (nz - 200)) - 50) / 10));
                    volume[z, y, x] = (byte)Math.Clamp(20 + 180 * Ball(200, 180, 260, 130) + 120 * Ball(430, 250, 400, 90) + 90 * tube, 0, 255);
                }
            }
        }
        return volume;
    }
}
