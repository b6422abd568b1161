using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Microsoft.DotNet.Interactive;

namespace VisionCell.Notebooks.Sessions;

/// <summary>
/// The thread on which a session's cells run, made so that a running cell can be stopped. It is one and the same for all cells
/// (libraries keep state by thread) until one had to be stopped by force: an aborted thread can neither be aborted again nor be
/// suspended by the garbage collector in a tight loop (see <see cref="SignalMask"/>), so that the next cell gets a new one.
///
/// An interrupt goes in steps. At once the cell's token is cancelled. After a grace period the checks that are compiled into the
/// cell's loops and functions (<see cref="CellGuard"/>) throw, and <see cref="Thread.Interrupt"/> wakes the thread where it waits or
/// sleeps. What is then still running, a loop within a library, is aborted by <see cref="System.Runtime.ControlledExecution"/>; that
/// comes last because an abort that hits the runtime's own code can end the process (.NET 10.0.12: once in some tens of aborts within
/// LINQ). What follows an <c>await</c> would by default go on on a pool thread, out of reach of the last two; a
/// <see cref="CellSynchronizationContext"/> brings it back.
/// </summary>
internal sealed class CellThread : IDisposable
{
    // Deep recursion is common in first attempts at an algorithm; 16 MiB is reserved, not committed.
    private const int StackBytes = 16 << 20;

    // How long after the interrupt a cell is stopped by its checks: time to stop by itself, more where it asked for its token (the end
    // of a training step, a checkpoint).
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan CooperativeGrace = TimeSpan.FromSeconds(5);

    // How long its checks have before its thread is aborted.
    private static readonly TimeSpan AbortAfter = TimeSpan.FromSeconds(2);

    // Code that swallows the interruption of one wait and starts another is woken again.
    private static readonly TimeSpan Persistence = TimeSpan.FromMilliseconds(50);

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
    public Task<T> RunAsync<T>(
        Func<Task<T>> work, KernelInvocationContext cell, Action<Exception> onDetachedFailure, CancellationToken interrupt)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(
            () =>
            {
                bool aborted = false;
                try
                {
                    done.SetResult(RunStoppable(work, cell, onDetachedFailure, interrupt, ref aborted));
                }
                catch (Exception e)
                {
                    done.SetException(e);
                }

                return aborted;
            },
            CancellationToken.None);
        return done.Task;
    }

    public void Dispose() => _work.CompleteAdding();

    private static T RunStoppable<T>(
        Func<Task<T>> work, KernelInvocationContext cell, Action<Exception> onDetachedFailure, CancellationToken interrupt, ref bool aborted)
    {
        interrupt.ThrowIfCancellationRequested();
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        using var context = new CellSynchronizationContext(onDetachedFailure);
        SynchronizationContext.SetSynchronizationContext(context);
        byte[]? signals = SignalMask.Read();
        using var force = new Force(cell, interrupt);
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
                force.Abort);
#pragma warning restore SYSLIB0046
        }
        finally
        {
            SignalMask.Restore(signals);
            force.End();
            aborted = force.Abort.IsCancellationRequested;
            context.Close(abandoned: force.IsApplied);
            SynchronizationContext.SetSynchronizationContext(null);
        }

        // What comes out of code that is stopped by force (a wait interrupted, a lock lost) says nothing about that code.
        if (failure is not null && force.IsApplied)
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

    /// <summary>Stops the cell that runs on the thread that made this, from the interrupt on and until <see cref="End"/>.</summary>
    private sealed class Force : IDisposable
    {
        private readonly Lock _gate = new();
        private readonly CancellationTokenSource _abort = new();
        private readonly Thread _thread = Thread.CurrentThread;
        private readonly KernelInvocationContext _cell;
        private readonly Stopwatch _since = new();
        private readonly Timer _timer;
        private readonly CancellationTokenRegistration _registration;
        private TimeSpan _appliedAt;
        private IDisposable? _checks;
        private bool _ended;

        public Force(KernelInvocationContext cell, CancellationToken interrupt)
        {
            _cell = cell;
            _timer = new Timer(_ => Apply());
            _registration = interrupt.UnsafeRegister(
                _ =>
                {
                    _since.Start();
                    _timer.Change(Grace, Persistence);
                },
                null);
        }

        public CancellationToken Abort => _abort.Token;

        public bool IsApplied => _checks is not null;

        public void End()
        {
            // An interruption that came when the thread did not wait is still pending and hits its next wait: one of these.
            Undisturbed(_registration.Dispose);
            Undisturbed(() =>
            {
                lock (_gate)
                    _ended = true;
            });
            if (IsApplied && !Abort.IsCancellationRequested)
                Undisturbed(() => Thread.Sleep(1));
        }

        public void Dispose()
        {
            _timer.Dispose();
            _checks?.Dispose();
            _abort.Dispose();
        }

        private static void Undisturbed(Action action)
        {
            while (true)
            {
                try
                {
                    action();
                    return;
                }
                catch (ThreadInterruptedException)
                {
                }
            }
        }

        private void Apply()
        {
            lock (_gate)
            {
                if (_ended || (_cell.IsCooperative && _since.Elapsed < CooperativeGrace))
                    return;
                if (_checks is null)
                {
                    _appliedAt = _since.Elapsed;
                    _cell.Stop();
                    _checks = CellGuard.Arm();
                }

                _thread.Interrupt();
                if (_since.Elapsed - _appliedAt > AbortAfter && !_abort.IsCancellationRequested)
                    _ = _abort.CancelAsync();
            }
        }
    }
}
