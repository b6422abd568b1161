using TorchSharp;
using VisionCell.Kernels;
using VisionCell.Kernels.Reference;
using VisionCell.Volumes;

namespace VisionCell.Tests.Kernels;

/// <summary>The reference itself: its gradients against finite differences, the perceptron and Adam against libtorch, and laws.</summary>
public sealed class ReferenceKernelsTests
{
    private const double Step = 1e-6;
    private static readonly ReferenceKernels Kernels = new();

    [Theory]
    [InlineData(4)]
    [InlineData(2)]
    public void Gradients_are_those_of_finite_differences(int features)
    {
        const int samples = 23;
        var grid = new HashGrid(new HashGridConfiguration { Levels = 16 / features, Features = features, Log2TableSize = 6, CoarsestResolution = 2, FinestResolution = 20 });
        var perceptron = new Perceptron(16, 16, 2);
        var random = new Random(11);
        double[] Numbers(int count, double size) => [.. Enumerable.Range(0, count).Select(_ => (random.NextDouble() * 2 - 1) * size)];
        var (table, weights, targets, importance) = (Numbers(grid.ParameterCount, 1), Numbers(perceptron.ParameterCount, 0.5), Numbers(2 * samples, 1), Numbers(samples, 1));
        double[] positions = [.. Numbers(3 * samples, 0.49).Select(p => p + 0.5)];
        double Loss(double[] t, double[] w) => Kernels.FieldLoss(grid, perceptron, t, w, positions, targets, importance, new double[t.Length], new double[w.Length]);

        var (tableGradient, weightGradient) = (new double[table.Length], new double[weights.Length]);
        Kernels.FieldLoss(grid, perceptron, table, weights, positions, targets, importance, tableGradient, weightGradient);
        foreach (var i in Enumerable.Range(0, 40).Select(_ => random.Next(table.Length)))
            Assert.Equal(Difference(table, i, t => Loss(t, weights)), tableGradient[i], 1e-7);
        foreach (var i in Enumerable.Range(0, 40).Select(_ => random.Next(weights.Length)))
            Assert.Equal(Difference(weights, i, w => Loss(table, w)), weightGradient[i], 1e-7);

        var down = Numbers(samples * grid.Channels, 1);
        var positionGradient = new double[positions.Length];
        Kernels.EncodePositionGradient(grid, table, positions, down, positionGradient);
        for (var i = 0; i < positions.Length; i++)
        {
            var expected = Difference(positions, i, p =>
            {
                var encoded = new double[down.Length];
                Kernels.Encode(grid, table, p, encoded);
                return encoded.Zip(down, (a, b) => a * b).Sum();
            });
            Assert.Equal(expected, positionGradient[i], 1e-4);
        }
    }

    [Fact]
    public void The_perceptron_is_that_of_libtorch()
    {
        using var scope = torch.NewDisposeScope();
        var perceptron = new Perceptron(16, 32, 3);
        var random = new Random(4);
        double[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() - 0.5)];
        var (weights, inputs, down) = (Numbers(perceptron.ParameterCount), Numbers(7 * 16), Numbers(7 * 3));
        var w = torch.tensor(weights).requires_grad_();
        var x = torch.tensor(inputs, 7, 16).requires_grad_();
        var parts = w.split([16 * 32, 32 * 32, 32 * 3]);
        var y = x.mm(parts[0].view(16, 32)).relu().mm(parts[1].view(32, 32)).relu().mm(parts[2].view(32, 3));
        y.mul(torch.tensor(down, 7, 3)).sum().backward();

        var (outputs, weightGradient, inputGradient) = (new double[21], new double[weights.Length], new double[inputs.Length]);
        Kernels.PerceptronForward(perceptron, weights, inputs, outputs);
        Kernels.PerceptronBackward(perceptron, weights, inputs, down, weightGradient, inputGradient);
        AssertEqual(y, outputs);
        AssertEqual(w.grad!, weightGradient);
        AssertEqual(x.grad!, inputGradient);
    }

    [Fact]
    public void Adam_is_that_of_libtorch()
    {
        using var scope = torch.NewDisposeScope();
        var random = new Random(4);
        double[] parameters = [1, -2, 0.5, 3], gradient = new double[4], first = new double[4], second = new double[4];
        var p = new TorchSharp.Modules.Parameter(torch.tensor(parameters));
        var adam = torch.optim.Adam([p], lr: 0.05, beta1: 0.9, beta2: 0.99, eps: 1e-8);
        for (var step = 1; step <= 20; step++)
        {
            for (var i = 0; i < 4; i++)
                gradient[i] = random.NextDouble() - 0.3;
            p.grad = torch.tensor(gradient);
            adam.step();
            Kernels.Adam(new AdamStep(step, 0.05, Epsilon: 1e-8), parameters, gradient, first, second);
        }
        AssertEqual(p, parameters);
    }

    [Fact]
    public void A_linear_table_is_interpolated_exactly_and_weights_sum_to_one()
    {
        // Trilinear interpolation reproduces what is linear: give each node of a dense level its own row number.
        var grid = new HashGrid(new HashGridConfiguration { Levels = 1, Features = 4, Log2TableSize = 12, CoarsestResolution = 8, FinestResolution = 8 });
        var level = grid.Levels[0];
        Assert.True(level.IsDense);
        var table = new double[grid.ParameterCount];
        for (var i = 0; i < grid.EntryCount; i++)
            (table[4 * i], table[4 * i + 1], table[4 * i + 2], table[4 * i + 3]) = (i / (level.Nodes * level.Nodes), i / level.Nodes % level.Nodes, i % level.Nodes, 1);
        double[] position = [0.31, 0.77, 0.05];
        var features = new double[4];
        Kernels.Encode(grid, table, position, features);
        Assert.All(Enumerable.Range(0, 3), axis => Assert.Equal(position[axis] * level.Scale + 0.5, features[axis], 1e-12));
        Assert.Equal(1, features[3], 1e-12);
    }

    [Fact]
    public void Corners_of_the_cube_stay_within_every_level()
    {
        foreach (var configuration in new[] { HashGridConfiguration.TinyCudaNn, new HashGridConfiguration(), new HashGridConfiguration { CoarsestResolution = 1, FinestResolution = 1 } })
        {
            var grid = new HashGrid(configuration);
            foreach (var level in grid.Levels)
            {
                var last = (uint)Math.Floor(level.Scale + 0.5) + 1;
                Assert.True(HashGrid.Index(level, last, last, last) < level.Size);
                Assert.True(level.IsDense || int.IsPow2(level.Size));
            }
        }
    }

    [Theory]
    [InlineData("levels")]
    [InlineData("features")]
    [InlineData("log2TableSize")]
    [InlineData("coarsestResolution")]
    public void A_grid_out_of_range_is_refused_by_name(string name)
    {
        var configuration = name switch
        {
            "levels" => new HashGridConfiguration { Levels = 17 },
            "features" => new HashGridConfiguration { Features = 3 },
            "log2TableSize" => new HashGridConfiguration { Log2TableSize = 25 },
            _ => new HashGridConfiguration { CoarsestResolution = 300 },
        };
        Assert.Contains(name, Assert.Throws<BadInputException>(() => new HashGrid(configuration)).Message, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => new Perceptron(33).Validated());
    }

    private static double Difference(double[] at, int i, Func<double[], double> function)
    {
        var (above, below) = (at.ToArray(), at.ToArray());
        above[i] += Step;
        below[i] -= Step;
        return (function(above) - function(below)) / (2 * Step);
    }

    private static void AssertEqual(torch.Tensor expected, double[] actual)
    {
        var values = expected.detach().to(torch.ScalarType.Float64).contiguous().data<double>().ToArray();
        Assert.Equal(values.Length, actual.Length);
        Assert.All(values.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-10));
    }
}
