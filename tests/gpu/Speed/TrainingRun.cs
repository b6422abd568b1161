using System.Globalization;
using VisionCell.Kernels;
using VisionCell.Kernels.Cuda;

namespace VisionCell.Gpu.Speed;

/// <summary>
/// The whole step of a training, nothing of which visits the host: weights packed, encoding, perceptron, loss, both gradients, Adam of
/// table and weights; another batch each step, a few of them in turns.
/// </summary>
internal sealed class TrainingRun : IDisposable
{
    private const int Batches = 4;

    private readonly CudaLaunches _launches;
    private readonly Sizes _sizes;
    private readonly CudaFieldPass _pass;
    private readonly Parameters _table;
    private readonly Parameters _weights;
    private readonly (CudaMemory Positions, CudaMemory Targets)[] _batches;
    private int _steps;

    public TrainingRun(CudaDevice device, HashGrid grid, Sizes sizes)
    {
        (_launches, _sizes) = (new CudaLaunches(device), sizes);
        var random = new Random(2);
        _pass = new CudaFieldPass(device, grid, sizes.Perceptron, sizes.Batch);
        _table = new Parameters(device, Memories.Numbers(random, grid.ParameterCount, 1e-4f));
        _weights = new Parameters(device, Memories.Numbers(random, sizes.Perceptron.ParameterCount, 0.3f));
        _batches = [.. Enumerable.Range(0, Batches).Select(_ => Batch(device, random))];
    }

    /// <summary>Trains, times; a line of the table, and whether the loss fell.</summary>
    public (string Row, bool Learnt) Measure(string name, GpuClock clock)
    {
        Step();
        var before = _pass.ReadLoss();
        while (_steps < _sizes.TrainingSteps)
            Step();
        var milliseconds = clock.Milliseconds(Step);
        var after = _pass.ReadLoss();
        var row = string.Create(CultureInfo.InvariantCulture, $"| {name} | {_sizes.Batch:N0} | {milliseconds:F4} | {_sizes.Batch / milliseconds / 1e5:F2}e8 | {before:E2} | {after:E2} ({_steps:N0} steps) |");
        return (row, after < before);
    }

    public void Dispose()
    {
        _pass.Dispose();
        _table.Dispose();
        _weights.Dispose();
        foreach (var (positions, targets) in _batches)
        {
            positions.Dispose();
            targets.Dispose();
        }
    }

    private void Step()
    {
        var (positions, targets) = _batches[_steps % Batches];
        _pass.Loss(_table.Values.Pointer, _weights.Values.Pointer, positions.Pointer, targets.Pointer, 0, _table.Gradient.Pointer, _weights.Gradient.Pointer);
        var update = new AdamStep(++_steps, 1e-2);
        _table.Update(_launches, update);
        _weights.Update(_launches, update);
    }

    private (CudaMemory Positions, CudaMemory Targets) Batch(CudaDevice device, Random random)
    {
        var positions = Memories.Numbers(random, 3 * _sizes.Batch, 0.5f, 0.5f);
        var targets = new float[_sizes.Batch * _sizes.Perceptron.Outputs];
        for (var i = 0; i < targets.Length; i++)
        {
            var p = positions.AsSpan(3 * (i / _sizes.Perceptron.Outputs), 3);
            targets[i] = MathF.Sin(20 * p[0]) * MathF.Cos(30 * p[1]) + MathF.Sin(40 * p[2]);
        }
        return (new CudaMemory(device, positions), new CudaMemory(device, targets));
    }

    private sealed class Parameters(CudaDevice device, float[] start) : IDisposable
    {
        private readonly CudaMemory _first = Memories.Zero(device, start.Length);
        private readonly CudaMemory _second = Memories.Zero(device, start.Length);

        public CudaMemory Values { get; } = new(device, start);

        public CudaMemory Gradient { get; } = Memories.Zero(device, start.Length);

        public void Update(CudaLaunches launches, AdamStep update) => launches.Adam(update, start.Length, Values.Pointer, Gradient.Pointer, _first.Pointer, _second.Pointer);

        public void Dispose()
        {
            Values.Dispose();
            Gradient.Dispose();
            _first.Dispose();
            _second.Dispose();
        }
    }
}
