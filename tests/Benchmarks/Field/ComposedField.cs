using TorchSharp;
using TorchSharp.Modules;
using VisionCell.Kernels;
using static TorchSharp.torch;

namespace VisionCell.Benchmarks.Field;

/// <summary>
/// The same field composed of TorchSharp operations, as one would write it without kernels of one's own: corners by integer tensors,
/// features by index_select (faster than indexing), the perceptron by matrix products, the gradient by autograd, Adam by torch.optim.
/// </summary>
internal sealed class ComposedField : IDisposable
{
    private readonly HashGrid _grid;
    private readonly Parameter _table;
    private readonly Parameter[] _layers;
    private readonly OptimizerHelper _optimiser;

    public ComposedField(HashGrid grid, Perceptron perceptron, float[] table, float[] weights)
    {
        _grid = grid;
        _table = new Parameter(tensor(table, grid.EntryCount, grid.Features));
        var second = perceptron.Inputs * perceptron.Hidden;
        var third = second + perceptron.Hidden * perceptron.Hidden;
        _layers =
        [
            new Parameter(tensor(weights[..second], perceptron.Inputs, perceptron.Hidden)),
            new Parameter(tensor(weights[second..third], perceptron.Hidden, perceptron.Hidden)),
            new Parameter(tensor(weights[third..], perceptron.Hidden, perceptron.Outputs)),
        ];
        _optimiser = optim.Adam([_table, .. _layers], lr: 1e-2, beta1: 0.9, beta2: 0.99, eps: 1e-15);
    }

    /// <summary>One step; returns the loss.</summary>
    public double Step(Tensor positions, Tensor targets)
    {
        using var scope = NewDisposeScope();
        _optimiser.zero_grad();
        var difference = Forward(positions).sub(targets);
        var loss = difference.mul(difference).mean();
        loss.backward();
        _optimiser.step();
        return loss.ToDouble();
    }

    /// <summary>The field, <c>[N, outputs]</c>.</summary>
    /// <param name="positions"><c>[N, 3]</c>, 0 to 1.</param>
    public Tensor Forward(Tensor positions)
    {
        using var scope = NewDisposeScope();
        var levels = new List<Tensor>();
        foreach (var level in _grid.Levels)
            levels.Add(Encode(level, positions));
        return cat(levels, 1).mm(_layers[0]).relu().mm(_layers[1]).relu().mm(_layers[2]).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _optimiser.Dispose();
        _table.Dispose();
        foreach (var layer in _layers)
            layer.Dispose();
    }

    private Tensor Encode(HashGridLevel level, Tensor positions)
    {
        var place = positions * level.Scale + 0.5;
        var floor = place.floor();
        var fraction = place - floor; // [N, 3]
        var node = floor.to(ScalarType.Int64);
        Tensor[] nodes = [node, node + 1], shares = [1 - fraction, fraction];
        var (entries, weights) = (new List<Tensor>(), new List<Tensor>());
        for (var corner = 0; corner < 8; corner++)
        {
            var (z, y, x) = (nodes[corner >> 2].select(1, 0), nodes[corner >> 1 & 1].select(1, 1), nodes[corner & 1].select(1, 2));
            entries.Add(level.IsDense
                ? (z * level.Nodes + y) * level.Nodes + x
                : x.bitwise_xor(y * 2654435761).bitwise_xor(z * 805459861).bitwise_and(level.Size - 1));
            weights.Add(shares[corner >> 2].select(1, 0) * shares[corner >> 1 & 1].select(1, 1) * shares[corner & 1].select(1, 2));
        }
        var index = stack(entries, 0).view(-1) + level.Offset; // [8 N]
        var features = _table.index_select(0, index).view(8, -1, _grid.Features); // [8, N, F]
        return (features * stack(weights, 0).unsqueeze(2)).sum([0L]); // [N, F]
    }
}
