using System.CommandLine;
using VisionCell.Meshing;
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

    /// <summary><c>--raw VOLUME</c>.</summary>
    public static Option<string?> Raw() => new("--raw") { HelpName = "VOLUME", Description = "The sections as they were acquired, with a voxel size of their own in the file; shown in place of the reconstruction when they are switched on." };

    /// <summary><c>--objects</c>.</summary>
    public static Option<bool> Objects() => new("--objects") { Description = "Surfaces of the objects of --labels, with levels of detail." };

    /// <summary><c>--mesh FILE</c>.</summary>
    public static Option<string?> Mesh() => new("--mesh") { HelpName = "FILE", Description = "A surface: the .glb of 'visioncell mesh'." };

    /// <summary>The surface of a file, or null where none is asked for.</summary>
    /// <exception cref="BadInputException">It can't be read, or a surface of a grey value is asked for too.</exception>
    public static Mesh? MeshOf(this ParseResult parsed, Option<string?> mesh, Option<string?> iso) => parsed.GetValue(mesh) is not { } file ? null
        : parsed.GetValue(iso) is null ? GlbMesh.Read(file) : throw new BadInputException("--mesh and --iso exclude each other; give one");

    /// <summary><c>--view FILE</c>.</summary>
    public static Option<string?> View() => new("--view") { HelpName = "FILE", Description = "A view.json of another viewer: where to look from at first." };

    /// <summary>The view that was asked for, or null.</summary>
    /// <exception cref="BadInputException">It can't be read.</exception>
    public static ViewState? ViewOf(this ParseResult parsed, Option<string?> option) => parsed.GetValue(option) is { } path ? ViewState.Read(path) : null;
}
