using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.RegularExpressions;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>
/// Scenes as JSON. The limits stand once, as attributes of the records: they are held here when a scene is read or written, and
/// written into the JSON schema by which the script in Blender holds what a user has edited.
/// </summary>
public static class SceneFile
{
    /// <summary>Reads a scene.</summary>
    /// <exception cref="BadInputException">A key is unknown or missing, or a value out of its limits; the message names file, field and limit.</exception>
    public static BlenderScene Read(string path)
    {
        var scene = Configuration.Read<BlenderScene>(path);
        Check(scene, path);
        return scene;
    }

    /// <summary>Writes a scene.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="scene">The scene.</param>
    /// <exception cref="BadInputException">A value is out of its limits.</exception>
    public static void Write(string path, BlenderScene scene)
    {
        Check(scene, path);
        // What is null is a default of the schema; left out, the file is what a person would write.
        var text = JsonNode.Parse(Configuration.ToJson(scene))!;
        Prune(text);
        AtomicWrite.Text(path, text.ToJsonString(s_readable) + "\n");
    }

    /// <summary>The JSON schema (draft 2020-12) of <see cref="BlenderScene"/>.</summary>
    public static string Schema()
    {
        var schema = JsonSchemaExporter.GetJsonSchemaAsNode(Configuration.Json, typeof(BlenderScene), new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = WithLimits });
        schema.AsObject().Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.AsObject().Insert(1, "title", "Vision Cell scene");
        return schema.ToJsonString(s_readable) + "\n";
    }

    private static readonly JsonSerializerOptions s_readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static JsonObject WithLimits(JsonSchemaExporterContext context, JsonNode node)
    {
        if (node is not JsonObject schema)
            schema = [];
        if (context.TypeInfo.Type == typeof(Vector3))
            Complete(schema, "array");
        // The exporter passes over optional values with a converter: their owner completes them.
        foreach (var optional in context.TypeInfo.Properties.Where(p => p.PropertyType == typeof(Vector3?)))
        {
            var part = schema["properties"]![optional.Name]!.AsObject();
            Complete(part, new JsonArray("array", "null"));
            if (Defaults.TryGetValue((context.TypeInfo.Type, optional.Name), out var stands))
                part["default"] = JsonNode.Parse(stands);
        }
        if (context.PropertyInfo is not { } property)
            return schema;
        if (property.AttributeProvider?.GetCustomAttributes(typeof(RangeAttribute), false) is [RangeAttribute range])
        {
            schema["minimum"] = Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture);
            schema["maximum"] = Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture);
        }
        if (property.AttributeProvider?.GetCustomAttributes(typeof(RegularExpressionAttribute), false) is [RegularExpressionAttribute form])
        {
            schema["pattern"] = form.Pattern;
            schema["description"] = "a colour '#rrggbb'";
        }
        // A part that is left out is made of its own defaults; an optional one is not there.
        if (schema["default"] is null && property.IsGetNullable && Defaults.TryGetValue((property.DeclaringType, property.Name), out var value))
            schema["default"] = JsonNode.Parse(value);
        return schema;
    }

    private static void Complete(JsonObject schema, JsonNode type)
    {
        schema["type"] = type;
        schema["items"] = new JsonObject { ["type"] = "number" };
        (schema["minItems"], schema["maxItems"]) = (3, 3);
    }

    /// <summary>What stands for a part that is left out; where none is named it is not there.</summary>
    private static readonly Dictionary<(Type, string), string> Defaults = new()
    {
        [(typeof(BlenderScene), "meshes")] = "[]",
        [(typeof(BlenderScene), "sections")] = "[]",
        [(typeof(BlenderScene), "volumes")] = "[]",
        [(typeof(BlenderScene), "cutaways")] = "[]",
        [(typeof(BlenderScene), "labels")] = "[]",
        [(typeof(BlenderScene), "lights")] = """[{"direction": [0.5, 0.6, 0.8]}]""",
        [(typeof(BlenderScene), "camera")] = "{}",
        [(typeof(BlenderScene), "environment")] = "{}",
        [(typeof(BlenderScene), "render")] = "{}",
        [(typeof(SceneMesh), "material")] = "{}",
        [(typeof(SceneCamera), "direction")] = "[0, 0, 1]",
        [(typeof(SceneCamera), "up")] = "[0, -1, 0]",
    };

    private static void Prune(JsonNode node)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list)
            {
                if (item is not null)
                    Prune(item);
            }
        }
        if (node is not JsonObject parts)
            return;
        foreach (var (key, value) in parts.ToList())
        {
            if (value is null)
                parts.Remove(key);
            else
                Prune(value);
        }
    }

    private static void Check(BlenderScene scene, string source)
    {
        CheckPart(scene, source, "");
        var (low, high) = (scene.BoundsNm.Min, scene.BoundsNm.Max);
        if (!(low.X < high.X && low.Y < high.Y && low.Z < high.Z))
            throw new BadInputException($"{source}: boundsNm: min {low} must lie below max {high} along each axis");
    }

    private static void CheckPart(object part, string source, string where)
    {
        foreach (var property in part.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var value = property.GetValue(part);
            var name = $"{where}{char.ToLowerInvariant(property.Name[0])}{property.Name[1..]}";
            if (value is null || property.GetIndexParameters().Length > 0)
                continue;
            if (property.GetCustomAttribute<RangeAttribute>() is { } range && !range.IsValid(value))
                throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"{source}: {name}: {value} must be {range.Minimum} to {range.Maximum}"));
            if (property.GetCustomAttribute<RegularExpressionAttribute>() is { } form && !Regex.IsMatch((string)value, form.Pattern))
                throw new BadInputException($"{source}: {name}: '{value}' must be a colour '#rrggbb'");
            if (property.GetCustomAttribute<StringLengthAttribute>() is { } length && !length.IsValid(value))
                throw new BadInputException($"{source}: {name}: must have {length.MinimumLength} to {length.MaximumLength} characters");
            if (value is Vector3 vector && !(double.IsFinite(vector.X) && double.IsFinite(vector.Y) && double.IsFinite(vector.Z)))
                throw new BadInputException($"{source}: {name}: {vector} must be finite");
            if (value is IEnumerable list and not string)
            {
                var i = 0;
                foreach (var item in list)
                    CheckPart(item, source, $"{name}[{i++}].");
            }
            else if (value.GetType() is { IsClass: true, Namespace: "VisionCell.Scenes" })
            {
                CheckPart(value, source, $"{name}.");
            }
        }
    }
}
