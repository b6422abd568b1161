namespace VisionCell.Cli.CommandLine;

/// <summary>How this command is started again: for a notebook in a process of its own, and for Jupyter.</summary>
internal static class Self
{
    /// <summary>Executable as a full path, and leading arguments.</summary>
    public static IReadOnlyList<string> Command
    {
        get
        {
            var host = Environment.ProcessPath ?? "dotnet";
            return Path.GetFileNameWithoutExtension(host) == "dotnet" ? [host, Path.Combine(AppContext.BaseDirectory, "VisionCell.Cli.dll")] : [host];
        }
    }
}
