using System.Globalization;
using System.Text.Json.Nodes;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>
/// The state of Neuroglancer, which it keeps in the link: layers with their sources relative to the page, and a <see cref="ViewState"/> to
/// and from it. One unit of a dimension is a voxel edge; positions and lengths are multiples of it. A canonical voxel, in which Neuroglancer
/// counts the height of the picture, is a cube of the smallest of these edges (src/navigation_state.ts).
/// </summary>
public static class NeuroglancerState
{
    private const double NmPerMetre = 1e9;

    // Neuroglancer states the pitch of a section, not its height: the height of ours is taken for a panel of this many pixels.
    private const double PanelPixels = 400;

    private static readonly string[] _axes = ["x", "y", "z"];

    private const string ImageShader = """
        #uicontrol invlerp normalized
        #uicontrol bool dark checkbox(default=true)
        #uicontrol float density slider(min=0, max=1, default=0.25)
        void main() {
          float v = normalized();
          if (VOLUME_RENDERING) {
            float a = clamp(dark ? 1.0 - v : v, 0.0, 1.0);
            emitRGBA(vec4(vec3(v), a * a * density));
          } else {
            emitGrayscale(v);
          }
        }
        """;

    private const string UncertaintyShader = """
        #uicontrol invlerp normalized
        #uicontrol vec3 colour color(default="#ff3000")
        void main() {
          float v = clamp(normalized(), 0.0, 1.0);
          emitRGBA(vec4(colour, VOLUME_RENDERING ? 0.2 * v * v : v));
        }
        """;

    /// <summary>The state in which a scene opens.</summary>
    /// <param name="layers">What is shown, lowest first.</param>
    /// <param name="voxelSize">One unit of each dimension, nm.</param>
    /// <param name="view">Where one looks from; null leaves that to Neuroglancer.</param>
    public static JsonObject Create(IReadOnlyList<NeuroglancerLayer> layers, VoxelSize voxelSize, ViewState? view = null)
    {
        var state = new JsonObject
        {
            ["title"] = layers.Count > 0 ? layers[0].Name : "Vision Cell",
            ["dimensions"] = new JsonObject(_axes.Zip(Edges(voxelSize), (axis, edge) => KeyValuePair.Create(axis, (JsonNode?)new JsonArray(edge / NmPerMetre, "m")))),
            ["layers"] = new JsonArray([.. layers.Select(l => (JsonNode)Layer(l))]),
            ["selectedLayer"] = new JsonObject { ["layer"] = layers.Count > 0 ? layers[0].Name : "" },
            ["layout"] = "4panel",
        };
        return view is null ? state : Apply(state, view);
    }

    /// <summary>A state with the view put in; what a view does not speak of stays. Clip planes are left out: Neuroglancer has none.</summary>
    public static JsonObject Apply(JsonObject state, ViewState view)
    {
        var result = (JsonObject)state.DeepClone();
        var edges = EdgesOf(result);
        var pixel = edges.Min();
        result["position"] = new JsonArray([.. view.PositionNm.Zip(edges, (nm, edge) => (JsonNode)(nm / edge))]);
        foreach (var key in (string[])["projectionOrientation", "crossSectionOrientation"])
            result[key] = new JsonArray([.. view.Orientation.Select(v => (JsonNode)v)]);
        result["projectionScale"] = view.HeightNm / pixel;
        result["crossSectionScale"] = view.HeightNm / PanelPixels / pixel;
        result["layout"] = LayoutWith(result["layout"], view.Orthographic);
        foreach (var shown in view.Layers)
        {
            if (Find(result, shown.Name) is not { } layer)
                continue;
            layer["visible"] = shown.Visible;
            layer[OpacityKey(layer)] = shown.Opacity;
            if (shown.Window is { } window && layer["shaderControls"]?["normalized"] is JsonObject normalized)
                normalized["range"] = new JsonArray(window[0], window[1]);
        }
        return result;
    }

    /// <summary>The view that a state shows.</summary>
    /// <exception cref="BadInputException">The text is no state of Neuroglancer.</exception>
    public static ViewState ToView(JsonObject state)
    {
        try
        {
            var edges = EdgesOf(state);
            var pixel = edges.Min();
            double[] Numbers(string key, double[] otherwise) => state[key] is JsonArray array ? [.. array.Select(v => (double)v!)] : otherwise;
            var position = Numbers("position", [0, 0, 0]);
            return new ViewState
            {
                PositionNm = [.. position.Zip(edges, (p, edge) => p * edge)],
                Orientation = Numbers("projectionOrientation", Numbers("crossSectionOrientation", [0, 0, 0, 1])),
                Orthographic = state["layout"] is JsonObject layout && (bool?)layout["orthographicProjection"] == true,
                HeightNm = state["projectionScale"] is { } scale ? (double)scale * pixel
                    : state["crossSectionScale"] is { } pitch ? (double)pitch * pixel * PanelPixels : new ViewState().HeightNm,
                Layers = [.. Layers(state).Select(ToLayer)],
            };
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or NullReferenceException or ArgumentException)
        {
            throw new BadInputException($"a state of Neuroglancer that can't be read: {e.Message}", e);
        }
    }

    private static ViewLayer ToLayer(JsonObject layer) => new()
    {
        Name = (string)layer["name"]!,
        Visible = (bool?)layer["visible"] ?? true,
        Opacity = (double?)layer[OpacityKey(layer)] ?? (OpacityKey(layer) == "opacity" ? 0.5 : 1),
        Window = layer["shaderControls"]?["normalized"]?["range"] is JsonArray range ? [(double)range[0]!, (double)range[1]!] : null,
    };

    private static JsonObject Layer(NeuroglancerLayer layer)
    {
        var source = $"./{Uri.EscapeDataString(layer.Mount)}";
        return layer.Kind switch
        {
            NeuroglancerKind.Mesh => new JsonObject
            {
                ["type"] = "segmentation", ["name"] = layer.Name, ["source"] = $"precomputed://{source}",
                ["segments"] = new JsonArray("1"), ["segmentDefaultColor"] = "#d9a066", ["objectAlpha"] = 1,
            },
            NeuroglancerKind.Labels when layer.Objects is { } objects => new JsonObject
            {
                ["type"] = "segmentation", ["name"] = layer.Name, ["source"] = new JsonArray($"zarr://{source}", $"precomputed://./{Uri.EscapeDataString(layer.ObjectsMount)}"),
                ["segments"] = new JsonArray([.. objects.Shown.Select(o => (JsonNode)o.ToString(CultureInfo.InvariantCulture))]),
                // Where not all are chosen, sections show the others too.
                ["selectedAlpha"] = 0.4, ["notSelectedAlpha"] = objects.AreAll ? 0 : 0.4,
            },
            NeuroglancerKind.Labels => new JsonObject
            {
                ["type"] = "segmentation", ["name"] = layer.Name, ["source"] = $"zarr://{source}", ["selectedAlpha"] = 0.4,
            },
            _ => new JsonObject
            {
                ["type"] = "image", ["name"] = layer.Name, ["source"] = $"zarr://{source}", ["visible"] = layer.Kind != NeuroglancerKind.Raw,
                ["opacity"] = layer.Kind == NeuroglancerKind.Uncertainty ? 0.6 : 1, ["blend"] = "default",
                ["shader"] = layer.Kind == NeuroglancerKind.Uncertainty ? UncertaintyShader : ImageShader,
                ["shaderControls"] = new JsonObject { ["normalized"] = new JsonObject { ["range"] = new JsonArray(layer.Window.Low, layer.Window.High) } },
                // To be switched on beside the layer: without a GPU the browser takes minutes for it.
                ["volumeRendering"] = "off",
            },
        };
    }

    // Meshes and labels have an opacity of their own each.
    private static string OpacityKey(JsonObject layer) => (string?)layer["type"] != "segmentation" ? "opacity"
        : (layer["source"] as JsonValue)?.ToString().StartsWith("precomputed:", StringComparison.Ordinal) == true ? "objectAlpha" : "selectedAlpha";

    private static JsonObject LayoutWith(JsonNode? layout, bool orthographic)
    {
        var result = layout is JsonObject given ? (JsonObject)given.DeepClone() : new JsonObject { ["type"] = (string?)layout ?? "4panel" };
        result["orthographicProjection"] = orthographic;
        return result;
    }

    private static IEnumerable<JsonObject> Layers(JsonObject state) => (state["layers"] as JsonArray ?? []).OfType<JsonObject>();

    private static JsonObject? Find(JsonObject state, string name) => Layers(state).FirstOrDefault(l => (string?)l["name"] == name);

    private static double[] Edges(VoxelSize size) => [size.X, size.Y, size.Z];

    /// <summary>One unit of x, y, z, nm.</summary>
    private static double[] EdgesOf(JsonObject state) =>
    [
        .. _axes.Select(axis => state["dimensions"]?[axis] is JsonArray { Count: >= 2 } dimension && (string?)dimension[1] == "m" && (double)dimension[0]! > 0
            ? (double)dimension[0]! * NmPerMetre
            : throw new BadInputException($"a state of Neuroglancer without dimension {axis} in metres")),
    ];
}
