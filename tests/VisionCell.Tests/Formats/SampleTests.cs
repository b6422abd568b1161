using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

/// <summary>The bundled samples are what their manifests say, and every manifest keeps to the schema.</summary>
public class SampleTests
{
    public static TheoryData<string> Manifests => [.. Directory.GetFiles(Golden.Find("data-manifests"), "*.json").Select(f => Path.GetFileName(f)).Where(n => n != "schema.json")];

    [Theory]
    [InlineData("medulla-sample", true)]
    [InlineData("bone-sample", false)]
    public void A_bundled_sample_is_what_its_manifest_says(string name, bool isCalibrated)
    {
        var manifest = Load($"{name}.json");
        var path = Golden.Find($"data-manifests/{(string?)manifest["files"]![0]!["path"]}");
        Assert.Equal((string?)manifest["files"]![0]!["sha256"], Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))));
        var info = VolumeFormats.Inspect(path);
        Assert.Equal(manifest["shape"]!.AsArray().Select(n => (int)n!), [info.Shape.Z, info.Shape.Y, info.Shape.X]);
        Assert.Equal(VoxelType.UInt8, info.VoxelType);
        Assert.Equal(isCalibrated, info.VoxelSize is not null);
        if (!isCalibrated)
            return;
        var size = VolumeFormats.Read(path).VoxelSize;
        Assert.All(manifest["voxelSizeNm"]!.AsArray().Select(n => (double)n!).Zip([size.Z, size.Y, size.X]), p => Assert.Equal(p.First, p.Second, 1e-6));
    }

    [Fact]
    public void Bundled_samples_stay_within_4_MB() =>
        Assert.True(Directory.GetFiles(Golden.Find("data-manifests/samples")).Sum(f => new FileInfo(f).Length) <= 4_000_000);

    [Theory]
    [MemberData(nameof(Manifests))]
    public void A_manifest_keeps_to_the_schema(string name)
    {
        var manifest = Load(name);
        var schema = Load("schema.json");
        Assert.Equal(Path.GetFileNameWithoutExtension(name), (string?)manifest["name"]);
        var problems = new List<string>();
        Check(manifest, schema, schema, "$", problems);
        Assert.Empty(problems);
    }

    [Fact]
    public void The_check_against_the_schema_finds_a_misspelt_key_and_a_wrong_type()
    {
        var schema = Load("schema.json");
        var manifest = Load("medulla-sample.json");
        manifest["voxelsize"] = 1;
        manifest["shape"] = new JsonArray(1, 2);
        manifest.AsObject().Remove("licence");
        var problems = new List<string>();
        Check(manifest, schema, schema, "$", problems);
        Assert.Equal(3, problems.Count);
    }

    private static JsonNode Load(string name) => JsonNode.Parse(File.ReadAllText(Golden.Find($"data-manifests/{name}")))!;

    // The part of JSON Schema that the manifests' schema uses: type, enum, pattern, required, properties without others,
    // items with bounds, $ref into $defs.
    private static void Check(JsonNode? value, JsonNode schema, JsonNode root, string at, List<string> problems)
    {
        if ((string?)schema["$ref"] is { } reference)
        {
            Check(value, root["$defs"]![reference["#/$defs/".Length..]]!, root, at, problems);
            return;
        }
        var kind = value?.GetValueKind() ?? JsonValueKind.Null;
        var types = schema["type"] is JsonArray several ? several.Select(t => (string)t!) : schema["type"] is { } one ? [(string)one!] : [];
        if (types.Any() && !types.Any(t => Is(kind, t, value)))
        {
            problems.Add($"{at}: {kind} is none of {string.Join(", ", types)}");
            return;
        }
        if (schema["enum"] is JsonArray allowed && !allowed.Any(a => JsonNode.DeepEquals(a, value)))
            problems.Add($"{at}: {value} is not allowed");
        if ((string?)schema["pattern"] is { } pattern && kind == JsonValueKind.String && !System.Text.RegularExpressions.Regex.IsMatch((string)value!, pattern))
            problems.Add($"{at}: {value} does not match {pattern}");
        if (value is JsonObject o)
        {
            foreach (var key in (schema["required"] as JsonArray ?? []).Select(k => (string)k!).Where(k => !o.ContainsKey(k)))
                problems.Add($"{at}: {key} is missing");
            foreach (var (key, member) in o)
            {
                if (schema["properties"]?[key] is { } inner)
                    Check(member, inner, root, $"{at}.{key}", problems);
                else
                    problems.Add($"{at}: {key} is unknown");
            }
        }
        if (value is JsonArray a2)
        {
            if (a2.Count < ((int?)schema["minItems"] ?? 0) || a2.Count > ((int?)schema["maxItems"] ?? int.MaxValue))
                problems.Add($"{at}: {a2.Count} items");
            else if (schema["items"] is { } items)
            {
                for (var i = 0; i < a2.Count; i++)
                    Check(a2[i], items, root, $"{at}[{i}]", problems);
            }
        }
    }

    private static bool Is(JsonValueKind kind, string type, JsonNode? value) => type switch
    {
        "null" => kind == JsonValueKind.Null,
        "string" => kind == JsonValueKind.String,
        "number" => kind == JsonValueKind.Number,
        "integer" => kind == JsonValueKind.Number && (double)value! == Math.Floor((double)value!),
        "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
        "array" => kind == JsonValueKind.Array,
        _ => kind == JsonValueKind.Object,
    };
}
