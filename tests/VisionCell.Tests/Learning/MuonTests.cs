using TorchSharp;
using VisionCell.Learning;
using VisionCell.Runs;
using static TorchSharp.torch;

namespace VisionCell.Tests.Learning;

[Collection("tensors")]
public sealed class MuonTests
{
    [Theory]
    [InlineData(24, 90)]
    [InlineData(90, 24)]
    [InlineData(16, 16)]
    public void An_update_has_all_singular_values_near_one(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3, CPU);
        // Singular values that differ by three orders of magnitude.
        var matrix = randn([rows, columns], generator: generator).mul(logspace(0, -3, columns).reshape(1, columns));
        foreach (var compute in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            var values = linalg.svdvals(Muon.Orthogonalise(stack([matrix, matrix.mul(matrix)]), compute)[0]).data<float>().ToArray();
            // The smallest of a nearly singular matrix are still on their way.
            Assert.InRange(values.Max(), 0.9f, 1.3f);
            Assert.InRange(values.Order().ElementAt(values.Length / 2), 0.6f, 1.3f);
        }
    }

    [Fact]
    public void It_fits_a_matrix_and_leaves_other_weights_to_AdamW()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(4, CPU);
        var (wanted, offset) = (randn([8, 12], generator: generator), randn([8], generator: generator));
        var initial = new Weights();
        initial.Add("kernel", zeros(8, 12));
        initial.Add("bias", zeros(8));
        var settings = new TrainerSettings("map", "", 0.05, 1, 0, 1e9, 0.5, TimeSpan.FromSeconds(1), name => name == "kernel");
        using var trained = Trainer.Train(
            initial,
            (weights, random) =>
            {
                var x = tensor(Enumerable.Range(0, 12 * 32).Select(_ => random.NextSingle() - 0.5f).ToArray(), [32, 12]);
                return (x.matmul((weights["kernel"] - wanted).t()).Plus(weights["bias"] - offset)).Squared().mean();
            },
            null,
            settings,
            new TrainingOptions(Steps: 400, Cancellation: TestContext.Current.CancellationToken));
        Assert.True((trained["kernel"] - wanted).abs().max().item<float>() < 0.05f);
        Assert.True((trained["bias"] - offset).abs().max().item<float>() < 0.05f);
    }
}
