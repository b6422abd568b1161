using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace VisionCell.Notebooks.Sessions;

/// <summary>
/// The thread on which a session's cells run, made so that a running cell can be stopped. It is one and the same for all cells
/// (libraries keep state by thread) until one had to be stopped by force: an aborted thread can neither be aborted again nor be
/// suspended by the garbage collector in a tight loop (see <see cref="SignalMask"/>), so that the next cell gets a new one.
///
/// A cell runs inside <see cref="System.Runtime.ControlledExecution"/>, which stops running managed code on this thread by force; a
/// thread that waits or sleeps it cannot reach, so that <see cref="Thread.Interrupt"/> wakes it first. What follows an <c>await</c>
/// would by default go on on a pool thread, out of reach of both; a <see cref="CellSynchronizationContext"/> brings it back.
/// </summary>
internal sealed class CellThread : IDisposable
{
    // Deep recursion is common in first attempts at an algorithm; 16 MiB is reserved, not committed.
    private const int StackBytes = 16 << 20;

    // Cooperative code gets this long to stop by itself before its thread is stopped by force.
    private const int GraceMilliseconds = 250;

    // Code that swallows the interruption of one wait and starts another is woken again.
    private const int PersistenceMilliseconds = 50;

    private readonly BlockingCollection<Func<bool>> _work = [];

    // What a forced stop leaves in the middle of an await surfaces on a pool thread, where it would end the process.
    static CellThread()
    {
        try
        {
            ExceptionHandling.SetUnhandledExceptionHandler(e => e is ThreadAbortException || Survive?.Invoke(e) == true);
        }
        catch (InvalidOperationException)
        {
            // The host of the session has a handler of its own (test runners do).
        }
    }

    public CellThread() => Start();

    /// <summary>Asked about an exception that nobody caught, on any thread: true keeps the process alive.</summary>
    public static Func<Exception, bool>? Survive { get; set; }

    /// <summary>
    /// Runs work on the thread, after what was queued before. The task fails with <see cref="OperationCanceledException"/> when
    /// <paramref name="interrupt"/> ended it by force; by then none of its code runs any more on this thread.
    /// </summary>
    public Task<T> RunAsync<T>(Func<Task<T>> work, Action<Exception> onDetachedFailure, CancellationToken interrupt)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(
            () =>
            {
                bool forced = false;
                try
                {
                    done.SetResult(RunStoppable(work, onDetachedFailure, interrupt, ref forced));
                }
                catch (Exception e)
                {
                    done.SetException(e);
                }

                return forced;
            },
            CancellationToken.None);
        return done.Task;
    }

    public void Dispose() => _work.CompleteAdding();

    private static T RunStoppable<T>(Func<Task<T>> work, Action<Exception> onDetachedFailure, CancellationToken interrupt, ref bool forced)
    {
        interrupt.ThrowIfCancellationRequested();
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var context = new CellSynchronizationContext(onDetachedFailure);
        SynchronizationContext.SetSynchronizationContext(context);
        byte[]? signals = SignalMask.Read();
        using var force = new Force(interrupt);
        try
        {
#pragma warning disable SYSLIB0046 // Made for interactive sessions such as this one; see docs/decisions/notebook-kernel.md.
            System.Runtime.ControlledExecution.Run(
                () =>
                {
                    try
                    {
                        Task<T> task = work();
                        context.RunUntil(task);
                        result = task.GetAwaiter().GetResult();
                    }
                    catch (Exception e) when (e is not ThreadAbortException)
                    {
                        failure = ExceptionDispatchInfo.Capture(e);
                    }
                },
                force.Stop);
#pragma warning restore SYSLIB0046
        }
        finally
        {
            SignalMask.Restore(signals);
            force.End();
            forced = force.Stop.IsCancellationRequested;
            context.Close(abandoned: forced);
            SynchronizationContext.SetSynchronizationContext(null);
        }

        if (failure?.SourceException is ThreadInterruptedException && forced)
            throw new OperationCanceledException(interrupt);
        failure?.Throw();
        return result;
    }

    private void Start() => new Thread(Loop, StackBytes) { IsBackground = true, Name = "notebook cells" }.Start();

    private void Loop()
    {
        foreach (Func<bool> work in _work.GetConsumingEnumerable())
        {
            if (work())
            {
                Start();
                return;
            }
        }
    }

    /// <summary>Applies force to the thread that made it, a grace period after the interrupt and until <see cref="End"/>.</summary>
    private sealed class Force : IDisposable
    {
        private readonly Lock _gate = new();
        private readonly CancellationTokenSource _stop = new();
        private readonly Thread _thread = Thread.CurrentThread;
        private readonly Timer _timer;
        private readonly CancellationTokenRegistration _registration;
        private bool _ended;

        public Force(CancellationToken interrupt)
        {
            _timer = new Timer(_ => Apply());
            _registration = interrupt.UnsafeRegister(_ => _timer.Change(GraceMilliseconds, PersistenceMilliseconds), null);
        }

        public CancellationToken Stop => _stop.Token;

        public void End()
        {
            _registration.Dispose();
            lock (_gate)
                _ended = true;
        }

        public void Dispose()
        {
            _timer.Dispose();
            _stop.Dispose();
        }

        private void Apply()
        {
            lock (_gate)
            {
                if (_ended)
                    return;
                _thread.Interrupt();
                if (!_stop.IsCancellationRequested)
                    _ = _stop.CancelAsync();
            }
        }
    }
}
