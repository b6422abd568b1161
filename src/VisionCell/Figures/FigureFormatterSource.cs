namespace VisionCell.Figures;

/// <summary>The formatters of <see cref="Figure"/>: HTML for browsers; PNG for everything that shows pictures but runs no script.</summary>
internal sealed class FigureFormatterSource
{
#pragma warning disable CA1822 // The host creates an instance and calls this method on it.
    public IEnumerable<object> CreateTypeFormatters() =>
    [
        new FigureFormatter("text/html", f => f.ToHtml()),
        new FigureFormatter("image/png", f => Convert.ToBase64String(f.Picture)),
        new FigureFormatter("text/plain", f => f.ToString()),
    ];
#pragma warning restore CA1822
}

/// <summary>One MIME type of a figure; the host calls <see cref="Format"/> by name.</summary>
internal sealed class FigureFormatter(string mimeType, Func<Figure, string> text)
{
    public string MimeType { get; } = mimeType;

    public bool Format(object instance, TextWriter writer)
    {
        if (instance is not Figure figure)
            return false;
        writer.Write(text(figure));
        return true;
    }
}
