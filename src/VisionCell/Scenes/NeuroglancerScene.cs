using System.Text.Json.Nodes;
using VisionCell.Formats;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>What goes into a scene: paths of volumes in any format, and a surface.</summary>
/// <param name="Volume">The grey volume.</param>
/// <param name="VoxelSize">Overrides what the files say, nm.</param>
/// <param name="Labels">A volume of whole numbers that name objects; null for none.</param>
/// <param name="Uncertainty">A volume of uncertainties; null for none.</param>
/// <param name="Surface">A surface, nm; null for none.</param>
/// <param name="Raw">The sections as they were acquired, with a voxel size of their own; null for none.</param>
/// <param name="Objects">How the objects of the labels become surfaces with levels of detail; null for no surfaces.</param>
public sealed record NeuroglancerInput(
    string Volume, VoxelSize? VoxelSize = null, string? Labels = null, string? Uncertainty = null, Mesh? Surface = null, string? Raw = null, LabelSurfaceOptions? Objects = null);

/// <summary>
/// Layers ready for Neuroglancer. An OME-Zarr image is shown from where it lies, whatever its size; any other volume is written as one into
/// a temporary folder, which <see cref="Dispose"/> removes.
/// </summary>
public sealed class NeuroglancerScene : IDisposable
{
    // More chosen objects make the link, which holds their numbers, longer than browsers take.
    private const int MostShown = 300;

    private readonly string? _temporary;

    private NeuroglancerScene(IReadOnlyList<NeuroglancerLayer> layers, VoxelSize voxelSize, ViewState view, string? temporary) =>
        (Layers, VoxelSize, View, _temporary) = (layers, voxelSize, view, temporary);

    /// <summary>The layers, lowest first.</summary>
    public IReadOnlyList<NeuroglancerLayer> Layers { get; }

    /// <summary>Voxel size of the grey volume, nm.</summary>
    public VoxelSize VoxelSize { get; }

    /// <summary>The whole of the volume.</summary>
    public ViewState View { get; }

    /// <summary>The state in which it opens; sources are relative to the page.</summary>
    /// <param name="view">Where one looks from; null for the whole volume.</param>
    public JsonObject State(ViewState? view = null) => NeuroglancerState.Create(Layers, VoxelSize, view ?? View);

    /// <summary>Prepares a scene to be served.</summary>
    /// <exception cref="BadInputException">A volume cannot be read, labels are no whole numbers or missing where surfaces of objects are asked for, or a surface is empty.</exception>
    public static NeuroglancerScene Prepare(NeuroglancerInput input, Action<string>? notice = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var temporary = Directory.CreateTempSubdirectory("visioncell-view-").FullName;
        try
        {
            return Prepare(input, temporary, copy: false, temporary, notice, progress, cancellation);
        }
        catch
        {
            Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    /// <summary>Prepares a scene with all its data in a folder.</summary>
    internal static NeuroglancerScene PrepareIn(string folder, NeuroglancerInput input, Action<string>? notice, IProgress<double>? progress, CancellationToken cancellation) =>
        Prepare(input, folder, copy: true, null, notice, progress, cancellation);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_temporary is not null && Directory.Exists(_temporary))
            Directory.Delete(_temporary, recursive: true);
    }

    private static NeuroglancerScene Prepare(NeuroglancerInput input, string folder, bool copy, string? temporary, Action<string>? notice, IProgress<double>? progress, CancellationToken cancellation)
    {
        if (input.Objects is not null && input.Labels is null)
            throw new BadInputException("surfaces of objects without labels: name the label volume (--labels)");
        var layers = new List<NeuroglancerLayer>();
        (NeuroglancerKind Kind, string Path)[] volumes =
        [
            (NeuroglancerKind.Image, input.Volume),
            .. input.Raw is { } raw ? [(NeuroglancerKind.Raw, raw)] : Array.Empty<(NeuroglancerKind, string)>(),
            .. input.Uncertainty is { } u ? [(NeuroglancerKind.Uncertainty, u)] : Array.Empty<(NeuroglancerKind, string)>(),
            .. input.Labels is { } l ? [(NeuroglancerKind.Labels, l)] : Array.Empty<(NeuroglancerKind, string)>(),
        ];
        foreach (var (kind, path) in volumes)
            layers.Add(Volume(kind, path, kind == NeuroglancerKind.Raw ? null : input.VoxelSize, folder, copy, notice, progress, cancellation));
        if (input.Surface is { } surface)
        {
            var layer = new NeuroglancerLayer("surface", NeuroglancerKind.Mesh, Path.Combine(folder, "surface.mesh"), (0, 1));
            NeuroglancerMesh.Write(new Dictionary<ulong, Mesh> { [1] = surface }, layer.Folder);
            layers.Add(layer);
        }
        if (input.Objects is { } how)
        {
            var at = layers.FindIndex(l => l.Kind == NeuroglancerKind.Labels);
            layers[at] = layers[at] with { Objects = Objects(input.Labels!, input.VoxelSize, how, Path.Combine(folder, layers[at].ObjectsMount), notice, progress, cancellation) };
        }
        var image = OmeZarr.Open(layers[0].Folder);
        var (shape, size, origin) = (image.Info.Shape, image.Info.VoxelSize!.Value, image.Info.Origin);
        var end = new Position(origin.Z + (shape.Z - 1) * size.Z, origin.Y + (shape.Y - 1) * size.Y, origin.X + (shape.X - 1) * size.X);
        // Onto the grid of voxel centres, where a section shows one plane of the file.
        var view = ViewState.Framing(origin, end) with
        {
            PositionNm = [origin.X + shape.X / 2 * size.X, origin.Y + shape.Y / 2 * size.Y, origin.Z + shape.Z / 2 * size.Z],
        };
        return new NeuroglancerScene(layers, size, view, temporary);
    }

    /// <summary>Surfaces of the objects of a label volume, the largest of which are shown at first.</summary>
    private static NeuroglancerObjects Objects(
        string labels, VoxelSize? voxelSize, LabelSurfaceOptions options, string folder, Action<string>? notice, IProgress<double>? progress, CancellationToken cancellation)
    {
        using var sections = SectionedVolume.Open(labels, voxelSize);
        var found = LabelSurfaces.Extract(sections.Reader, sections.VoxelSize, sections.Origin, options, progress, cancellation);
        NeuroglancerLevels.Write([.. found.Select(o => ((ulong)o.Label, o.Mesh))], folder, progress, cancellation);
        if (found.Count > MostShown)
            notice?.Invoke($"{labels}: {found.Count:N0} objects, of which the {MostShown} largest are shown in space at first; a double click on another shows it");
        return new NeuroglancerObjects(folder, [.. found.OrderByDescending(o => o.Voxels).Take(MostShown).Select(o => (ulong)o.Label).Order()], found.Count <= MostShown);
    }

    private static NeuroglancerLayer Volume(NeuroglancerKind kind, string path, VoxelSize? voxelSize, string folder, bool copy, Action<string>? notice, IProgress<double>? progress, CancellationToken cancellation)
    {
        var info = VolumeFormats.Inspect(path);
        if (kind == NeuroglancerKind.Labels && info.VoxelType == VoxelType.Float32)
            throw new BadInputException($"{path}: labels are whole numbers, this volume holds 32-bit floats; convert it to 8 or 16 bit");
        var name = kind switch { NeuroglancerKind.Raw => "raw", NeuroglancerKind.Uncertainty => "uncertainty", NeuroglancerKind.Labels => "labels", _ => "volume" };
        var place = path;
        // Shown as it lies: a multiscale group that says its own voxel size. Neuroglancer reads OME-Zarr 0.4 and 0.5.
        var ready = !copy && voxelSize is null && info.VoxelSize is not null && info.Format is "OME-Zarr 0.4" or "OME-Zarr 0.5" && OmeZarr.Open(path).LevelCount > 1
            && !(kind == NeuroglancerKind.Labels && IsOfMeans(path));
        if (!ready)
        {
            place = Path.Combine(folder, $"{name}.zarr");
            var volume = VolumeFormats.Read(path, voxelSize, notice, null, cancellation);
            // Means of labels are no labels: one level only.
            OmeZarr.Write(volume, place, new OmeZarrOptions { IsMultiscale = kind != NeuroglancerKind.Labels }, progress, cancellation);
        }
        return new NeuroglancerLayer(name, kind, place, kind == NeuroglancerKind.Labels ? (0, 1) : Window(place, kind));
    }

    /// <summary>Whether an image says that its coarser levels are means, as <see cref="OmeZarr"/> writes them.</summary>
    private static bool IsOfMeans(string path)
    {
        var v3 = Path.Combine(path, "zarr.json");
        var attributes = JsonNode.Parse(File.ReadAllText(File.Exists(v3) ? v3 : Path.Combine(path, ".zattrs")));
        var ome = File.Exists(v3) ? attributes?["attributes"]?["ome"] : attributes;
        return (string?)ome?["multiscales"]?[0]?["type"] == "mean";
    }

    /// <summary>Grey levels to show, from the coarsest level; an uncertainty begins at 0.</summary>
    private static (double Low, double High) Window(string path, NeuroglancerKind kind)
    {
        var image = OmeZarr.Open(path);
        var (low, high) = ContrastLimits.Of(image.Read(image.LevelCount - 1).ToFloat32().Data);
        return kind == NeuroglancerKind.Uncertainty ? (Math.Min(0, low), high) : (low, high);
    }
}
