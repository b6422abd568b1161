using System.CommandLine;
using VisionCell.Scenes;
using VisionCell.Volumes;

namespace VisionCell.Cli.CommandLine;

/// <summary>What the viewers' commands share: layers beside the grey volume, the view.</summary>
internal static class SceneArguments
{
    /// <summary><c>--labels VOLUME</c>.</summary>
    public static Option<string?> Labels() => new("--labels") { HelpName = "VOLUME", Description = "Whole numbers that name objects, 0 for none: 8 or 16 bit." };

    /// <summary><c>--uncertainty VOLUME</c>.</summary>
    public static Option<string?> Uncertainty() => new("--uncertainty") { HelpName = "VOLUME", Description = "Uncertainty of each voxel, shown over the volume." };

    /// <summary><c>--view FILE</c>.</summary>
    public static Option<string?> View() => new("--view") { HelpName = "FILE", Description = "A view.json of another viewer: where to look from at first." };

    /// <summary>The view that was asked for, or null.</summary>
    /// <exception cref="BadInputException">It can't be read.</exception>
    public static ViewState? ViewOf(this ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is { } path ? ViewState.Read(path) : null;
}
