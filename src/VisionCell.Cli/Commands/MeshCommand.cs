using System.CommandLine;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell mesh VOLUME --iso V --out F</c>: a surface, in nanometres.</summary>
internal static class MeshCommand
{
    public static Command Create()
    {
        var volume = VolumeArguments.Volume();
        var iso = new Option<string>("--iso") { HelpName = "V", Required = true, Description = "Grey value of the surface, or 'auto' for Otsu's threshold." };
        var output = new Option<string>("--out") { HelpName = "FILE", Required = true, Description = $"Where to; its ending names the format: {string.Join(", ", MeshFile.Extensions)}." };
        var decimate = new Option<double?>("--decimate") { HelpName = "SHARE", Description = "Share of the triangles to keep, above 0 and at most 1, for example 0.1." };
        var dark = new Option<bool>("--dark") { Description = "The structure is darker than the iso value (stained membranes), not brighter." };
        var close = new Option<bool>("--close") { Description = "Close the surface where the structure leaves the volume." };
        var voxelSize = CommonOptions.VoxelSize();
        var command = new Command("mesh", "Extract a surface as .glb, .ply, .obj or .stl, in nanometres.") { volume, iso, output, decimate, dark, close, voxelSize };
        command.SetAction((parsed, cancellation) =>
        {
            var share = parsed.ShareOf(decimate);
            var path = parsed.GetRequiredValue(output);
            // Before minutes of work, not after.
            if (!MeshFile.Extensions.Contains(Path.GetExtension(path).ToLowerInvariant()))
                throw new BadInputException($"--out {path}: a mesh is written as {string.Join(", ", MeshFile.Extensions)}");
            var value = SceneArguments.IsoValue(parsed.GetRequiredValue(iso));
            var messages = Messages.Of(parsed);
            var source = VolumeArguments.Read(parsed.GetRequiredValue(volume), parsed.VoxelSizeOf(voxelSize), messages, cancellation);
            Run(source, value, share, new MarchingCubesOptions(parsed.GetValue(dark), parsed.GetValue(close)), path, messages, cancellation);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static void Run(Volume source, double? iso, double share, MarchingCubesOptions options, string path, Messages messages, CancellationToken cancellation)
    {
        var (mesh, found, value) = SceneArguments.Surface(source, iso, share, options, messages, cancellation);
        MeshFile.Write(mesh, path, new MeshMetadata(source.VoxelSize, Path.GetFileNameWithoutExtension(path), value, source.Provenance));
        messages.Notice(string.Create(CultureInfo.InvariantCulture, $"{path}: {mesh.TriangleCount:N0} triangles{(mesh.TriangleCount < found ? $" of {found:N0}" : "")}"));
    }
}
