using System.Text.Json.Nodes;
using VisionCell.Notebooks.Sessions;

namespace VisionCell.Notebooks.Running;

/// <summary>Collects what cells show into the outputs of a notebook file. Safe to call from any thread.</summary>
internal sealed class NotebookOutputs
{
    // A forgotten print in an inner loop writes gigabytes; a notebook of more than some megabytes of text opens in no browser.
    private const int MostTextCharacters = 1 << 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, JsonObject> _displays = new(StringComparer.Ordinal);
    private JsonArray _outputs = [];
    private int _characters;
    private bool _closed;

    /// <summary>Starts a cell, whose outputs go into the array given.</summary>
    public void Begin(JsonArray outputs)
    {
        lock (_gate)
        {
            _outputs = outputs;
            _characters = 0;
        }
    }

    /// <summary>Ends the notebook: what tasks that are still running show is left out from here on, so that the file can be written.</summary>
    public void Close()
    {
        lock (_gate)
            _closed = true;
    }

    public void Add(CellOutput output)
    {
        lock (_gate)
        {
            if (_closed)
                return;
            switch (output)
            {
                case StreamOutput text:
                    AddText(text.IsError ? "stderr" : "stdout", text.Text);
                    break;
                case DisplayOutput display:
                    var shown = new JsonObject { ["data"] = display.Data.ToJson(), ["metadata"] = new JsonObject(), ["output_type"] = "display_data" };
                    _outputs.Add(shown);
                    _displays[display.DisplayId] = shown;
                    break;
                case UpdateOutput update when _displays.TryGetValue(update.DisplayId, out JsonObject? target):
                    target["data"] = update.Data.ToJson();
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>Ends the cell with its value or error.</summary>
    public void End(CellResult result, int executionCount)
    {
        lock (_gate)
        {
            if (result.Value is { } value)
            {
                _outputs.Add(new JsonObject
                {
                    ["data"] = value.ToJson(),
                    ["execution_count"] = executionCount,
                    ["metadata"] = new JsonObject(),
                    ["output_type"] = "execute_result",
                });
            }

            if (result.Error is { } error)
            {
                _outputs.Add(new JsonObject
                {
                    ["ename"] = error.Name,
                    ["evalue"] = error.Message,
                    ["output_type"] = "error",
                    ["traceback"] = new JsonArray([.. error.Traceback.Select(l => (JsonNode)l)]),
                });
            }
        }
    }

    private void AddText(string name, string text)
    {
        if (_characters >= MostTextCharacters)
            return;
        _characters += text.Length;
        if (_characters >= MostTextCharacters)
            text += "\n[further text output of this cell is left out: it passed 1 MiB]\n";
        if (_outputs.Count > 0 && _outputs[^1] is JsonObject last
            && last["output_type"]!.GetValue<string>() == "stream" && last["name"]!.GetValue<string>() == name)
        {
            ((JsonArray)last["text"]!).Add(text);
            return;
        }

        _outputs.Add(new JsonObject { ["name"] = name, ["output_type"] = "stream", ["text"] = new JsonArray(text) });
    }
}
