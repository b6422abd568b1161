using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using VisionCell.Volumes;

namespace VisionCell.Notebooks.Running;

/// <summary>
/// A notebook file of nbformat 4 (https://nbformat.readthedocs.io). Only what execution needs is interpreted; every other field
/// passes through unchanged.
/// </summary>
public sealed class NotebookDocument
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Indented = true,
        IndentSize = 1,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private NotebookDocument(JsonObject root) => Root = root;

    /// <summary>The whole file.</summary>
    public JsonObject Root { get; }

    /// <summary>The cells, in order.</summary>
    public JsonArray Cells => (JsonArray)Root["cells"]!;

    /// <summary>Reads a notebook.</summary>
    /// <exception cref="BadInputException">The file is missing, is no notebook, or is of another major version.</exception>
    public static NotebookDocument Read(string path)
    {
        if (!File.Exists(path))
            throw new BadInputException($"{path}: no such notebook.");
        return Parse(File.ReadAllText(path), path);
    }

    /// <summary>Reads a notebook from its text; <paramref name="name"/> stands for the file in messages.</summary>
    /// <exception cref="BadInputException">It is no notebook, or is of another major version.</exception>
    public static NotebookDocument Parse(string json, string name)
    {
        JsonNode? root;
        try
        {
            root = JsonNode.Parse(json);
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{name}: not a notebook, because not JSON: {e.Message}", e);
        }

        if (root is not JsonObject notebook || notebook["cells"] is not JsonArray || notebook["nbformat"] is not JsonValue version)
            throw new BadInputException($"{name}: not a notebook of nbformat 4: it has no \"cells\" or no \"nbformat\".");
        if (!version.TryGetValue(out int major) || major != 4)
            throw new BadInputException($"{name}: nbformat {version} cannot be run, only 4; open and save it in Jupyter to convert it.");
        return new NotebookDocument(notebook);
    }

    /// <summary>The text of a cell, whether the file holds it as one string or as lines.</summary>
    public static string SourceOf(JsonNode cell) => Text(cell["source"]);

    /// <summary>Text that a file holds as one string or as lines.</summary>
    public static string Text(JsonNode? node) =>
        node is JsonArray lines ? string.Concat(lines.Select(l => l?.GetValue<string>())) : node?.GetValue<string>() ?? string.Empty;

    /// <summary>Whether the cell is of the type: code, markdown or raw.</summary>
    public static bool IsOfType(JsonNode cell, string type) => cell["cell_type"]?.GetValue<string>() == type;

    /// <summary>Whether the cell carries the tag.</summary>
    public static bool HasTag(JsonNode cell, string tag) =>
        cell["metadata"]?["tags"] is JsonArray tags && tags.Any(t => t is JsonValue v && v.TryGetValue(out string? s) && s == tag);

    /// <summary>Writes the notebook beside <paramref name="path"/> and renames it into place.</summary>
    public void Write(string path)
    {
        AtomicWrite.File(path, stream =>
        {
            using (var writer = new Utf8JsonWriter(stream, WriterOptions))
                Root.WriteTo(writer);
            stream.WriteByte((byte)'\n');
        });
    }
}
