using System.CommandLine;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Formats;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell mesh VOLUME --iso V --out F</c>: a surface, or with <c>--labels</c> one of each object, in nanometres.</summary>
internal static class MeshCommand
{
    public static Command Create()
    {
        var volume = VolumeArguments.Volume();
        var iso = SurfaceArguments.Iso();
        var output = new Option<string>("--out") { HelpName = "FILE", Required = true, Description = $"Where to; its ending names the format: {string.Join(", ", MeshFile.Extensions)}." };
        var labels = new Option<bool>("--labels") { Description = "The volume holds labels: one closed surface of each object (whole numbers; 0 is background), read slab by slab." };
        var decimate = SurfaceArguments.Decimate();
        var maxError = new Option<double?>("--max-error") { HelpName = "NM", Description = "Decimate as far as no vertex of either surface is farther from the other (nm)." };
        var smooth = new Option<int?>("--smooth") { HelpName = "N", Description = "Pairs of Taubin steps, which do not shrink; 0 for none. Left out: 10 for labels, 0 for grey values." };
        var colour = new Option<string?>("--colour") { HelpName = "VOLUME", Description = "Colour the vertices by this volume (uncertainty, error): dark blue least, yellow most." };
        var table = new Option<string?>("--table") { HelpName = "F.csv", Description = "Write area, volume, parts and genus of each object." };
        var levels = new Option<int>("--lod") { HelpName = "N", Description = "Write N coarser levels as well, a quarter of the triangles each: NAME.lod1 and so on.", DefaultValueFactory = _ => 0 };
        var dark = SurfaceArguments.Dark();
        var close = new Option<bool>("--close") { Description = "Close the surface where the structure leaves the volume." };
        var voxelSize = CommonOptions.VoxelSize();
        var command = new Command("mesh", "Extract surfaces as .glb, .ply, .obj or .stl, in nanometres; the volume need not fit into memory.") { volume, iso, output, labels, decimate, maxError, smooth, colour, table, levels, dark, close, voxelSize };
        command.SetAction((parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(output);
            // Before minutes of work, not after.
            if (!MeshFile.Extensions.Contains(Path.GetExtension(path).ToLowerInvariant()))
                throw new BadInputException($"--out {path}: a mesh is written as {string.Join(", ", MeshFile.Extensions)}");
            var share = parsed.ShareOf(decimate);
            if (parsed.GetValue(maxError) is { } error && !(error > 0 && double.IsFinite(error)))
                throw new BadInputException(FormattableString.Invariant($"--max-error {error}: must be above 0 nm"));
            var coarser = parsed.GetValue(levels) is >= 0 and <= 10 and var count ? count : throw new BadInputException($"--lod {parsed.GetValue(levels)}: 0 to 10 coarser levels");
            var messages = Messages.Of(parsed);
            var size = parsed.VoxelSizeOf(voxelSize);
            var input = parsed.GetRequiredValue(volume);
            var steps = parsed.GetValue(smooth);
            using var colours = parsed.GetValue(colour) is { } other ? SectionedVolume.Open(other, size, messages.Notice) : null;
            var (objects, metadata) = parsed.GetValue(labels)
                ? OfLabels(input, size, new LabelSurfaceOptions(steps ?? 10, share, parsed.GetValue(maxError)), messages, cancellation)
                : OfGrey(input, size, parsed.IsoOf(iso), new MarchingCubesOptions(parsed.GetValue(dark), parsed.GetValue(close)), steps ?? 0, share, parsed.GetValue(maxError), messages, cancellation);
            if (colours is not null)
            {
                var (painted, low, high) = MeshColours.ByQuantity(objects.ConvertAll(o => o.Mesh), colours, cancellation);
                objects = [.. objects.Zip(painted, (o, m) => o with { Mesh = m })];
                messages.Notice(FormattableString.Invariant($"colours: dark blue {low:G4}, yellow {high:G4}"));
            }
            Write(objects, path, coarser, metadata with { Name = Path.GetFileNameWithoutExtension(path) }, messages, cancellation);
            if (parsed.GetValue(table) is { } csv)
                MeshTable.Write(csv, objects.Select(o => MeshMeasures.Of(o.Name, o.Mesh, o.Voxels)));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static (List<Surface> Objects, MeshMetadata Metadata) OfGrey(
        string input, VoxelSize? size, double? iso, MarchingCubesOptions options, int smooth, double share, double? maxError, Messages messages, CancellationToken cancellation)
    {
        var (mesh, metadata) = SurfaceArguments.Surface(input, size, iso, options, messages, cancellation);
        var found = mesh.TriangleCount;
        mesh = MeshSmoothing.Taubin(mesh, smooth);
        if (share < 1 || maxError is not null)
            mesh = messages.Run("decimating", progress => MeshDecimation.Decimate(mesh, share, maxError, null, progress, cancellation));
        if (mesh.TriangleCount < found)
            messages.Notice(string.Create(CultureInfo.InvariantCulture, $"decimated: {mesh.TriangleCount:N0} triangles of {found:N0}"));
        return ([new Surface("surface", null, mesh)], metadata);
    }

    private static (List<Surface> Objects, MeshMetadata Metadata) OfLabels(string input, VoxelSize? size, LabelSurfaceOptions options, Messages messages, CancellationToken cancellation)
    {
        var (reader, voxelSize) = VolumeFormats.OpenSections(input, size, messages.Notice);
        using (reader)
        {
            var found = messages.Run("meshing objects", progress => LabelSurfaces.Extract(reader, voxelSize, reader.Info.Origin, options, progress, cancellation));
            var objects = found.Select(o =>
            {
                var (r, g, b) = MeshColours.Label(o.Label);
                return new Surface(string.Create(CultureInfo.InvariantCulture, $"{o.Label}"), o.Voxels, o.Mesh.WithColour(r, g, b));
            });
            return ([.. objects], new MeshMetadata(voxelSize, Provenance: reader.Provenance));
        }
    }

    private static void Write(List<Surface> objects, string path, int coarser, MeshMetadata metadata, Messages messages, CancellationToken cancellation)
    {
        for (var level = 0; level <= coarser; level++)
        {
            var place = level == 0 ? path : Path.ChangeExtension(path, $"lod{level}{Path.GetExtension(path)}");
            MeshFile.Write([.. objects.Select(o => (o.Name, o.Mesh))], place, metadata);
            messages.Notice(string.Create(CultureInfo.InvariantCulture, $"{place}: {(objects.Count > 1 ? $"{objects.Count:N0} objects, " : "")}{objects.Sum(o => (long)o.Mesh.TriangleCount):N0} triangles"));
            if (level < coarser)
                objects = objects.ConvertAll(o => o with { Mesh = MeshDecimation.Decimate(o.Mesh, 0.25, null, cancellation: cancellation) });
        }
    }

    private sealed record Surface(string Name, long? Voxels, Mesh Mesh);
}
