using VisionCell.Runs;

namespace VisionCell.Figures.Publication;

/// <summary>What a figure was made from and what was made, as hashes.</summary>
/// <param name="Function">What drew it.</param>
/// <param name="Inputs">Content of its inputs, by what they are to the function.</param>
/// <param name="Parameters">Of the function.</param>
/// <param name="Style">Size, resolution, letters.</param>
/// <param name="Description">Title, protocol, citations.</param>
/// <param name="Code">Version of the library.</param>
/// <param name="Browser">Version of the browser.</param>
/// <param name="Files">Content of the files, by name.</param>
internal sealed record FigureState(
    string Function, IReadOnlyDictionary<string, string> Inputs, string Parameters, string Style, string Description, string Code, string Browser, IReadOnlyDictionary<string, string> Files)
{
    /// <summary>Why a figure has to be made again; null where everything is as it was, its files included.</summary>
    /// <param name="earlier">State when it was last made; null where it never was.</param>
    /// <param name="folder">Where its files lie.</param>
    /// <param name="files">Names of the files that are wanted.</param>
    public string? WhyAgain(FigureState? earlier, string folder, IEnumerable<string> files)
    {
        if (earlier is null)
            return "new";
        if (earlier.Function != Function)
            return "function changed";
        foreach (var (role, hash) in Inputs)
        {
            if (!earlier.Inputs.TryGetValue(role, out var before))
                return $"input '{role}' added";
            if (before != hash)
                return $"input '{role}' changed";
        }
        if (earlier.Inputs.Keys.FirstOrDefault(role => !Inputs.ContainsKey(role)) is { } gone)
            return $"input '{gone}' removed";
        if (!earlier.Inputs.Keys.SequenceEqual(Inputs.Keys))
            return "order of inputs changed";
        if (earlier.Parameters != Parameters)
            return "parameters changed";
        if (earlier.Style != Style)
            return "style changed";
        if (earlier.Description != Description)
            return "description changed";
        if (earlier.Code != Code)
            return "code changed";
        if (earlier.Browser != Browser)
            return "browser changed";
        foreach (var file in files)
        {
            var path = Path.Combine(folder, file);
            if (!earlier.Files.TryGetValue(file, out var hash) || !File.Exists(path))
                return $"{file} is missing";
            if (ContentHash.OfFile(path) != hash)
                return $"{file} was altered";
        }
        return null;
    }
}

/// <summary>The file <c>figures.json</c> beside the figures: the state of each when it was last made.</summary>
internal sealed class FigureLedger
{
    private readonly string _path;
    private readonly SortedDictionary<string, FigureState> _states;

    public FigureLedger(string folder)
    {
        _path = Path.Combine(folder, "figures.json");
        _states = new(File.Exists(_path) ? Configuration.Read<Dictionary<string, FigureState>>(_path) : [], StringComparer.Ordinal);
    }

    public FigureState? this[string id] => _states.GetValueOrDefault(id);

    public void Set(string id, FigureState state)
    {
        _states[id] = state;
        Configuration.Write(_path, _states);
    }
}
