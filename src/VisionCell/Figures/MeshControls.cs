using System.Globalization;
using System.Text.Json.Nodes;
using VisionCell.Meshing;

namespace VisionCell.Figures;

/// <summary>Sliders of a surface: planes that cut it, its light, its opacity. What they do is in figure.mesh.js.</summary>
internal static class MeshControls
{
    /// <summary>What two rows of three take below the surface, pixels.</summary>
    public const int Height = 2 * RowHeight + 24;

    private const int RowHeight = 58;
    private const int Steps = 41; // of a plane, a fortieth of the surface apart
    private const int TurnStep = 15, SideStep = 10, MostSide = 80;
    private const double OpacityStep = 0.1;

    // plotly.js places lights in the picture: x to the right, y up, from the eye, in halves of what is seen at the near plane (2 hundredths
    // of the box away, 45 degrees high). As far aside as the eye is away at first, 2.5 times the box, is 2.5 / (0.02 tan 22.5°).
    private const double Away = 300;

    /// <summary>Adds the sliders to a figure of one mesh; returns what the browser is told.</summary>
    /// <param name="trace">The mesh as Plotly takes it.</param>
    /// <param name="layout">Has one scene.</param>
    /// <param name="mesh">The mesh, nm.</param>
    /// <param name="plotHeight">Height of the scene, pixels.</param>
    public static JsonObject Add(JsonObject trace, JsonObject layout, Mesh mesh, int plotHeight)
    {
        var (min, max) = mesh.Bounds;
        double[] low = [min.X, min.Y, min.Z], high = [max.X, max.Y, max.Z];
        var sliders = new JsonArray();
        void Slider(string key, string name, int row, IEnumerable<string> labels, int active) =>
            sliders.Add((JsonNode)Show.Slider(key, name, labels, active, -(12.0 + row * RowHeight) / plotHeight, 0.03 + 0.33 * (sliders.Count % 3), 0.28));
        static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
        for (var a = 0; a < 3; a++)
        {
            var axis = a;
            Slider("xyz"[a..(a + 1)], "up to " + "xyz"[a], 0, Enumerable.Range(0, Steps).Select(i => Text($"{low[axis] + (high[axis] - low[axis]) * i / (Steps - 1):0.#} nm")), Steps - 1);
            // The box stays where it is when parts of the surface go; what lies on its faces must not be lost to rounding.
            var margin = high[a] > low[a] ? 0.02 * (high[a] - low[a]) : 1;
            layout["scene"]!["xyz"[a] + "axis"]!["range"] = new JsonArray(low[a] - margin, high[a] + margin);
        }
        int turn = 120, side = 40;
        Slider("turn", "light from", 1, Enumerable.Range(0, 360 / TurnStep).Select(i => Text($"{i * TurnStep}\u00B0")), turn / TurnStep);
        Slider("side", "aside of the eye", 1, Enumerable.Range(0, MostSide / SideStep + 1).Select(i => Text($"{i * SideStep}\u00B0")), side / SideStep);
        Slider("opacity", "opacity", 1, Enumerable.Range(0, 11).Select(i => Text($"{10 * i} %")), 10);
        layout["sliders"] = sliders;
        var away = Away * Math.Tan(side * Math.PI / 180);
        trace["lightposition"] = new JsonObject { ["x"] = away * Math.Cos(turn * Math.PI / 180), ["y"] = away * Math.Sin(turn * Math.PI / 180), ["z"] = 0 };
        return new JsonObject
        {
            ["steps"] = Steps, ["low"] = new JsonArray(low[0], low[1], low[2]), ["high"] = new JsonArray(high[0], high[1], high[2]),
            ["turn"] = turn, ["side"] = side, ["turnStep"] = TurnStep, ["sideStep"] = SideStep, ["away"] = Away, ["opacityStep"] = OpacityStep,
        };
    }
}
