using System.Text.Json.Nodes;
using VisionCell.Meshing;
using VisionCell.Volumes;
using SurfaceMesh = VisionCell.Meshing.Mesh;

namespace VisionCell.Figures;

public static partial class Show
{
    /// <summary>
    /// A surface, lit. Larger meshes are simplified to at most 200,000 triangles. With sliders, planes across x, y and z cut it, its light goes
    /// round the picture and aside, and it becomes transparent.
    /// </summary>
    /// <param name="mesh">The surface, nm.</param>
    /// <param name="title">Stands above.</param>
    /// <param name="colour">A CSS colour of the form <c>#rrggbb</c>, for meshes without colours of their own.</param>
    /// <param name="sliders">Whether it can be cut, lit and faded.</param>
    /// <param name="values">Uncertainty or another amount, at least 0, in the same space: each vertex takes the colour of the voxel that it lies in. Null for none.</param>
    /// <param name="unit">What the values are.</param>
    /// <exception cref="BadInputException">The mesh is empty or the colour is none.</exception>
    public static Figure Mesh(
        SurfaceMesh mesh, string title = "Surface", string colour = "#d9a066", bool sliders = false, Volume<float>? values = null, string unit = "uncertainty")
    {
        if (mesh.TriangleCount == 0)
            throw new BadInputException("the mesh has no triangle: there is nothing to show");
        var rgb = ParseColour(colour);
        var notices = Notices();
        var shown = FigureData.GetReduced(mesh, MeshBudget);
        if (shown.TriangleCount != mesh.TriangleCount)
            Say(notices, FormattableString.Invariant($"Shown with {shown.TriangleCount:N0} triangles, simplified from {mesh.TriangleCount:N0}."));
        var trace = MeshTrace(shown);
        if (values is not null)
        {
            var sampled = MeshColours.Sample(shown, values);
            var high = FigureData.GetContrastLimits(sampled).High;
            trace["intensity"] = PlotlyJson.Quantised(sampled, 0, high);
            (trace["cmin"], trace["cmax"], trace["colorscale"]) = (0, high, ColourScale.Amount.ToJson());
            trace["colorbar"] = new JsonObject { ["thickness"] = 12, ["outlinewidth"] = 0, ["title"] = Title(unit) };
            trace["hovertemplate"] = "x %{x:.1f} nm<br>y %{y:.1f} nm<br>z %{z:.1f} nm<br>" + unit.Replace("%{", "% {", StringComparison.Ordinal) + " %{intensity:.4g}<extra></extra>";
            shown = MeshColours.Paint(shown, values, value =>
            {
                var amount = ColourScale.Amount.At(value, 0, high);
                return (amount.R, amount.G, amount.B);
            });
        }
        else if (shown.Colours is { } c)
        {
            trace["vertexcolor"] = new JsonArray([.. Enumerable.Range(0, shown.VertexCount).Select(v => (JsonNode)ColourScale.Css(new Rgb(c[4 * v], c[4 * v + 1], c[4 * v + 2])))]);
        }
        else
        {
            trace["color"] = colour;
        }
        const int Width = 760, Height = 540;
        var bottom = sliders ? MeshControls.Height : 0;
        var layout = BaseLayout(title, Width, Height + bottom, 0, 0, 40, bottom);
        layout["scene"] = Scene(0, 1);
        var controls = sliders ? MeshControls.Add(trace, layout, shown, Height - 40) : null;
        return new Figure(title, [trace], layout, Width, Height + bottom, () => MeshPicture.Draw(title, shown, rgb), notices, controls is null ? null : ("clip", controls));
    }

    private static JsonObject MeshTrace(SurfaceMesh mesh)
    {
        JsonObject Corner(int n)
        {
            var corners = new int[mesh.TriangleCount];
            for (var t = 0; t < corners.Length; t++)
                corners[t] = mesh.Triangles[3 * t + n];
            return mesh.VertexCount <= ushort.MaxValue + 1 ? PlotlyJson.Typed<ushort>(Array.ConvertAll(corners, v => (ushort)v)) : PlotlyJson.Typed<int>(corners);
        }
        return new JsonObject
        {
            ["type"] = "mesh3d",
            ["x"] = PlotlyJson.QuantisedCoordinates(mesh.Positions, 0, 3),
            ["y"] = PlotlyJson.QuantisedCoordinates(mesh.Positions, 1, 3),
            ["z"] = PlotlyJson.QuantisedCoordinates(mesh.Positions, 2, 3),
            ["i"] = Corner(0), ["j"] = Corner(1), ["k"] = Corner(2),
            ["flatshading"] = false,
            ["lighting"] = new JsonObject { ["ambient"] = 0.4, ["diffuse"] = 0.8, ["specular"] = 0.25, ["roughness"] = 0.5, ["fresnel"] = 0.1 },
            ["lightposition"] = new JsonObject { ["x"] = 20_000, ["y"] = 10_000, ["z"] = 40_000 },
            ["hovertemplate"] = "x %{x:.1f} nm<br>y %{y:.1f} nm<br>z %{z:.1f} nm<extra></extra>",
        };
    }
}
