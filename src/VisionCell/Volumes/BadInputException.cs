namespace VisionCell.Volumes;

/// <summary>
/// What the user gave cannot be used: the message names the file or value, the limit it breaks and the fix, in one line.
/// The command line answers it with exit code 3.
/// </summary>
public class BadInputException(string message, Exception? innerException = null) : Exception(message, innerException);
