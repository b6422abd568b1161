using System.CommandLine;
using VisionCell.Cli.CommandLine;
using VisionCell.Meshing;
using VisionCell.Scenes;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell view VOLUME</c>: Neuroglancer on this machine, until it is interrupted.</summary>
internal static class ViewCommand
{
    public static Command Create()
    {
        var volume = VolumeArguments.Volume();
        var (labels, uncertainty, view, voxelSize) = (SceneArguments.Labels(), SceneArguments.Uncertainty(), SceneArguments.View(), CommonOptions.VoxelSize());
        var mesh = new Option<string?>("--mesh") { HelpName = "FILE", Description = "A surface: the .glb of 'visioncell mesh'." };
        var (iso, dark) = (SurfaceArguments.OptionalIso(), SurfaceArguments.Dark());
        var port = new Option<int>("--port") { HelpName = "P", Description = "Port on 127.0.0.1; any free one where left out." };
        var prefix = new Option<string>("--base-url") { HelpName = "PATH", Description = "Path that a proxy puts before every request and leaves there, for example /user/NAME/proxy/absolute/8000.", DefaultValueFactory = _ => "" };
        var command = new Command("view", "Show a volume in the browser: sections, volume rendering, surfaces (Neuroglancer), until Ctrl-C.")
        {
            volume, labels, uncertainty, mesh, iso, dark, view, port, prefix, voxelSize,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var (path, size, look) = (parsed.GetRequiredValue(volume), parsed.VoxelSizeOf(voxelSize), parsed.ViewOf(view));
            NeuroglancerBundle.Get();
            if (parsed.GetValue(mesh) is not null && parsed.GetValue(iso) is not null)
                throw new BadInputException("--mesh and --iso exclude each other; give one");
            Mesh? surface = parsed.GetValue(mesh) is { } file ? GlbMesh.Read(file) : null;
            if (parsed.GetValue(iso) is { } text)
            {
                var value = SurfaceArguments.IsoValue(text);
                surface = SurfaceArguments.Surface(path, size, value, new MarchingCubesOptions(parsed.GetValue(dark)), messages, cancellation).Mesh;
            }
            var input = new NeuroglancerInput(path, size, parsed.GetValue(labels), parsed.GetValue(uncertainty), surface);
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
