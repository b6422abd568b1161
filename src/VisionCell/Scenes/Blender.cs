using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>What is done of a scene: everything, or the parts that a farm does apart.</summary>
/// <param name="Stages">Of import, animate, render, assemble; null for all.</param>
/// <param name="FirstFrame">First frame to render.</param>
/// <param name="LastFrame">Last frame to render; null for all.</param>
/// <param name="View">A view file (<see cref="ViewState"/>) that says what the camera sees; null for what the scene says.</param>
public sealed record BlenderJob(IReadOnlyList<string>? Stages = null, int FirstFrame = 1, int? LastFrame = null, string? View = null);

/// <summary>
/// Runs Blender on a folder that <see cref="VolumeScene"/> wrote, without a window. The work is the script's (src/blender), which is
/// carried in this assembly and written beside the scene; here it is started, watched and stopped.
/// </summary>
public static partial class Blender
{
    private const string ResourcePrefix = "VisionCell.Scenes.Blender/";

    /// <summary>The program: <c>VISIONCELL_BLENDER</c>, else blender in PATH; null where there is none.</summary>
    /// <exception cref="BadInputException"><c>VISIONCELL_BLENDER</c> names a file that does not exist.</exception>
    public static string? Find()
    {
        if (Environment.GetEnvironmentVariable("VISIONCELL_BLENDER") is { Length: > 0 } given)
            return File.Exists(given) ? given : throw new BadInputException($"VISIONCELL_BLENDER names {given}, which does not exist");
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, "blender")).FirstOrDefault(File.Exists);
    }

    /// <summary>As <see cref="Find"/>, where it must be there.</summary>
    /// <exception cref="BadInputException">It is not.</exception>
    public static string Require() => Find()
        ?? throw new BadInputException("rendering needs Blender, which is not on the PATH: apt-get install --no-install-recommends blender python3-openvdb ffmpeg (or name it in VISIONCELL_BLENDER)");

    /// <summary>Writes the script beside a scene; its path.</summary>
    internal static string WriteScripts(string folder)
    {
        var assembly = typeof(Blender).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(ResourcePrefix, StringComparison.Ordinal)))
        {
            using var resource = assembly.GetManifestResourceStream(name)!;
            var path = Path.Combine(folder, "blender", name[ResourcePrefix.Length..]);
            using var reader = new StreamReader(resource);
            var text = reader.ReadToEnd();
            // A file that is the same keeps its date.
            if (!File.Exists(path) || File.ReadAllText(path) != text)
                AtomicWrite.Text(path, text);
        }
        return Path.Combine(folder, "blender", "visioncell_scene.py");
    }

    /// <summary>Builds and renders a scene; what is there and unchanged is not made again.</summary>
    /// <param name="scene">Path of scene.json; results are written beside it.</param>
    /// <param name="job">Which part of the work; null for all.</param>
    /// <param name="notice">Told each line on what was done.</param>
    /// <param name="progress">Share of the frames that is there.</param>
    /// <param name="cancellation">Stops Blender; frames that are finished stay.</param>
    /// <exception cref="BadInputException">Blender is missing, or the scene cannot be used.</exception>
    public static void Run(string scene, BlenderJob? job = null, Action<string>? notice = null, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        job ??= new BlenderJob();
        var program = Require();
        var script = WriteScripts(Path.GetDirectoryName(Path.GetFullPath(scene))!);
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in (string[])["-b", "--factory-startup", "-noaudio", "--python-exit-code", "1", "--python", script, "--", Path.GetFullPath(scene),
            "--stage", string.Join(',', job.Stages ?? ["import", "animate", "render", "assemble"]),
            "--frames", string.Create(CultureInfo.InvariantCulture, $"{job.FirstFrame}-{job.LastFrame ?? 999_999}"), .. job.View is null ? [] : (string[])["--view", Path.GetFullPath(job.View)]])
            start.ArgumentList.Add(argument);
        using var process = Start(start);
        using var stop = cancellation.Register(() => process.Kill(entireProcessTree: true));
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        while (process.StandardOutput.ReadLine() is { } line)
        {
            if (!line.StartsWith("visioncell: ", StringComparison.Ordinal))
                continue;
            notice?.Invoke(line["visioncell: ".Length..]);
            if (FrameLine().Match(line) is { Success: true } frame)
                progress?.Report(double.Parse(frame.Groups[1].ValueSpan, CultureInfo.InvariantCulture) / double.Parse(frame.Groups[2].ValueSpan, CultureInfo.InvariantCulture));
        }
        process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        if (process.ExitCode == 0)
            return;
        var said = errors.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        throw said.LastOrDefault(l => l.StartsWith("visioncell: error: ", StringComparison.Ordinal)) is { } own
            ? new BadInputException(own["visioncell: error: ".Length..])
            : new InvalidOperationException($"{program} ended with code {process.ExitCode}: {said.LastOrDefault() ?? "it said nothing"}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new BadInputException($"{start.FileName}: could not be started");
        }
        catch (Win32Exception e)
        {
            throw new BadInputException($"{start.FileName}: could not be started: {e.Message}", e);
        }
    }

    [GeneratedRegex(@"frame (\d+) of (\d+):")]
    private static partial Regex FrameLine();
}
