using System.CommandLine;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Formats;
using VisionCell.Meshing;
using VisionCell.Scenes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell export unity VOLUME --out DIR</c>: what the Unity package loads.</summary>
internal static class ExportUnityCommand
{
    public static Command Create()
    {
        var volume = VolumeArguments.Volume();
        var output = CommonOptions.OutputDirectory("Folder of the scene, which the Unity package loads.");
        var (iso, dark, decimate) = (SurfaceArguments.OptionalIso(), SurfaceArguments.Dark(), SurfaceArguments.Decimate());
        var (raw, labels, uncertainty, mesh) = (SceneArguments.Raw(), SceneArguments.Labels(), SceneArguments.Uncertainty(), SceneArguments.Mesh());
        var (view, voxelSize) = (SceneArguments.View(), CommonOptions.VoxelSize());
        var command = new Command("unity", "Write the volume in bricks with levels of detail, labels, uncertainty and surface for the Unity package.")
        {
            volume, output, iso, dark, decimate, mesh, raw, labels, uncertainty, view, voxelSize,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var (folder, size, look, share) = (parsed.GetRequiredValue(output), parsed.VoxelSizeOf(voxelSize), parsed.ViewOf(view), parsed.ShareOf(decimate));
            var value = parsed.GetValue(iso) is { } text ? (Asked: true, Iso: SurfaceArguments.IsoValue(text)) : (false, null);
            SectionedVolume? Open(string? path) => path is null ? null : SectionedVolume.Open(path, size, messages.Notice);
            using var source = Open(parsed.GetRequiredValue(volume))!;
            // On a grid of its own, which its file says.
            using var acquired = parsed.GetValue(raw) is { } acquisition ? SectionedVolume.Open(acquisition, null, messages.Notice) : null;
            using var objects = Open(parsed.GetValue(labels));
            using var doubt = Open(parsed.GetValue(uncertainty));
            var input = new UnityInput(source, objects, doubt, parsed.MeshOf(mesh, iso), Raw: acquired);
            if (value.Asked)
            {
                var (surface, metadata) = SurfaceArguments.Surface(parsed.GetRequiredValue(volume), size, value.Iso, new MarchingCubesOptions(parsed.GetValue(dark)), messages, cancellation);
                surface = SurfaceArguments.Decimated(surface, share, messages, cancellation);
                // The surface shows how far it can be trusted; the viewer can take the colours away.
                input = input with { Surface = doubt is null ? surface : MeshColours.ByQuantity([surface], doubt, cancellation).Meshes[0], IsoValue = metadata.IsoValue };
            }
            messages.Run($"writing {Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))}", progress =>
            {
                UnityScene.Write(input, folder, look, null, progress, cancellation);
                return folder;
            });
            messages.Notice(string.Create(CultureInfo.InvariantCulture, $"{folder}: {source.Shape}, {source.VoxelSize}{(input.Surface is { } s ? $", {s.TriangleCount:N0} triangles" : "")}"));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
