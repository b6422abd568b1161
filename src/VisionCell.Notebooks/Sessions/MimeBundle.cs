using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Html;
using Microsoft.DotNet.Interactive.Formatting;
using VisionCell.Figures;

namespace VisionCell.Notebooks.Sessions;

/// <summary>The representations of one displayed value, by MIME type.</summary>
public sealed class MimeBundle
{
    private const string PlainText = "text/plain";

    private readonly List<KeyValuePair<string, string>> _entries = [];

    private MimeBundle()
    {
    }

    /// <summary>MIME type and text of each representation; pictures are base64, as in a notebook file.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Entries => _entries;

    /// <summary>The text of one representation, or null.</summary>
    public string? this[string mimeType] => _entries.Find(e => e.Key == mimeType).Value;

    /// <summary>
    /// Formats a value through Microsoft.DotNet.Interactive.Formatting, in the types asked for or else those that its type prefers
    /// (a type says so by an attribute simply named TypeFormatterSourceAttribute). A plain-text fallback for text-only clients is added.
    /// </summary>
    public static MimeBundle Of(object? value, params string[] mimeTypes)
    {
        var bundle = new MimeBundle();
        if (mimeTypes.Length == 0 && IsChart(value))
            value = Figure.From(value!);
        Type type = value?.GetType() ?? typeof(object);
        IEnumerable<string> wanted = mimeTypes.Length > 0 ? mimeTypes
            : value is null || IsScalar(type) ? [PlainText]
            : Formatter.GetPreferredMimeTypesFor(type);
        foreach (string mime in wanted.Distinct(StringComparer.Ordinal))
        {
            // A string asked for as HTML is HTML: formatting it would escape its tags.
            string text = value is string literal && mime != "application/json" ? literal : Formatter.ToDisplayString(value, mime);
            bundle._entries.Add(new(mime, text));
        }

        if (bundle[PlainText] is null && mimeTypes.Length == 0)
            bundle._entries.Add(new(PlainText, PlainFallback(value!, type)));
        return bundle;
    }

    /// <summary>The same text under each of the MIME types.</summary>
    public static MimeBundle Literal(string text, params string[] mimeTypes)
    {
        var bundle = new MimeBundle();
        foreach (string mime in mimeTypes.Distinct(StringComparer.Ordinal))
            bundle._entries.Add(new(mime, text));
        return bundle;
    }

    /// <summary>The bundle as a notebook file and the Jupyter protocol write it: JSON types as JSON, the rest as text.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject();
        foreach ((string mime, string text) in _entries)
            json[mime] = mime.EndsWith("json", StringComparison.Ordinal) ? ParseOrText(text) : JsonValue.Create(text);
        return json;
    }

    // For a number the formatting package would write a table cell with half a kilobyte of style.
    private static bool IsScalar(Type type) =>
        type.IsPrimitive || type.IsEnum || type == typeof(string) || type == typeof(decimal)
        || type == typeof(DateTime) || type == typeof(DateTimeOffset) || type == typeof(TimeSpan) || type == typeof(Guid);

    // The charts of the packages that notebooks use carry no attribute of the convention; the core library renders them.
    private static bool IsChart(object? value)
    {
        for (Type? type = value?.GetType(); type is not null; type = type.BaseType)
        {
            if (type.FullName is "Plotly.NET.GenericChart" or "XPlot.Plotly.PlotlyChart")
                return true;
        }

        return false;
    }

    private static JsonNode? ParseOrText(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (System.Text.Json.JsonException)
        {
            return JsonValue.Create(text);
        }
    }

    // A type with a rich rendering of its own often holds megabytes (a figure's data), which a reflective text dump would repeat.
    private static string PlainFallback(object value, Type type)
    {
        bool isRich = value is IHtmlContent
            || type.GetCustomAttributes(inherit: true).Any(a => a.GetType().Name == "TypeFormatterSourceAttribute");
        if (isRich)
            return type.FullName ?? type.Name;
        try
        {
            return Formatter.ToDisplayString(value, PlainText);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return $"{type.FullName} ({(e is TargetInvocationException { InnerException: { } inner } ? inner : e).Message})";
        }
    }
}
