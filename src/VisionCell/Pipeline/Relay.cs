namespace VisionCell.Pipeline;

/// <summary>Reports on the caller's thread; <see cref="Progress{T}"/> would post to another and arrive late or out of order.</summary>
internal sealed class Relay<T>(Action<T> action) : IProgress<T>
{
    public void Report(T value) => action(value);
}
