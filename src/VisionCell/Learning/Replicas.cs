using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// Parts of a batch side by side in one process: each has a thread and gradients of its own and sees the same weights. libtorch's own threads share
/// out single operations, which gains nothing where these are as small as in a network of planes (8 x 48 x 13 x 24 numbers: a step took 21 ms on one thread
/// and on two, and 17 ms in two parts; AMD Zen 5, two virtual cores that other work shared, November 2026). So each part computes on one thread.
/// </summary>
internal sealed class Replicas : IDisposable
{
    private readonly Weights _weights;
    private readonly Weights[] _replicas;
    private readonly BlockingCollection<Action>[] _work;
    private readonly Thread[] _threads;

    /// <summary>Starts the threads.</summary>
    /// <param name="weights">The weights in training, on the processor.</param>
    /// <param name="parts">Number of parts.</param>
    public Replicas(Weights weights, int parts)
    {
        _weights = weights;
        _replicas = [.. Enumerable.Range(0, parts).Select(_ => weights.Replica())];
        _work = [.. _replicas.Select(_ => new BlockingCollection<Action>())];
        _threads = [.. _work.Select(work => new Thread(() => Serve(work)) { IsBackground = true, Name = "replica" })];
        // A thread has the number last set when it asks for the first time, and from then on its own.
        var threads = get_num_threads();
        using (var ready = new CountdownEvent(parts))
        {
            foreach (var (thread, work) in _threads.Zip(_work))
            {
                thread.Start();
                work.Add(() =>
                {
                    get_num_threads();
                    set_num_threads(1);
                    ready.Signal();
                });
            }
            ready.Wait();
        }
        set_num_threads(threads);
    }

    /// <summary>Adds the gradients of all parts to the weights'; returns what each part returned.</summary>
    /// <param name="part">Computes a part's gradients, those of the weights that it is given.</param>
    public double[] Run(Func<int, Weights, double> part)
    {
        var values = new double[_replicas.Length];
        var errors = new ConcurrentQueue<Exception>();
        using (var done = new CountdownEvent(values.Length))
        {
            for (var i = 0; i < values.Length; i++)
            {
                var own = i;
                _work[i].Add(() =>
                {
                    try
                    {
                        _replicas[own].ZeroGradients();
                        values[own] = part(own, _replicas[own]);
                    }
                    catch (Exception e)
                    {
                        errors.Enqueue(e);
                    }
                    finally
                    {
                        done.Signal();
                    }
                });
            }
            done.Wait();
        }
        if (errors.TryDequeue(out var error))
            ExceptionDispatchInfo.Throw(error);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var replica in _replicas)
            _weights.Gradients.add_(replica.Gradients);
        return values;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var work in _work)
            work.CompleteAdding();
        foreach (var thread in _threads)
            thread.Join();
        foreach (var work in _work)
            work.Dispose();
        foreach (var replica in _replicas)
            replica.Dispose();
    }

    private static void Serve(BlockingCollection<Action> work)
    {
        foreach (var action in work.GetConsumingEnumerable())
            action();
    }
}
