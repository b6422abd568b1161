using System.Diagnostics;
using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// Augmented patches in an endless row, prepared in the background so that training need not wait. The i-th patch depends on the seed and
/// i alone, whatever the number of workers.
/// </summary>
public sealed class PatchSupply : IDisposable
{
    private readonly TrainingSample _source;
    private readonly AugmentationPipeline _pipeline;
    private readonly Shape3 _shape;
    private readonly CounterRandom _random;
    private readonly Queue<Task<TrainingSample>> _ahead = new();
    private readonly SemaphoreSlim _workers;
    private readonly CancellationTokenSource _end = new();
    private readonly int _depth;
    private readonly Stopwatch _since = new();
    private long _next;
    private TimeSpan _waited;

    /// <summary>Creates the stream and begins to fill it.</summary>
    /// <param name="source">What patches are drawn from, at any position that holds a whole one.</param>
    /// <param name="pipeline">How they are changed.</param>
    /// <param name="shape">Shape of a patch.</param>
    /// <param name="seed">Seed of everything.</param>
    /// <param name="workers">Patches prepared at once, at least 1.</param>
    /// <param name="ahead">Patches prepared in advance, at least 1.</param>
    /// <param name="first">Number of the first patch: to go on where an interrupted training stopped.</param>
    /// <exception cref="BadInputException">The patch is larger than the source, or a number is too small.</exception>
    public PatchSupply(TrainingSample source, AugmentationPipeline pipeline, Shape3 shape, ulong seed, int workers = 1, int ahead = 8, long first = 0)
    {
        if (!Box.Of(shape).IsInside(source.Image.Shape))
            throw new BadInputException($"patches of {shape} from a volume of {source.Image.Shape}: a patch must fit into it");
        if (workers < 1 || ahead < 1 || first < 0)
            throw new BadInputException($"{workers} workers, {ahead} patches ahead, from number {first} on: give at least 1, 1 and 0");
        (_source, _pipeline, _shape, _random, _workers, _depth, _next) = (source, pipeline, shape, new CounterRandom(seed), new SemaphoreSlim(workers), ahead, first);
        for (var i = 0; i < ahead; i++)
            Prepare();
    }

    /// <summary>Share of the time since the first patch was taken that the taker waited for patches, 0 to 1.</summary>
    public double WaitShare => _since.Elapsed > TimeSpan.Zero ? _waited / _since.Elapsed : 0;

    /// <summary>The next patch.</summary>
    /// <exception cref="ObjectDisposedException">The stream was closed.</exception>
    public TrainingSample Next()
    {
        ObjectDisposedException.ThrowIf(_end.IsCancellationRequested, this);
        _since.Start();
        var before = _since.Elapsed;
        var patch = _ahead.Dequeue().GetAwaiter().GetResult();
        _waited += _since.Elapsed - before;
        Prepare();
        return patch;
    }

    /// <summary>The patch of a number, computed at once.</summary>
    public TrainingSample At(long number)
    {
        var random = _random.Stream((ulong)number);
        var from = _source.Image.Shape;
        var box = new Box(random.Below(from.Z - _shape.Z + 1), random.Below(from.Y - _shape.Y + 1), random.Below(from.X - _shape.X + 1), _shape);
        return _pipeline.Draw(_source, box, (ulong)random.Below(int.MaxValue) << 32 | (uint)random.Below(int.MaxValue));
    }

    /// <summary>Ends the preparation.</summary>
    public void Dispose()
    {
        _end.Cancel();
        _ahead.Clear();
    }

    private void Prepare()
    {
        var number = _next++;
        _ahead.Enqueue(Task.Run(async () =>
        {
            await _workers.WaitAsync(_end.Token).ConfigureAwait(false);
            try
            {
                return At(number);
            }
            finally
            {
                _workers.Release();
            }
        }));
    }
}
