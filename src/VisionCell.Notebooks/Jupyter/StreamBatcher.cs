using System.Text;

namespace VisionCell.Notebooks.Jupyter;

/// <summary>
/// Gathers what a cell writes and sends it every 50 ms, so that a loop that prints does not become a message a character. A cell that
/// writes faster than a megabyte a batch has to wait: neither the kernel nor the browser then runs out of memory.
/// </summary>
internal sealed class StreamBatcher : IDisposable
{
    private const int FlushMilliseconds = 50;
    private const int MostPending = 1 << 20;

    private readonly object _gate = new();
    private readonly Action<bool, string> _send;
    private readonly Timer _timer;
    private readonly StringBuilder _text = new();
    private bool _isError;
    private bool _timerRuns;

    public StreamBatcher(Action<bool, string> send)
    {
        _send = send;
        _timer = new Timer(_ => Flush());
    }

    public void Write(bool isError, string text)
    {
        lock (_gate)
        {
            while (_text.Length > MostPending)
                Monitor.Wait(_gate, FlushMilliseconds);
            if (_isError != isError)
                FlushLocked();
            _isError = isError;
            _text.Append(text);
            if (_timerRuns)
                return;
            _timerRuns = true;
            _timer.Change(FlushMilliseconds, Timeout.Infinite);
        }
    }

    /// <summary>Sends what is pending: before anything else is shown, and when the cell ends.</summary>
    public void Flush()
    {
        lock (_gate)
            FlushLocked();
    }

    public void Dispose()
    {
        Flush();
        _timer.Dispose();
    }

    private void FlushLocked()
    {
        _timerRuns = false;
        if (_text.Length == 0)
            return;
        _send(_isError, _text.ToString());
        _text.Clear();
        Monitor.PulseAll(_gate);
    }
}
