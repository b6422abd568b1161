using System.Text.Json;
using System.Text.Json.Nodes;
using VisionCell.Formats;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>What goes into a scene for Unity; volumes are read section by section and need not fit into memory.</summary>
/// <param name="Volume">The grey volume.</param>
/// <param name="Labels">Whole numbers that name objects, of the same field of view; null for none.</param>
/// <param name="Uncertainty">Uncertainty of each voxel; null for none.</param>
/// <param name="Surface">A surface, nm, with the colours of its vertices where it has some; null for none.</param>
/// <param name="IsoValue">Grey value of the surface; null where it is not known.</param>
/// <param name="Raw">The sections as they were acquired, from which the volume was reconstructed; null for none.</param>
public sealed record UnityInput(
    SectionedVolume Volume, SectionedVolume? Labels = null, SectionedVolume? Uncertainty = null, Mesh? Surface = null, double? IsoValue = null, SectionedVolume? Raw = null);

/// <summary>How a scene for Unity is written.</summary>
public sealed record UnityOptions
{
    private readonly int _brickEdge = 30;

    /// <summary>
    /// Voxels along each side of a brick without its border, 14 to 126; 30 by default: with the border 32, a power of two that fills
    /// textures, and 32 KiB of 8-bit voxels, which load in one read.
    /// </summary>
    /// <exception cref="BadInputException">Outside 14 to 126.</exception>
    public int BrickEdge
    {
        get => _brickEdge;
        init => _brickEdge = value is >= 14 and <= 126 ? value : throw new BadInputException($"brick edge {value}: must be 14 to 126 voxels");
    }
}

/// <summary>
/// Writes a folder that the Unity package (src/unity/com.visioncell.viewer) loads: <c>scene.json</c>, bricks of each volume at each level,
/// <c>surface.glb</c> and <c>view.json</c>. Volumes of 32-bit floats are stored in 65,536 steps between their extremes, which the manifest
/// states; labels keep their numbers and have one level, because means of them are none.
/// </summary>
public static class UnityScene
{
    private const int CoarsestEdge = 64;

    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    /// <summary>Writes the folder, or replaces one that holds such a scene.</summary>
    /// <param name="input">What it shows.</param>
    /// <param name="folder">Destination.</param>
    /// <param name="view">Where one looks from at first; null for the whole volume.</param>
    /// <param name="options">Size of bricks.</param>
    /// <param name="progress">Fraction done, 0 to 1.</param>
    /// <param name="cancellation">Stops; nothing is left behind.</param>
    /// <exception cref="BadInputException">Labels are no whole numbers, or the folder holds something else.</exception>
    public static void Write(UnityInput input, string folder, ViewState? view = null, UnityOptions? options = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        if (input.Labels is { VoxelType: VoxelType.Float32 })
            throw new BadInputException("labels are whole numbers, this volume holds 32-bit floats; convert it to 8 or 16 bit");
        var edge = (options ?? new UnityOptions()).BrickEdge;
        (string Name, string Kind, SectionedVolume? Volume)[] all = [("volume", "image", input.Volume), ("raw", "raw", input.Raw), ("uncertainty", "uncertainty", input.Uncertainty), ("labels", "labels", input.Labels)];
        var volumes = all.Where(v => v.Volume is not null).Select(v => (v.Name, v.Kind, Volume: v.Volume!)).ToArray();
        long total = volumes.Sum(v => UnityBricks.Grid(v.Volume.Shape, edge).Count) * 8 / 7 + 1, done = 0;
        void Count() => progress?.Report(Math.Min(1, (double)Interlocked.Increment(ref done) / total));

        AtomicWrite.Folder(folder, f => File.Exists(Path.Combine(f, "scene.json")), target =>
        {
            var described = new JsonArray([.. volumes.Select(v => (JsonNode)Write(v.Name, v.Kind, v.Volume, edge, target, Count, cancellation))]);
            if (input.Surface is { } surface)
                MeshFile.Write(surface, Path.Combine(target, "surface.glb"), new MeshMetadata(input.Volume.VoxelSize, "surface", input.IsoValue, input.Volume.Provenance));
            var manifest = new JsonObject
            {
                ["format"] = "visioncell-scene", ["version"] = 1, ["source"] = input.Volume.Provenance.Source,
                ["volumes"] = described, ["mesh"] = input.Surface is null ? null : "surface.glb", ["isoValue"] = input.IsoValue,
            };
            File.WriteAllText(Path.Combine(target, "scene.json"), manifest.ToJsonString(_indented));
            (view ?? ViewState.Framing(input.Volume.Shape, input.Volume.VoxelSize, input.Volume.Origin)).Write(Path.Combine(target, "view.json"));
        });
    }

    private static JsonObject Write(string name, string kind, SectionedVolume volume, int edge, string folder, Action progress, CancellationToken cancellation)
    {
        var (low, high, least, most) = kind == "labels" ? (0, 1, 0, 1) : volume.Limits(cancellation: cancellation);
        var (stored, offset, factor) = volume.VoxelType == VoxelType.Float32 ? Stored(volume, least, most) : (volume, 0, 1);
        var levels = new JsonArray();
        int[] scale = [1, 1, 1];
        for (var level = stored; ;)
        {
            using var coarser = level == stored ? null : level;
            var file = $"{name}.{levels.Count}.bricks";
            using (var stream = new FileStream(Path.Combine(folder, file), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 16))
                UnityBricks.Write(level, edge, stream, progress, cancellation);
            levels.Add((JsonNode)new JsonObject { ["file"] = file, ["shape"] = Triple(level.Shape.X, level.Shape.Y, level.Shape.Z), ["factor"] = Triple(scale[0], scale[1], scale[2]) });
            if (kind == "labels" || Math.Max(level.Shape.Z, Math.Max(level.Shape.Y, level.Shape.X)) <= CoarsestEdge)
                break;
            var f = Pyramid.NextFactors(level.Shape, level.VoxelSize);
            level = level.Halved(f, folder, cancellation);
            scale = [scale[0] * f.X, scale[1] * f.Y, scale[2] * f.Z];
        }
        return new JsonObject
        {
            ["name"] = name, ["kind"] = kind, ["voxelType"] = stored.VoxelType == VoxelType.UInt8 ? "uint8" : "uint16", ["brickEdge"] = edge,
            ["scale"] = new JsonArray(offset, factor), ["window"] = new JsonArray(low, high),
            ["voxelSizeNm"] = new JsonArray(volume.VoxelSize.X, volume.VoxelSize.Y, volume.VoxelSize.Z),
            ["originNm"] = new JsonArray(volume.Origin.X, volume.Origin.Y, volume.Origin.Z),
            ["levels"] = levels,
        };
    }

    /// <summary>The voxels as whole numbers, and how a value is found again: offset + factor · stored.</summary>
    private static (SectionedVolume Stored, double Offset, double Factor) Stored(SectionedVolume volume, float low, float high)
    {
        if (!(high > low))
            (low, high) = float.IsFinite(low) ? (low, low + 1) : (0, 1);
        double factor = ((double)high - low) / ushort.MaxValue;
        return (volume.Mapped(v => float.IsFinite(v) ? (ushort)Math.Round((v - (double)low) / factor) : (ushort)0), low, factor);
    }

    private static JsonArray Triple(int x, int y, int z) => [x, y, z];
}
