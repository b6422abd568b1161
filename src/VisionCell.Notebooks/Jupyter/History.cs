using System.IO.Enumeration;

namespace VisionCell.Notebooks.Jupyter;

/// <summary>What was executed in this session, for the client's history.</summary>
internal sealed class History
{
    private readonly List<(int Line, string Source)> _entries = [];

    public void Add(int line, string source)
    {
        lock (_entries)
            _entries.Add((line, source));
    }

    public IReadOnlyList<(int Line, string Source)> Tail(int count)
    {
        lock (_entries)
            return [.. _entries.TakeLast(count)];
    }

    /// <summary>From <paramref name="start"/> up to but without <paramref name="stop"/>.</summary>
    public IReadOnlyList<(int Line, string Source)> Range(int start, int stop)
    {
        lock (_entries)
            return [.. _entries.Where(e => e.Line >= start && e.Line < stop)];
    }

    /// <summary>Those that match a pattern with * and ?, the last ones where there are more.</summary>
    public IReadOnlyList<(int Line, string Source)> Search(string pattern, int count, bool unique)
    {
        lock (_entries)
        {
            IEnumerable<(int Line, string Source)> found = _entries.Where(e => FileSystemName.MatchesSimpleExpression(pattern, e.Source, ignoreCase: false));
            if (unique)
                found = found.Reverse().DistinctBy(e => e.Source).Reverse();
            return [.. found.TakeLast(count)];
        }
    }
}
