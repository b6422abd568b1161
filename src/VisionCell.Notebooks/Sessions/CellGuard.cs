using System.Runtime.CompilerServices;
using Microsoft.DotNet.Interactive;

namespace VisionCell.Notebooks.Sessions;

/// <summary>
/// Where a cell can be stopped: the compiler of cells calls <see cref="Check"/> at the start of every loop body and function
/// (<see cref="GuardRewriter"/>). It is public because cells call it; it is not meant to be called by hand.
/// </summary>
public static class CellGuard
{
    // Tasks that an interrupted cell left behind have this long to pass a check.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(5);

    private static int s_stopping;

    /// <summary>Goes on, or ends the cell that was interrupted; also on tasks and threads that it started.</summary>
    /// <exception cref="OperationCanceledException">The cell was interrupted.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check()
    {
        if (Volatile.Read(ref s_stopping) != 0)
            KernelInvocationContext.Current?.ThrowIfStopped();
    }

    /// <summary>The check at the start of a named function: recursion without end becomes an exception instead of the end of the process.</summary>
    /// <exception cref="OperationCanceledException">The cell was interrupted.</exception>
    /// <exception cref="InsufficientExecutionStackException">The stack is nearly used up.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Enter()
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        Check();
    }

    /// <summary>Makes the checks of stopped cells look; until it is disposed and a while longer.</summary>
    internal static IDisposable Arm()
    {
        Interlocked.Increment(ref s_stopping);
        return new Armed();
    }

    private sealed class Armed : IDisposable
    {
        public void Dispose() => Task.Delay(Aftermath).ContinueWith(_ => Interlocked.Decrement(ref s_stopping), TaskScheduler.Default);
    }
}
