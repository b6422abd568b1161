using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using VisionCell.Notebooks.Sessions;

namespace VisionCell.Notebooks.Jupyter;

/// <summary>Requests that a kernel answers without running code.</summary>
internal sealed class KernelQueries(CSharpSession session, History history) : IDisposable
{
    private readonly LanguageService _language = new(session);

    public void Dispose() => _language.Dispose();

    public Task WarmUpAsync() => _language.WarmUpAsync();

    /// <summary>The content of the reply, or null where the request is unknown.</summary>
    public async Task<JsonObject?> AnswerAsync(Message request) => request.Type switch
    {
        "kernel_info_request" => KernelInfo(),
        "complete_request" => await CompleteAsync(request.Content),
        "inspect_request" => await InspectAsync(request.Content),
        "is_complete_request" => IsComplete(request.Content),
        "history_request" => Recall(request.Content),
        "comm_info_request" => new JsonObject { ["status"] = "ok", ["comms"] = new JsonObject() },
        _ => null,
    };

    private static JsonObject KernelInfo()
    {
        string version = typeof(KernelQueries).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
        return new JsonObject
        {
            ["status"] = "ok",
            ["protocol_version"] = Message.ProtocolVersion,
            ["implementation"] = "visioncell",
            ["implementation_version"] = version,
            ["language_info"] = new JsonObject
            {
                ["name"] = "C#",
                ["version"] = "14.0",
                ["mimetype"] = "text/x-csharp",
                ["file_extension"] = ".cs",
                ["pygments_lexer"] = "csharp",
                ["codemirror_mode"] = "text/x-csharp",
            },
            ["banner"] = string.Create(CultureInfo.InvariantCulture, $"Vision Cell {version}: C# on .NET {Environment.Version}"),
            ["help_links"] = new JsonArray(),
            ["debugger"] = false,
        };
    }

    private static JsonObject IsComplete(JsonObject content)
    {
        CellCompleteness state = LanguageService.Completeness(content["code"]?.GetValue<string>() ?? string.Empty);
        var reply = new JsonObject { ["status"] = state.ToString().ToLowerInvariant() };
        if (state == CellCompleteness.Incomplete)
            reply["indent"] = "    ";
        return reply;
    }

    private static (string Code, int Position) Cursor(JsonObject content)
    {
        string code = content["code"]?.GetValue<string>() ?? string.Empty;
        return (code, TextPositions.ToUtf16(code, content["cursor_pos"]?.GetValue<int>() ?? int.MaxValue));
    }

    private async Task<JsonObject> CompleteAsync(JsonObject content)
    {
        (string code, int position) = Cursor(content);
        Completions found = await _language.CompleteAsync(code, position);
        int start = TextPositions.ToCharacters(code, found.Start);
        int end = TextPositions.ToCharacters(code, found.End);
        var types = found.Matches.Select(m => (JsonNode)new JsonObject { ["start"] = start, ["end"] = end, ["text"] = m.Text, ["type"] = m.Kind });
        return new JsonObject
        {
            ["status"] = "ok",
            ["matches"] = new JsonArray([.. found.Matches.Select(m => (JsonNode)m.Text)]),
            ["cursor_start"] = start,
            ["cursor_end"] = end,
            ["metadata"] = new JsonObject { ["_jupyter_types_experimental"] = new JsonArray([.. types]) },
        };
    }

    private async Task<JsonObject> InspectAsync(JsonObject content)
    {
        (string code, int position) = Cursor(content);
        string? text = await _language.InspectAsync(code, position);
        return new JsonObject
        {
            ["status"] = "ok",
            ["found"] = text is not null,
            ["data"] = text is null ? [] : new JsonObject { ["text/plain"] = text },
            ["metadata"] = new JsonObject(),
        };
    }

    private JsonObject Recall(JsonObject content)
    {
        int count = content["n"]?.GetValue<int>() ?? int.MaxValue;
        IReadOnlyList<(int Line, string Source)> found = content["hist_access_type"]?.GetValue<string>() switch
        {
            "range" => history.Range(content["start"]?.GetValue<int>() ?? 0, content["stop"]?.GetValue<int?>() ?? int.MaxValue),
            "search" => history.Search(content["pattern"]?.GetValue<string>() ?? "*", count, content["unique"]?.GetValue<bool>() ?? false),
            _ => history.Tail(count),
        };
        bool output = content["output"]?.GetValue<bool>() ?? false;
        return new JsonObject
        {
            ["status"] = "ok",
            ["history"] = new JsonArray([.. found.Select(e => (JsonNode)new JsonArray(
                0, e.Line, output ? new JsonArray(e.Source, null) : (JsonNode)e.Source))]),
        };
    }
}
