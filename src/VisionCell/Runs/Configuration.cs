using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using VisionCell.Volumes;

namespace VisionCell.Runs;

/// <summary>
/// Configurations as JSON: immutable records, keys in camelCase, enumerations by name. Unknown keys are refused with the known keys
/// nearest to them: a misspelt key that silently became its default is how experiments go wrong. A key left out keeps its default;
/// comments and trailing commas are allowed.
/// </summary>
public static class Configuration
{
    /// <summary>How configurations and run records are read and written.</summary>
    internal static JsonSerializerOptions Json { get; } = CreateOptions();

    /// <summary>Reads a configuration file.</summary>
    /// <exception cref="BadInputException">The file is missing, is not JSON, has an unknown or doubled key, or a value that the configuration refuses; the message names file, key and fix.</exception>
    public static T Read<T>(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BadInputException($"{path}: no such file", e);
        }
        return Parse<T>(text, path);
    }

    /// <summary>Reads a configuration from JSON text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="source">What messages call it.</param>
    /// <exception cref="BadInputException">As <see cref="Read"/>.</exception>
    public static T Parse<T>(string json, string source)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            RefuseUnknownKeys(document.RootElement, Json.GetTypeInfo(typeof(T)), source, "");
            return JsonSerializer.Deserialize<T>(json, Json) ?? throw new BadInputException($"{source}: holds null, not a configuration");
        }
        catch (JsonException e)
        {
            var at = string.IsNullOrEmpty(e.Path) || e.Path == "$" ? "" : $" at {e.Path.Replace("$.", "", StringComparison.Ordinal)}";
            var line = e.LineNumber is { } number ? $" (line {number + 1})" : "";
            throw new BadInputException($"{source}{at}{line}: {FirstSentence(e.Message)}", e);
        }
        catch (BadInputException e) when (!e.Message.StartsWith(source, StringComparison.Ordinal))
        {
            throw new BadInputException($"{source}: {e.Message}", e);
        }
    }

    /// <summary>A configuration as JSON text, every default written out.</summary>
    public static string ToJson<T>(T configuration) => JsonSerializer.Serialize(configuration, Json);

    /// <summary>Writes a configuration, every default written out; beside and renamed into place.</summary>
    public static void Write<T>(string path, T configuration) => AtomicWrite.Text(path, ToJson(configuration) + "\n");

    private static void RefuseUnknownKeys(JsonElement element, JsonTypeInfo type, string source, string path)
    {
        if (element.ValueKind == JsonValueKind.Array && type.ElementType is { } item)
        {
            foreach (var entry in element.EnumerateArray())
                RefuseUnknownKeys(entry, Json.GetTypeInfo(item), source, path);
        }
        if (element.ValueKind != JsonValueKind.Object)
            return;
        if (type.Kind == JsonTypeInfoKind.Dictionary)
        {
            foreach (var entry in element.EnumerateObject())
                RefuseUnknownKeys(entry.Value, Json.GetTypeInfo(type.ElementType!), source, $"{path}{entry.Name}.");
        }
        if (type.Kind != JsonTypeInfoKind.Object)
            return;
        foreach (var key in element.EnumerateObject())
        {
            var known = type.Properties.FirstOrDefault(p => p.Name == key.Name)
                ?? throw new BadInputException($"{source}: unknown key '{path}{key.Name}'; {Nearest(key.Name, [.. type.Properties.Select(p => p.Name)])}");
            RefuseUnknownKeys(key.Value, Json.GetTypeInfo(Nullable.GetUnderlyingType(known.PropertyType) ?? known.PropertyType), source, $"{path}{key.Name}.");
        }
    }

    /// <summary>The known keys within a third of their length of edits; all of them where none is near.</summary>
    private static string Nearest(string key, string[] known)
    {
        if (known.Length == 0)
            return "there are no keys here";
        var near = known.Select(k => (Key: k, Edits: Edits(key.ToUpperInvariant(), k.ToUpperInvariant())))
            .Where(k => k.Edits <= Math.Max(2, k.Key.Length / 3))
            .OrderBy(k => k.Edits).Take(3).Select(k => $"'{k.Key}'").ToArray();
        return near.Length > 0 ? $"did you mean {string.Join(" or ", near)}?" : $"known keys: {string.Join(", ", known)}";
    }

    /// <summary>Levenshtein distance.</summary>
    private static int Edits(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[^1];
    }

    private static string FirstSentence(string message)
    {
        var end = message.IndexOf(" Path: ", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).ReplaceLineEndings(" ");
    }

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            AllowDuplicateProperties = false,
            RespectNullableAnnotations = true,
            RespectRequiredConstructorParameters = true,
            ReadCommentHandling = JsonCommentHandling.Skip,
            AllowTrailingCommas = true,
            WriteIndented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
        };
        options.MakeReadOnly();
        return options;
    }
}
