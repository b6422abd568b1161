using VisionCell.Volumes;

namespace VisionCell.Cli.CommandLine;

/// <summary>Where the repository's notebooks and data are, seen from the running command.</summary>
internal static class Installation
{
    private static readonly Lazy<string?> Found = new(FindRoot);

    /// <summary>The repository's root.</summary>
    /// <exception cref="BadInputException">The command does not lie in a checkout.</exception>
    public static string Root => Found.Value
        ?? throw new BadInputException($"no VisionCell.slnx above '{AppContext.BaseDirectory}': run the command from a checkout of the repository, as environment/visioncell does");

    /// <summary>A file of the repository, or null where there is no such file or no checkout.</summary>
    public static string? Find(params string[] parts) =>
        Found.Value is { } root && Path.Combine([root, .. parts]) is var path && File.Exists(path) ? path : null;

    private static string? FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "VisionCell.slnx")))
                return folder.FullName;
        }
        return null;
    }
}
