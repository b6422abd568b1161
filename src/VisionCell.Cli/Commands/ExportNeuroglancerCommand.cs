using System.CommandLine;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Meshing;
using VisionCell.Scenes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell export neuroglancer VOLUME --out DIR</c>: a folder that any file server shows.</summary>
internal static class ExportNeuroglancerCommand
{
    public static Command Create()
    {
        var volume = VolumeArguments.Volume();
        var output = CommonOptions.OutputDirectory("Folder of the page, which any file server shows.");
        var (iso, dark, decimate) = (SurfaceArguments.OptionalIso(), SurfaceArguments.Dark(), SurfaceArguments.Decimate());
        var (raw, labels, objects, uncertainty) = (SceneArguments.Raw(), SceneArguments.Labels(), SceneArguments.Objects(), SceneArguments.Uncertainty());
        var (view, voxelSize) = (SceneArguments.View(), CommonOptions.VoxelSize());
        var command = new Command("neuroglancer", "Write Neuroglancer with the volume, labels, uncertainty and surface as a folder for any file server.")
        {
            volume, output, iso, dark, decimate, raw, labels, objects, uncertainty, view, voxelSize,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var (path, folder, size, look, share) = (parsed.GetRequiredValue(volume), parsed.GetRequiredValue(output), parsed.VoxelSizeOf(voxelSize), parsed.ViewOf(view), parsed.ShareOf(decimate));
            // Before minutes of work, not after.
            NeuroglancerBundle.Get();
            Mesh? surface = null;
            if (parsed.GetValue(iso) is { } text)
            {
                var value = SurfaceArguments.IsoValue(text);
                surface = SurfaceArguments.Decimated(SurfaceArguments.Surface(path, size, value, new MarchingCubesOptions(parsed.GetValue(dark)), messages, cancellation).Mesh, share, messages, cancellation);
            }
            var input = new NeuroglancerInput(path, size, parsed.GetValue(labels), parsed.GetValue(uncertainty), surface, parsed.GetValue(raw), parsed.GetValue(objects) ? new LabelSurfaceOptions() : null);
            messages.Run($"writing {Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))}", progress =>
            {
                NeuroglancerExport.Write(input, folder, look, messages.Notice, progress, cancellation);
                return folder;
            });
            messages.Notice(string.Create(CultureInfo.InvariantCulture, $"{folder}: {(surface is null ? "" : $"{surface.TriangleCount:N0} triangles; ")}show it by any file server, for example: python3 -m http.server --bind 127.0.0.1 --directory {folder}"));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
