using System.ComponentModel;
using System.Diagnostics;

namespace VisionCell.Cli.Doctor;

/// <summary>Programs beside Vision Cell that some commands call or work with.</summary>
internal static class Tools
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly string[] KernelNames = [".net-csharp", "visioncell"];

    public static IEnumerable<Func<Check>> Checks =>
    [
        () => Program("Jupyter", ["jupyter-lab", "jupyter-notebook", "jupyter"], null, "working in notebooks (running them needs none)", "sudo apt-get install jupyter-notebook, or pip install jupyterlab"),
        Kernel,
        () => Program("Chromium", ["chromium-headless-shell", "chromium", "google-chrome", "chromium-browser"], "--version", "pictures of figures, tests of figures", "sudo apt-get install chromium"),
        () => Program("ffmpeg", ["ffmpeg"], "-version", "videos in H.264 and WebM (without it MPEG-4 part 2)", "sudo apt-get install ffmpeg"),
        () => Program("Blender", ["blender"], "--version", "rendered scenes (export blender --render, notebook 07)", "sudo apt-get install --no-install-recommends blender python3-openvdb"),
        () => Program("Node.js", ["node"], "--version", "tests in a browser", "sudo apt-get install nodejs"),
        () => Program("npm", ["npm"], "--version", "bundling Neuroglancer at set-up", "sudo apt-get install npm"),
        Neuroglancer,
        () => Program("Slurm", ["sbatch"], "--version", "running on a cluster", "the cluster's administrator provides it"),
    ];

    /// <summary>The full path of a program, or null where PATH has none.</summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>The first line that a program prints, or null where it fails or takes too long.</summary>
    public static string? FirstLine(string path, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(path, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true });
            if (process is null)
                return null;
            var line = process.StandardOutput.ReadLineAsync();
            var done = line.Wait(Patience);
            if (!process.WaitForExit(TimeSpan.FromSeconds(done ? 1 : 0)))
                process.Kill(entireProcessTree: true);
            return done ? line.Result?.Trim() : null;
        }
        catch (Exception e) when (e is Win32Exception or IOException or InvalidOperationException)
        {
            return null;
        }
    }

    private static Check Program(string name, string[] commands, string? versionOption, string usedFor, string fix)
    {
        var path = commands.Select(Find).FirstOrDefault(p => p is not null);
        if (path is null)
            return new(name, CheckStatus.Optional, "not found", usedFor, fix);
        var version = versionOption is null ? null : FirstLine(path, versionOption);
        return new(name, CheckStatus.Ok, version is null ? path : $"{version} ({path})", usedFor);
    }

    private static Check Neuroglancer() => Scenes.NeuroglancerBundle.Find() is { } folder
        ? new("Neuroglancer", CheckStatus.Ok, folder, "visioncell view, export neuroglancer")
        : new("Neuroglancer", CheckStatus.Optional, "not found", "visioncell view, export neuroglancer", "install npm and run environment/setup.sh");

    private static Check Kernel()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var data = Environment.GetEnvironmentVariable("JUPYTER_DATA_DIR") is { Length: > 0 } own ? own
            : Environment.GetEnvironmentVariable("XDG_DATA_HOME") is { Length: > 0 } xdg ? Path.Combine(xdg, "jupyter") : Path.Combine(home, ".local", "share", "jupyter");
        string[] folders = [.. (Environment.GetEnvironmentVariable("JUPYTER_PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries), data, "/usr/local/share/jupyter", "/usr/share/jupyter"];
        var found = (from folder in folders
                     from name in KernelNames
                     let specification = Path.Combine(folder, "kernels", name, "kernel.json")
                     where File.Exists(specification)
                     select $"{name} ({(File.ReadAllText(specification).Contains("VisionCell", StringComparison.Ordinal) ? "Vision Cell" : "another kernel")}, {Path.GetDirectoryName(specification)})").ToList();
        return found.Count > 0
            ? new("Jupyter kernel", CheckStatus.Ok, string.Join("; ", found), "notebooks in Jupyter")
            : new("Jupyter kernel", CheckStatus.Optional, "not registered", "notebooks in Jupyter", "visioncell kernel install");
    }
}
