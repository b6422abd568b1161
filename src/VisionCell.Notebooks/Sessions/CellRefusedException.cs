namespace VisionCell.Notebooks.Sessions;

/// <summary>A cell asks for something that this kernel does not do; the message says what and what to do instead.</summary>
internal sealed class CellRefusedException(string message) : Exception(message);
