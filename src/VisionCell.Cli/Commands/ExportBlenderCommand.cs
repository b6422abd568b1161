using System.CommandLine;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Formats;
using VisionCell.Scenes;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell export blender VOLUME --iso V --out DIR [--render --size 640x480]</c>: a scene for Blender, and its picture.</summary>
internal static class ExportBlenderCommand
{
    public static Command Create()
    {
        var volume = VolumeArguments.Volume();
        var iso = SurfaceArguments.Iso();
        var dark = SurfaceArguments.Dark();
        var output = CommonOptions.OutputDirectory("Folder of the scene: scene.json, its data, the script, and what Blender makes of them.");
        var render = new Option<bool>("--render") { Description = "Render it: picture.png, and with --turntable video.mp4. What is there and unchanged is not rendered again." };
        var size = new Option<string>("--size") { HelpName = "WxH", Description = "Width and height of the picture, pixels.", DefaultValueFactory = _ => "1280x960" };
        var samples = new Option<int>("--samples") { HelpName = "N", Description = "Light paths for each pixel, at most.", DefaultValueFactory = _ => 64 };
        var preset = new Option<string>("--preset") { HelpName = string.Join('|', ScenePreset.All.Select(p => p.Name)), Description = "Material, light and background.", DefaultValueFactory = _ => ScenePreset.CellBiology.Name };
        var projection = new Option<SceneProjection>("--projection") { HelpName = "orthographic|perspective", Description = "How depth is drawn; only in an orthographic picture does the scale bar hold everywhere.", DefaultValueFactory = _ => SceneProjection.Orthographic };
        var sections = new Option<SectionCards>("--sections") { HelpName = "cut|walls|none", Description = "Sections shown: on the faces of a corner that is cut out, on the far walls, or none.", DefaultValueFactory = _ => SectionCards.Cut };
        var fog = new Option<bool>("--fog") { Description = "Add the dense volume as fog (OpenVDB; at most 256 voxels along each axis)." };
        var turntable = new Option<int>("--turntable") { HelpName = "N", Description = "A full turn in N pictures.", DefaultValueFactory = _ => 0 };
        var triangles = new Option<int>("--triangles") { HelpName = "N", Description = "Most triangles of the surface; a larger one is decimated.", DefaultValueFactory = _ => 1_000_000 };
        var uncertainty = new Option<string?>("--uncertainty") { HelpName = "VOLUME", Description = "Colours of the surface by this volume: dark blue least, yellow most." };
        var transparent = new Option<bool>("--transparent") { Description = "Leave the background open (alpha)." };
        var device = new Option<SceneDevice>("--device") { HelpName = "cpu|gpu", Description = "What renders.", DefaultValueFactory = _ => SceneDevice.Cpu };
        var view = SceneArguments.View();
        var voxelSize = CommonOptions.VoxelSize();
        var command = new Command("blender", "Write a scene for Blender: surface, sections and scale bar; with --render its picture or video.")
        {
            volume, iso, dark, output, render, size, samples, preset, projection, sections, fog, turntable, triangles, uncertainty, transparent, device, view, voxelSize,
        };
        command.SetAction((parsed, cancellation) =>
        {
            // Before minutes of work, not after.
            var program = parsed.GetValue(render) ? Blender.Require() : Blender.Find();
            var (width, height) = Size(parsed.GetRequiredValue(size));
            var budget = parsed.GetValue(triangles) is >= 4 and var most ? most : throw new BadInputException($"--triangles {parsed.GetValue(triangles)}: must be at least 4");
            var look = ScenePreset.Named(parsed.GetRequiredValue(preset));
            var shown = parsed.ViewOf(view);
            var messages = Messages.Of(parsed);
            var asked = parsed.IsoOf(iso);
            var frames = parsed.GetValue(turntable) is >= 0 and var n ? n : throw new BadInputException($"--turntable {parsed.GetValue(turntable)}: must be 0 or more pictures");
            using var source = SectionedVolume.Open(parsed.GetRequiredValue(volume), parsed.VoxelSizeOf(voxelSize), messages.Notice);
            using var colours = parsed.GetValue(uncertainty) is { } path ? SectionedVolume.Open(path, parsed.VoxelSizeOf(voxelSize), messages.Notice) : null;
            var options = new VolumeSceneOptions(
                messages.IsoFor(source.Reader, asked, cancellation), parsed.GetValue(dark), budget, parsed.GetValue(sections), parsed.GetValue(fog), look,
                new SceneCamera(parsed.GetValue(projection), VolumeScene.DefaultDirection), frames,
                new SceneRender(width, height, parsed.GetValue(samples), parsed.GetValue(device), parsed.GetValue(transparent)));
            var folder = parsed.GetRequiredValue(output);
            var result = messages.Run("writing the scene", progress => VolumeScene.Write(source, folder, options, colours, progress, cancellation));
            messages.Notice(string.Create(CultureInfo.InvariantCulture, $"{result.Path}: {result.Triangles:N0} triangles{(result.Triangles < result.TrianglesFound ? $" of {result.TrianglesFound:N0} (--triangles {budget})" : "")}, {result.Scene.Sections!.Count} sections"));
            // The folder keeps the view, so that it can be taken along.
            var shownPath = Path.Combine(folder, "view.json");
            shown?.Write(shownPath);
            if (program is null)
            {
                messages.Notice("Blender is not installed here, so there is no scene.blend yet: install it (Debian package 'blender') and give the same command again, or take the folder to a machine that has it");
                return Task.FromResult(ExitCode.Done);
            }
            var job = new BlenderJob(parsed.GetValue(render) ? null : ["import", "animate"], View: shown is null ? null : shownPath);
            messages.Run("Blender", progress =>
            {
                Blender.Run(result.Path, job, messages.Notice, progress, cancellation);
                return 0;
            });
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    private static (int Width, int Height) Size(string text) =>
        text.Split('x') is [var w, var h] && int.TryParse(w, NumberStyles.None, CultureInfo.InvariantCulture, out var width) && int.TryParse(h, NumberStyles.None, CultureInfo.InvariantCulture, out var height)
            ? (width, height)
            : throw new BadInputException($"--size {text}: give width and height in pixels, for example 640x480");
}
