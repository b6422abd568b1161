using System.CommandLine;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Meshing;
using VisionCell.Scenes;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell export unity VOLUME --out DIR</c>: what the Unity package loads.</summary>
internal static class ExportUnityCommand
{
    public static Command Create()
    {
        var volume = VolumeArguments.Volume();
        var output = CommonOptions.OutputDirectory("Folder of the scene, which the Unity package loads.");
        var (iso, dark, decimate) = (SurfaceArguments.OptionalIso(), SurfaceArguments.Dark(), SurfaceArguments.Decimate());
        var (labels, uncertainty, view, voxelSize) = (SceneArguments.Labels(), SceneArguments.Uncertainty(), SceneArguments.View(), CommonOptions.VoxelSize());
        var command = new Command("unity", "Write the volume in bricks with levels of detail, labels, uncertainty and surface for the Unity package.")
        {
            volume, output, iso, dark, decimate, labels, uncertainty, view, voxelSize,
        };
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var (folder, size, look, share) = (parsed.GetRequiredValue(output), parsed.VoxelSizeOf(voxelSize), parsed.ViewOf(view), parsed.ShareOf(decimate));
            var value = parsed.GetValue(iso) is { } text ? (Asked: true, Iso: SurfaceArguments.IsoValue(text)) : (false, null);
            Volume? Read(string? path) => path is null ? null : VolumeArguments.Read(path, size, messages, cancellation);
            var source = VolumeArguments.Read(parsed.GetRequiredValue(volume), size, messages, cancellation);
            var input = new UnityInput(source, Read(parsed.GetValue(labels)), Read(parsed.GetValue(uncertainty)));
            if (value.Asked)
            {
                var grey = messages.IsoFor(source, value.Iso);
                var mesh = MarchingCubes.Extract(source.ToFloat32(), grey, new MarchingCubesOptions(parsed.GetValue(dark)), cancellation);
                input = input with { Surface = SurfaceArguments.Decimated(mesh, share, messages, cancellation), IsoValue = grey };
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
