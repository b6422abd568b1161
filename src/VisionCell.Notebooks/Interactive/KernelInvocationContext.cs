using VisionCell.Notebooks.Sessions;

namespace Microsoft.DotNet.Interactive;

/// <summary>
/// The cell that is running, as dotnet-interactive names it: a notebook that displays, updates or observes cancellation through
/// this type runs unchanged under both kernels.
/// </summary>
public sealed class KernelInvocationContext
{
    private static readonly AsyncLocal<KernelInvocationContext?> Ambient = new();

    private readonly Action<CellOutput> _sink;
    private readonly CancellationToken _cancellationToken;
    private volatile bool _stopped;

    internal KernelInvocationContext(Action<CellOutput> sink, CancellationToken cancellationToken)
    {
        _sink = sink;
        _cancellationToken = cancellationToken;
    }

    /// <summary>
    /// The context of the cell that started the current flow of execution (tasks and threads that a cell starts inherit it), or
    /// null outside of any cell.
    /// </summary>
    public static KernelInvocationContext? Current
    {
        get => Ambient.Value;
        internal set => Ambient.Value = value;
    }

    /// <summary>
    /// Is cancelled as soon as the user interrupts the cell. Long library work that is given this token can stop cleanly; code that
    /// does not ask for it is stopped a moment later, code that did ask after five seconds.
    /// </summary>
    public CancellationToken CancellationToken
    {
        get
        {
            IsCooperative = true;
            return _cancellationToken;
        }
    }

    /// <summary>Whether the cell has asked for its token, and so may be trusted to stop by itself.</summary>
    internal bool IsCooperative { get; private set; }

    /// <summary>From now on the cell's checks and its outputs throw.</summary>
    internal void Stop() => _stopped = true;

    internal void ThrowIfStopped()
    {
        if (_stopped)
            throw new OperationCanceledException(_cancellationToken);
    }

    /// <summary>Shows a value now, in the MIME types given or in those that its type prefers.</summary>
    /// <returns>A handle whose <see cref="DisplayedValue.Update"/> replaces what is shown.</returns>
    public DisplayedValue Display(object? value, params string[] mimeTypes)
    {
        string[] types = mimeTypes ?? [];
        return Show(MimeBundle.Of(value, types), types);
    }

    /// <summary>Shows text as the given MIME type, without formatting it.</summary>
    public DisplayedValue DisplayAs(string value, string mimeType, params string[] additionalMimeTypes)
    {
        string[] types = [mimeType, .. additionalMimeTypes ?? []];
        return Show(MimeBundle.Literal(value, types), types);
    }

    /// <summary>Hands an output on. The receiver's locks are safe from an interrupt of the cell, which waits for the end of a finally block.</summary>
    internal void Publish(CellOutput output)
    {
        ThrowIfStopped();
        try
        {
        }
        finally
        {
            _sink(output);
        }
    }

    private DisplayedValue Show(MimeBundle bundle, string[] mimeTypes)
    {
        string id = Guid.NewGuid().ToString("N");
        Publish(new DisplayOutput(bundle, id));
        return new DisplayedValue(id, mimeTypes, this);
    }
}
