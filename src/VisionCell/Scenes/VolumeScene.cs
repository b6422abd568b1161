using OpenCvSharp;
using VisionCell.Formats;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>Which sections a scene of a volume shows.</summary>
public enum SectionCards
{
    /// <summary>On the three faces of a corner that is cut out, towards the viewer.</summary>
    Cut,

    /// <summary>On the three far faces of the volume, as walls behind the surface.</summary>
    Walls,

    /// <summary>None.</summary>
    None,
}

/// <summary>How a scene is made of a volume.</summary>
/// <param name="Iso">Grey value of the surface; null for Otsu's threshold.</param>
/// <param name="Dark">Whether the structure is darker than that.</param>
/// <param name="Triangles">Most triangles of the surface; a larger one is decimated.</param>
/// <param name="Sections">Which sections are shown.</param>
/// <param name="Fog">Whether the dense volume is added, as fog; at most 256 voxels along each axis.</param>
/// <param name="Preset">Material and light; null for cell biology.</param>
/// <param name="Camera">What is seen; null for an orthographic view from the upper left of the first section.</param>
/// <param name="TurntableFrames">Pictures of a full turn; 0 for one picture.</param>
/// <param name="Render">Size, samples, device; its background is the preset's.</param>
public sealed record VolumeSceneOptions(
    double? Iso = null, bool Dark = false, int Triangles = 1_000_000, SectionCards Sections = SectionCards.Cut, bool Fog = false,
    ScenePreset? Preset = null, SceneCamera? Camera = null, int TurntableFrames = 0, SceneRender? Render = null);

/// <summary>What was written.</summary>
/// <param name="Path">Of scene.json.</param>
/// <param name="Scene">Its content.</param>
/// <param name="Iso">Grey value of the surface.</param>
/// <param name="Triangles">Of the surface as written.</param>
/// <param name="TrianglesFound">Of the surface before decimation.</param>
public sealed record VolumeSceneResult(string Path, BlenderScene Scene, double Iso, int Triangles, int TrianglesFound);

/// <summary>
/// A folder that Blender can build a scene from: scene.json, its meshes, sections and volumes, and the script that builds it, so that
/// the folder can be taken to another machine as it is.
/// </summary>
public static class VolumeScene
{
    /// <summary>From the upper left of the first section, into the depth of the stack.</summary>
    public static Vector3 DefaultDirection { get; } = new(0.6, 0.5, 0.75);

    private const int FogEdge = 256;

    /// <summary>Writes the folder; what is there under the same names is replaced.</summary>
    /// <param name="volume">The volume <c>[Z, Y, X]</c>, read section by section: it need not fit into memory; the surface has to.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="options">What is shown.</param>
    /// <param name="uncertainty">A volume in the same space whose values colour the surface, dark blue for the least to yellow for the 98th percentile; null for none.</param>
    /// <param name="progress">Share of the work done.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="BadInputException">There is no surface at that grey value, or the folder can't be written.</exception>
    public static VolumeSceneResult Write(
        SectionedVolume volume, string folder, VolumeSceneOptions options, SectionedVolume? uncertainty = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var preset = options.Preset ?? ScenePreset.CellBiology;
        var iso = options.Iso ?? IsoThreshold.Suggest(volume.Reader, null, cancellation);
        var found = MarchingCubes.Extract(volume.Reader, volume.VoxelSize, volume.Origin, iso, new MarchingCubesOptions(options.Dark), 0, null, cancellation);
        progress?.Report(0.2);
        var surface = MeshDecimation.Decimate(found, Math.Max(4, options.Triangles), null, progress is null ? null : new Part(progress, 0.2, 0.9), cancellation);
        if (uncertainty is not null)
            surface = MeshColours.ByQuantity([surface], uncertainty, cancellation).Meshes[0];
        MeshFile.Write(surface, Path.Combine(folder, "meshes", "surface.ply"), new MeshMetadata(volume.VoxelSize, "surface", iso, volume.Provenance));

        var (low, high) = Corners(volume);
        var camera = options.Camera ?? new SceneCamera(Direction: DefaultDirection);
        var sections = Sections(volume, folder, options.Sections, camera.Direction ?? new Vector3(0, 0, 1), out var cut, cancellation);
        var scene = new BlenderScene(
            new SceneBox(low, high),
            Path.GetFileNameWithoutExtension(volume.Provenance.Source) is { Length: > 0 } name ? name[..Math.Min(100, name.Length)] : "scene",
            Meshes: [new SceneMesh("meshes/surface.ply", Material: preset.Material with { VertexColours = uncertainty is not null })],
            Sections: sections,
            Volumes: options.Fog ? [Fog(volume, folder, options.Dark, iso, cancellation)] : [],
            Camera: camera,
            Lights: preset.Lights,
            Environment: preset.Environment,
            Cutaways: cut is null ? [] : [cut],
            ScaleBar: new SceneScaleBar(Colour: preset.Ink),
            Axes: new SceneAxes(Colour: preset.Ink),
            Animation: options.TurntableFrames > 0 ? new SceneAnimation(options.TurntableFrames, Turntable: new SceneTurntable()) : null,
            Render: (options.Render ?? new SceneRender()) with { Background = preset.Background });
        var path = Path.Combine(folder, "scene.json");
        SceneFile.Write(path, scene);
        Blender.WriteScripts(folder);
        progress?.Report(1);
        return new VolumeSceneResult(path, scene, iso, surface.TriangleCount, found.TriangleCount);
    }

    /// <summary>The outer corners of the first and last voxel, nm.</summary>
    private static (Vector3 Low, Vector3 High) Corners(SectionedVolume volume)
    {
        var (half, shape) = (Edge(volume) * 0.5, volume.Shape);
        var low = Vector3.Of(volume.Origin) - half;
        var edge = Edge(volume);
        return (low, low + new Vector3(shape.X * edge.X, shape.Y * edge.Y, shape.Z * edge.Z));
    }

    private static Vector3 Edge(SectionedVolume volume) => new(volume.VoxelSize.X, volume.VoxelSize.Y, volume.VoxelSize.Z);

    private static SceneSection[] Sections(
        SectionedVolume volume, string folder, SectionCards which, Vector3 view, out SceneCutaway? cut, CancellationToken cancellation)
    {
        cut = null;
        if (which == SectionCards.None)
            return [];
        // Voxels of the box whose faces away from the viewer are shown: the near half along each axis, or all.
        int[] count = [volume.Shape.X, volume.Shape.Y, volume.Shape.Z];
        double[] look = [view.X, view.Y, view.Z];
        int[] first = [0, 0, 0], last = [count[0] - 1, count[1] - 1, count[2] - 1], face = new int[3];
        for (var a = 0; a < 3; a++)
        {
            if (which == SectionCards.Cut)
                (first[a], last[a]) = look[a] >= 0 ? (0, count[a] / 2) : (count[a] / 2, count[a] - 1);
            face[a] = look[a] >= 0 ? last[a] : first[a];
        }
        if (which == SectionCards.Cut)
        {
            var edge = Edge(volume);
            var centre = Vector3.Of(volume.Origin);
            double At(int a, double voxel) => (a == 0 ? centre.X : a == 1 ? centre.Y : centre.Z) + voxel * (a == 0 ? edge.X : a == 1 ? edge.Y : edge.Z);
            // Towards the viewer the box reaches beyond the data; inwards it ends at the section that is shown.
            Vector3 Corner(Func<int, double> voxel) => new(At(0, voxel(0)), At(1, voxel(1)), At(2, voxel(2)));
            cut = new SceneCutaway(SceneCutawayKind.Box,
                MinNm: Corner(a => look[a] >= 0 ? -1 : face[a]), MaxNm: Corner(a => look[a] >= 0 ? face[a] : count[a]));
        }
        // 8-bit grey values come out as they are; others span what the volume holds.
        var (low, high, _, _) = volume.VoxelType == VoxelType.UInt8 ? (0, 255, 0, 255) : volume.Limits(cancellation: cancellation);
        var pictures = Pictures(volume, face, first, last, cancellation);
        return [.. Enumerable.Range(0, 3).Select(a => Card(volume, folder, a, face[a], first, last, pictures[a], (low, high)))];
    }

    /// <summary>Along which axes (0 x, 1 y, 2 z) the rows and the columns of a section across an axis run.</summary>
    private static (int Across, int Down) Axes(int normal) => normal switch { 0 => (2, 1), 1 => (0, 2), _ => (0, 1) };

    /// <summary>The grey values of the parts of three sections across x, y and z, each section of the volume read once.</summary>
    private static float[][] Pictures(SectionedVolume volume, int[] face, int[] first, int[] last, CancellationToken cancellation)
    {
        int Count(int axis) => last[axis] - first[axis] + 1;
        float[][] pictures = [.. Enumerable.Range(0, 3).Select(Axes).Select(a => new float[Count(a.Across) * Count(a.Down)])];
        var section = new float[volume.Shape.SectionCount];
        for (var z = first[2]; z <= last[2]; z++)
        {
            cancellation.ThrowIfCancellationRequested();
            volume.Reader.Read(z, section);
            for (var y = first[1]; y <= last[1]; y++)
                pictures[0][(y - first[1]) * Count(2) + z - first[2]] = section[y * volume.Shape.X + face[0]];
            section.AsSpan(face[1] * volume.Shape.X + first[0], Count(0)).CopyTo(pictures[1].AsSpan((z - first[2]) * Count(0)));
            for (var y = first[1]; z == face[2] && y <= last[1]; y++)
                section.AsSpan(y * volume.Shape.X + first[0], Count(0)).CopyTo(pictures[2].AsSpan((y - first[1]) * Count(0)));
        }
        return pictures;
    }

    /// <summary>A part of the section across an axis (0 x, 1 y, 2 z), as a picture: columns run along x, or along z where the section is across x; rows run along y, or z.</summary>
    private static SceneSection Card(SectionedVolume volume, string folder, int normal, int index, int[] first, int[] last, float[] values, (double Low, double High) window)
    {
        var (across, down) = Axes(normal);
        int width = last[across] - first[across] + 1, height = last[down] - first[down] + 1;
        var pixels = Array.ConvertAll(values, v => (byte)Math.Clamp(Math.Round(255 * (v - window.Low) / (window.High - window.Low)), 0, 255));
        var name = $"{"xyz"[normal]}-{index:0000}";
        AtomicWrite.File(Path.Combine(folder, "sections", name + ".png"), stream =>
        {
            using var image = Mat.FromPixelData(height, width, MatType.CV_8UC1, pixels);
            stream.Write(image.ImEncode(".png"));
        });
        double[] edge = [volume.VoxelSize.X, volume.VoxelSize.Y, volume.VoxelSize.Z], start = [volume.Origin.X, volume.Origin.Y, volume.Origin.Z];
        Vector3 Along(Func<int, double> value) => new(value(0), value(1), value(2));
        return new SceneSection($"sections/{name}.png",
            Along(a => start[a] + edge[a] * (a == normal ? index : first[a] - 0.5)),
            Along(a => a == across ? width * edge[a] : 0), Along(a => a == down ? height * edge[a] : 0), $"section {name}");
    }

    private static SceneVolume Fog(SectionedVolume sections, string folder, bool dark, double iso, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.Combine(folder, "volumes"));
        var whole = sections;
        while (Math.Max(sections.Shape.Z, Math.Max(sections.Shape.Y, sections.Shape.X)) > FogEdge)
        {
            using var finer = sections == whole ? null : sections;
            sections = sections.Halved(Pyramid.NextFactors(sections.Shape, sections.VoxelSize), Path.Combine(folder, "volumes"), cancellation);
        }
        using var halved = sections == whole ? null : sections;
        Volume volume = sections.ReadWhole(cancellation);
        NumpyFile.Write(Path.Combine(folder, "volumes", "volume.npy"), volume);
        var (low, high) = ContrastLimits.Of(volume.ToFloat32().Data);
        var (corner, far) = Corners(sections);
        // A third of the depth of solid structure covers most of what is behind it.
        var depth = Math.Max(far.X - corner.X, Math.Max(far.Y - corner.Y, far.Z - corner.Z));
        return new SceneVolume("volumes/volume.npy", corner, Edge(sections), Low: iso, High: dark ? low : high, Extinction: 6 / depth);
    }

    private sealed class Part(IProgress<double> whole, double from, double to) : IProgress<double>
    {
        public void Report(double value) => whole.Report(from + value * (to - from));
    }
}
