namespace VisionCell.Runs;

/// <summary>Reports on the caller's thread; <see cref="Progress{T}"/> would post to another and arrive late or out of order.</summary>
/// <param name="action">Told each report.</param>
public sealed class Relay<T>(Action<T> action) : IProgress<T>
{
    /// <inheritdoc/>
    public void Report(T value) => action(value);
}
