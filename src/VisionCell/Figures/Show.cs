using System.Text.Json.Nodes;

namespace VisionCell.Figures;

/// <summary>
/// Figures of volumes, meshes and results. All coordinates are nanometres and both axes of an image have the same scale. What
/// is reduced for display is said under the figure and to <see cref="Notice"/>; the data themselves are never changed.
/// </summary>
public static partial class Show
{
    /// <summary>Voxels along each axis of a <see cref="Volume"/> figure: plotly.js meshes them in the browser, and 64³ is what it bears.</summary>
    public const int VolumeBudget = 64;

    /// <summary>Triangles of a <see cref="Mesh"/> figure.</summary>
    public const int MeshBudget = 200_000;

    /// <summary>Voxels behind the sliders of a <see cref="Sections"/> figure, of both volumes together: 128³, 2.8 MB in the page.</summary>
    public const int SectionsBudget = 128 * 128 * 128;

    /// <summary>Pixels along each side of an image.</summary>
    public const int ImageBudget = 512;

    /// <summary>Where notices go besides the caption: standard output, so that notebooks print them. A command line sets its standard error.</summary>
    public static Action<string> Notice { get; set; } = text => Console.Out.WriteLine(text);

    internal static JsonObject Title(string text) => new() { ["text"] = text };

    internal static JsonObject BaseLayout(string title, int width, int height, int left = 60, int right = 20, int top = 50, int bottom = 50) => new()
    {
        ["title"] = Title(title),
        ["width"] = null,
        ["height"] = height,
        ["autosize"] = true,
        ["margin"] = new JsonObject { ["l"] = left, ["r"] = right, ["t"] = top, ["b"] = bottom },
        ["paper_bgcolor"] = "white",
        ["plot_bgcolor"] = "white",
        ["font"] = new JsonObject { ["family"] = "sans-serif", ["size"] = 12 },
        ["meta"] = new JsonObject { ["unit"] = "nm", ["preferredWidth"] = width },
    };

    /// <summary>A slider; each step sends <c>KEY:NUMBER</c> to the part of the figure that runs in the browser.</summary>
    /// <param name="key">What moves.</param>
    /// <param name="name">Stands before the value.</param>
    /// <param name="labels">The value at each step.</param>
    /// <param name="active">Where it stands at first.</param>
    /// <param name="y">Its upper edge, parts of the height of the plot; negative below it.</param>
    /// <param name="x">Its left edge, parts of the width of the plot.</param>
    /// <param name="length">Parts of the width of the plot.</param>
    internal static JsonObject Slider(string key, string name, IEnumerable<string> labels, int active, double y, double x = 0, double length = 1) => new()
    {
        ["active"] = active, ["x"] = x, ["len"] = length, ["y"] = y, ["yanchor"] = "top", ["pad"] = new JsonObject { ["t"] = 0, ["b"] = 0 },
        ["ticklen"] = 0, ["minorticklen"] = 0, ["font"] = new JsonObject { ["size"] = 1, ["color"] = "rgba(0,0,0,0)" },
        ["currentvalue"] = new JsonObject { ["prefix"] = name + " ", ["xanchor"] = "left", ["font"] = new JsonObject { ["size"] = 12, ["color"] = "black" } },
        ["steps"] = new JsonArray([.. labels.Select((label, i) => (JsonNode)new JsonObject { ["method"] = "skip", ["value"] = $"{key}:{i}", ["label"] = label })]),
    };

    private static List<string> Notices() => [];

    private static void Say(List<string> notices, string notice)
    {
        notices.Add(notice);
        Notice(notice);
    }
}
