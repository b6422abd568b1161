using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>Neuroglancer itself, which set-up bundles into <c>artifacts/neuroglancer</c> (src/neuroglancer).</summary>
public static class NeuroglancerBundle
{
    /// <summary>Names the folder of a bundle that lies elsewhere.</summary>
    public const string Variable = "VISIONCELL_NEUROGLANCER";

    private const string Page = "index.html";

    /// <summary>The folder of the bundle, or null where there is none.</summary>
    public static string? Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            return File.Exists(Path.Combine(named, Page)) ? named : null;
        for (var folder = new DirectoryInfo(Path.GetDirectoryName(typeof(NeuroglancerBundle).Assembly.Location) is { Length: > 0 } own ? own : AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var bundle = Path.Combine(folder.FullName, "artifacts", "neuroglancer");
            if (File.Exists(Path.Combine(bundle, Page)))
                return bundle;
        }
        return null;
    }

    /// <summary>The folder of the bundle.</summary>
    /// <exception cref="BadInputException">There is none; the message says how to get it.</exception>
    public static string Get() => Find() ?? throw new BadInputException(
        $"Neuroglancer is not there (artifacts/neuroglancer/{Page}): install npm (sudo apt-get install npm) and run environment/setup.sh once with a network, or name its folder in {Variable}");
}
