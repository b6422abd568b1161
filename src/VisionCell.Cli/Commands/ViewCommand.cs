using System.CommandLine;
using VisionCell.Cli.CommandLine;
using VisionCell.Meshing;
using VisionCell.Scenes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell view VOLUME</c>: Neuroglancer on this machine, until it is interrupted.</summary>
internal static class ViewCommand
{
    public static Command Create()
    {
        var volume = VolumeArguments.Volume();
        var (raw, labels, uncertainty, mesh) = (SceneArguments.Raw(), SceneArguments.Labels(), SceneArguments.Uncertainty(), SceneArguments.Mesh());
        var (objects, view, voxelSize) = (SceneArguments.Objects(), SceneArguments.View(), CommonOptions.VoxelSize());
        var (iso, dark) = (SurfaceArguments.OptionalIso(), SurfaceArguments.Dark());
        var port = new Option<int>("--port") { HelpName = "P", Description = "Port on 127.0.0.1; any free one where left out." };
        var prefix = new Option<string>("--base-url") { HelpName = "PATH", Description = "Path that a proxy puts before every request and leaves there, for example /user/NAME/proxy/absolute/8000.", DefaultValueFactory = _ => "" };
        var command = new Command("view", "Show a volume in the browser: sections, volume rendering, surfaces (Neuroglancer), until Ctrl-C.")
        {
            volume, raw, labels, objects, uncertainty, mesh, iso, dark, view, port, prefix, voxelSize,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var (path, size, look) = (parsed.GetRequiredValue(volume), parsed.VoxelSizeOf(voxelSize), parsed.ViewOf(view));
            NeuroglancerBundle.Get();
            var surface = parsed.MeshOf(mesh, iso);
            if (parsed.GetValue(iso) is { } text)
            {
                var value = SurfaceArguments.IsoValue(text);
                surface = SurfaceArguments.Surface(path, size, value, new MarchingCubesOptions(parsed.GetValue(dark)), messages, cancellation).Mesh;
            }
            var input = new NeuroglancerInput(path, size, parsed.GetValue(labels), parsed.GetValue(uncertainty), surface, parsed.GetValue(raw), parsed.GetValue(objects) ? new LabelSurfaceOptions() : null);
            using var scene = messages.Run($"reading {Path.GetFileName(Path.TrimEndingDirectorySeparator(path))}", progress => NeuroglancerScene.Prepare(input, messages.Notice, progress, cancellation));
            await using var server = await ViewServer.StartAsync(scene, parsed.GetValue(port), parsed.GetRequiredValue(prefix), look, cancellation);
            await Console.Out.WriteLineAsync(server.Address);
            messages.Notice("open the link in a browser; Ctrl-C ends");
            await Task.Delay(Timeout.Infinite, cancellation).ContinueWith(_ => { }, TaskScheduler.Default);
            return ExitCode.Done;
        });
        return command;
    }
}
