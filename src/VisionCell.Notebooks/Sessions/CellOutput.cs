namespace VisionCell.Notebooks.Sessions;

/// <summary>Something that a running cell shows. Outputs may arrive from any thread, also after the cell has ended.</summary>
public abstract record CellOutput;

/// <summary>Text on standard output or standard error.</summary>
/// <param name="IsError">True for standard error.</param>
/// <param name="Text">Verbatim, in pieces as the cell writes them.</param>
public sealed record StreamOutput(bool IsError, string Text) : CellOutput;

/// <summary>A displayed value.</summary>
/// <param name="Data">Its representations.</param>
/// <param name="DisplayId">By which a later <see cref="UpdateOutput"/> names it.</param>
public sealed record DisplayOutput(MimeBundle Data, string DisplayId) : CellOutput;

/// <summary>The replacement of a value displayed earlier, possibly by an earlier cell.</summary>
public sealed record UpdateOutput(MimeBundle Data, string DisplayId) : CellOutput;

/// <summary>How a cell ended.</summary>
public enum CellStatus
{
    /// <summary>It ran to its end.</summary>
    Succeeded,

    /// <summary>It did not compile, or threw.</summary>
    Failed,

    /// <summary>The user stopped it.</summary>
    Interrupted,
}

/// <summary>What a notebook shows of a failure.</summary>
/// <param name="Name">Kind of error: the exception's type, <c>CompilationError</c> or <c>Interrupted</c>.</param>
/// <param name="Message">One line or more for the reader.</param>
/// <param name="Traceback">Lines of detail: source lines with carets, or the frames of the user's code.</param>
public sealed record CellError(string Name, string Message, IReadOnlyList<string> Traceback);

/// <summary>The end of a cell.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Value">The trailing expression's representations, or null where there is none.</param>
/// <param name="Error">Present unless it succeeded.</param>
public sealed record CellResult(CellStatus Status, MimeBundle? Value, CellError? Error)
{
    /// <summary>True where the cell ran to its end.</summary>
    public bool Succeeded => Status == CellStatus.Succeeded;
}
