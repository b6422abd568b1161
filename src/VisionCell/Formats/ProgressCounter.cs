namespace VisionCell.Formats;

/// <summary>Counts finished pieces from several threads and reports the fraction, which never goes back.</summary>
internal sealed class ProgressCounter(IProgress<double>? progress, long total)
{
    private readonly Lock _gate = new();
    private long _done;

    public void Add(long pieces = 1)
    {
        if (progress is null)
            return;
        lock (_gate)
        {
            _done += pieces;
            progress.Report((double)_done / total);
        }
    }
}
