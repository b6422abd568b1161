using System.Text.Json;
using System.Text.Json.Serialization;
using VisionCell.Runs;

namespace VisionCell.Figures.Publication;

/// <summary>Where a figure comes from; it travels inside each of its files. Nothing in it changes from one making to the next.</summary>
/// <param name="Figure">Its id in the manifest.</param>
/// <param name="Title">What it shows.</param>
/// <param name="Function">What drew it.</param>
/// <param name="Parameters">Of the function, every default written out.</param>
/// <param name="Inputs">What it shows, by what it is to the function: path in the run's folder and hash.</param>
/// <param name="Run">Name of the run.</param>
/// <param name="Data">Data that the run read, with their hashes.</param>
/// <param name="Commit">Commit of the code that made the run; null where it is not known.</param>
/// <param name="Software">Version of the library that drew it, and of the browser.</param>
/// <param name="Protocol">How its numbers were made.</param>
/// <param name="Style">Size and letters.</param>
/// <param name="Citations">What to cite.</param>
public sealed record FigureProvenance(
    string Figure,
    string Title,
    string Function,
    JsonElement Parameters,
    IReadOnlyDictionary<string, DataRecord> Inputs,
    string? Run,
    IReadOnlyDictionary<string, DataRecord> Data,
    string? Commit,
    string Software,
    string? Protocol,
    FigureStyle Style,
    IReadOnlyList<string> Citations)
{
    // ASCII only (others escaped), so that it fits a PNG's Latin-1 text and a PDF's string as it is.
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>As one line of JSON in ASCII.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_json);
}
