using VisionCell.Notebooks.Sessions;

namespace Microsoft.DotNet.Interactive;

/// <summary>A value on display, which can be replaced in place while or after its cell runs.</summary>
public sealed class DisplayedValue
{
    private readonly string _displayId;
    private readonly string[] _mimeTypes;
    private readonly KernelInvocationContext _context;

    internal DisplayedValue(string displayId, string[] mimeTypes, KernelInvocationContext context)
    {
        _displayId = displayId;
        _mimeTypes = mimeTypes;
        _context = context;
    }

    /// <summary>The MIME types that were asked for; empty where the type of the value decided.</summary>
    public IReadOnlyCollection<string> MimeTypes => _mimeTypes;

    /// <summary>Replaces what is shown, everywhere it is shown.</summary>
    public void Update(object? updatedValue) =>
        _context.Publish(new UpdateOutput(MimeBundle.Of(updatedValue, _mimeTypes), _displayId));
}
