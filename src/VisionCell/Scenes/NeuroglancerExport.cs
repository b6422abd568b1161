using System.Text.Json;
using System.Text.Json.Nodes;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>
/// A folder that any file server shows: Neuroglancer, its data (OME-Zarr and precomputed meshes), <c>state.json</c> with which it opens and
/// <c>view.json</c> for the other viewers. Opened from the disk, without a server, browsers refuse its scripts.
/// </summary>
public static class NeuroglancerExport
{
    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    /// <summary>Writes the folder, or replaces one that holds such an export.</summary>
    /// <param name="input">What it shows.</param>
    /// <param name="folder">Destination.</param>
    /// <param name="view">Where one looks from at first; null for the whole volume.</param>
    /// <param name="notice">Told what the user should know of how files were read.</param>
    /// <param name="progress">Fraction done, 0 to 1.</param>
    /// <param name="cancellation">Stops; nothing is left behind.</param>
    /// <exception cref="BadInputException">Neuroglancer is not bundled, a volume cannot be read, or the folder holds something else.</exception>
    public static void Write(NeuroglancerInput input, string folder, ViewState? view = null, Action<string>? notice = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var bundle = NeuroglancerBundle.Get();
        AtomicWrite.Folder(folder, f => File.Exists(Path.Combine(f, "state.json")), target =>
        {
            using var scene = NeuroglancerScene.PrepareIn(target, input, notice, progress, cancellation);
            foreach (var file in Directory.EnumerateFiles(bundle).Where(f => Path.GetFileName(f)[0] != '.'))
                File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
            Save(Path.Combine(target, "state.json"), scene.State(view));
            (view ?? scene.View).Write(Path.Combine(target, "view.json"));
        });
    }

    private static void Save(string path, JsonObject json) => File.WriteAllText(path, json.ToJsonString(_indented));
}
