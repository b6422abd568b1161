#nullable enable
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

namespace VisionCell.Viewer
{
    /// <summary>What is shown of one layer.</summary>
    public sealed class LayerView
    {
        public LayerView(string name, bool visible = true, double opacity = 1, double[]? window = null)
        {
            Name = name;
            Visible = visible;
            Opacity = opacity;
            Window = window;
        }

        public string Name { get; }

        public bool Visible { get; set; }

        public double Opacity { get; set; }

        /// <summary>Values that are black and white; null for those of the scene.</summary>
        public double[]? Window { get; set; }
    }

    /// <summary><c>view.json</c>, which the browser, Unity and Blender share (docs/guide/viewers.md of Vision Cell).</summary>
    public sealed class ViewFile
    {
        public OrbitCamera Camera { get; } = new OrbitCamera();

        public List<LayerView> Layers { get; } = new List<LayerView>();

        public List<ClipPlane> ClipPlanes { get; } = new List<ClipPlane>();

        /// <summary>Reads the text of a view.</summary>
        /// <exception cref="InvalidDataException">It is no view, or of another version.</exception>
        public static ViewFile Parse(string text)
        {
            var json = Json.ParseObject(text);
            var result = new ViewFile();
            if (json.ContainsKey("version") && Json.Number(json, "version") != 1)
                throw new InvalidDataException($"version {Json.Number(json, "version")} of a view: this viewer reads version 1");
            if (json.ContainsKey("positionNm"))
                result.Camera.TargetNm = Json.Triple(json, "positionNm");
            if (json.ContainsKey("orientation"))
            {
                var q = Json.Numbers(json, "orientation", 4);
                result.Camera.Orientation = new Rotation(q[0], q[1], q[2], q[3]).Unit();
            }
            if (json.TryGetValue("orthographic", out var orthographic))
                result.Camera.Orthographic = orthographic is bool flat ? flat : throw new InvalidDataException("'orthographic' is neither true nor false");
            if (json.ContainsKey("heightNm"))
            {
                var height = Json.Number(json, "heightNm");
                result.Camera.HeightNm = height > 0 ? height : throw new InvalidDataException($"'heightNm' is {height}: it must be positive");
            }
            foreach (var layer in Objects(json, "layers"))
            {
                result.Layers.Add(new LayerView(
                    Json.Text(layer, "name"),
                    !layer.TryGetValue("visible", out var visible) || visible is true,
                    layer.ContainsKey("opacity") ? Json.Number(layer, "opacity") : 1,
                    layer.TryGetValue("window", out var window) && window != null ? Json.Numbers(layer, "window", 2) : null));
            }
            foreach (var plane in Objects(json, "clipPlanes"))
                result.ClipPlanes.Add(new ClipPlane(Json.Triple(plane, "normal"), Json.Number(plane, "offsetNm")));
            return result;
        }

        /// <summary>The text of this view.</summary>
        public override string ToString()
        {
            var (p, q) = (Camera.TargetNm, Camera.Orientation);
            var text = new StringBuilder("{\n  \"version\": 1,\n");
            text.Append("  \"positionNm\": ").Append(List(p.X, p.Y, p.Z)).Append(",\n  \"orientation\": ").Append(List(q.X, q.Y, q.Z, q.W));
            text.Append(",\n  \"orthographic\": ").Append(Camera.Orthographic ? "true" : "false").Append(",\n  \"heightNm\": ").Append(Number(Camera.HeightNm));
            text.Append(",\n  \"layers\": [");
            for (var i = 0; i < Layers.Count; i++)
            {
                var layer = Layers[i];
                text.Append(i == 0 ? "\n    " : ",\n    ").Append("{ \"name\": ").Append(Quoted(layer.Name)).Append(", \"visible\": ").Append(layer.Visible ? "true" : "false")
                    .Append(", \"opacity\": ").Append(Number(layer.Opacity)).Append(", \"window\": ").Append(layer.Window is { } w ? List(w) : "null").Append(" }");
            }
            text.Append("],\n  \"clipPlanes\": [");
            for (var i = 0; i < ClipPlanes.Count; i++)
            {
                var n = ClipPlanes[i].Normal;
                text.Append(i == 0 ? "\n    " : ",\n    ").Append("{ \"normal\": ").Append(List(n.X, n.Y, n.Z)).Append(", \"offsetNm\": ").Append(Number(ClipPlanes[i].OffsetNm)).Append(" }");
            }
            return text.Append("]\n}\n").ToString();
        }

        private static IEnumerable<Dictionary<string, object?>> Objects(Dictionary<string, object?> json, string key)
        {
            if (!json.ContainsKey(key))
                yield break;
            foreach (var entry in Json.List(json, key))
                yield return entry as Dictionary<string, object?> ?? throw new InvalidDataException($"'{key}' holds something that is no object");
        }

        private static string List(params double[] values) => "[" + string.Join(", ", Array.ConvertAll(values, Number)) + "]";

        private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

        private static string Quoted(string text)
        {
            var result = new StringBuilder("\"");
            foreach (var c in text)
            {
                if (c == '"' || c == '\\')
                    result.Append('\\').Append(c);
                else if (c < ' ')
                    result.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                else
                    result.Append(c);
            }
            return result.Append('"').ToString();
        }
    }
}
