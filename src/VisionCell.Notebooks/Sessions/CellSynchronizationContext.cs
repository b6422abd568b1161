namespace VisionCell.Notebooks.Sessions;

/// <summary>
/// Brings the continuations of a cell's <c>await</c>s back to the cell's thread while that thread has nothing else to do, and gives
/// them to the thread pool when it has: code that blocks on a task (<c>.Result</c>) would otherwise wait for a continuation that
/// waits for it.
/// </summary>
internal sealed class CellSynchronizationContext(Action<Exception> onDetachedFailure) : SynchronizationContext, IDisposable
{
    // How long a continuation waits for the cell's thread before the pool takes it. A thread that is about to fall idle does so within
    // microseconds; a blocked one costs this once for each time it blocks.
    private const int PatienceMilliseconds = 20;

    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();
    private Timer? _impatience;
    private long _oldestSince;
    private bool _impatienceIsRunning;
    private bool _ownerIsIdle;
    private bool _ownerIsBlocked;
    private bool _closed;
    private bool _abandoned;

    /// <summary>Runs continuations on the calling thread until the task is complete.</summary>
    public void RunUntil(Task task)
    {
        task.ContinueWith(_ => Wake(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        while (true)
        {
            (SendOrPostCallback Callback, object? State)? next = null;

            // An abort waits for the end of a finally block, so that it never finds the queue half changed or its lock held.
            try
            {
            }
            finally
            {
                next = TakeNext(task);
            }

            if (next is { } item)
                item.Callback(item.State);
            else if (task.IsCompleted)
                return;
            else
                _wake.WaitOne();
        }
    }

    /// <summary>
    /// Ends the cell. Continuations that come later run on the pool, or never where the cell was abandoned: it must not go on behind
    /// the user's back.
    /// </summary>
    public void Close(bool abandoned)
    {
        lock (_gate)
        {
            _closed = true;
            _abandoned = abandoned;
            while (_queue.TryDequeue(out (SendOrPostCallback Callback, object? State) item))
            {
                if (!abandoned)
                    RunOnPool(item.Callback, item.State);
            }
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        // A thread abort waits for the end of a finally block. Within an await it would otherwise come out as an exception that nobody
        // can catch.
        try
        {
        }
        finally
        {
            PostWhole(d, state);
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => d(state);

    public override SynchronizationContext CreateCopy() => this;

    private (SendOrPostCallback Callback, object? State)? TakeNext(Task task)
    {
        lock (_gate)
        {
            _ownerIsBlocked = false;
            _ownerIsIdle = _queue.Count == 0 && !task.IsCompleted;
            if (_queue.Count == 0)
                return null;
            (SendOrPostCallback Callback, object? State) next = _queue.Dequeue();
            _oldestSince = Environment.TickCount64;
            if (_queue.Count > 0)
                StartImpatience();
            return next;
        }
    }

    private void PostWhole(SendOrPostCallback d, object? state)
    {
        lock (_gate)
        {
            if (_closed)
            {
                if (!_abandoned)
                    RunOnPool(d, state);
                return;
            }

            if (_ownerIsBlocked)
            {
                RunOnPool(d, state);
                return;
            }

            if (_queue.Count == 0)
                _oldestSince = Environment.TickCount64;
            _queue.Enqueue((d, state));
            if (_ownerIsIdle)
            {
                _wake.Set();
            }
            else
            {
                StartImpatience();
            }
        }
    }

    /// <summary>To be called after <see cref="Close"/>.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            _impatience?.Dispose();
            _wake.Dispose();
        }
    }

    private void Wake()
    {
        lock (_gate)
        {
            if (!_closed)
                _wake.Set();
        }
    }

    private void StartImpatience()
    {
        if (_impatienceIsRunning)
            return;
        _impatience ??= new Timer(_ => GiveQueueToPool());
        _impatience.Change(PatienceMilliseconds, Timeout.Infinite);
        _impatienceIsRunning = true;
    }

    private void GiveQueueToPool()
    {
        lock (_gate)
        {
            _impatienceIsRunning = false;
            if (_ownerIsIdle || _closed || _queue.Count == 0)
                return;
            if (Environment.TickCount64 - _oldestSince < PatienceMilliseconds)
            {
                // The thread has taken up other work since: it is busy, not blocked.
                StartImpatience();
                return;
            }

            _ownerIsBlocked = true;
            while (_queue.TryDequeue(out (SendOrPostCallback Callback, object? State) item))
                RunOnPool(item.Callback, item.State);
        }
    }

    private void RunOnPool(SendOrPostCallback callback, object? state) =>
        ThreadPool.QueueUserWorkItem(_ =>
        {
            try
            {
                callback(state);
            }
            catch (Exception e)
            {
                // An async void method that fails after its cell has ended must not end the kernel.
                onDetachedFailure(e);
            }
        });
}
