using TorchSharp;
using VisionCell.Learning;
using VisionCell.Runs;
using static TorchSharp.torch;

namespace VisionCell.Tests.Learning;

/// <summary>
/// Numbers that go to tensor operations live until the operation is over, whenever the garbage collector runs. TorchSharp's own
/// operators fail this within seconds.
/// </summary>
[Collection("tensors")]
public sealed class NumbersTests
{
    [Fact]
    public void Operations_with_numbers_are_exact_under_constant_collection()
    {
        using var x = tensor([1f, 2f, 3f]);
        WhileCollecting(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                using var scope = NewDisposeScope();
                var y = x.clone().Scale(2).Shift(1).AddScaled(x, 0.5).AddProduct(x, x, -1).AddQuotient(x, x, 4).Plus(x).Squared();
                // (2x + 1 + x/2 - x² + 4 + x)² at 1, 2, 3.
                Assert.Equal([7.5f * 7.5f, 8 * 8, 6.5f * 6.5f], y.data<float>().ToArray());
                Assert.Equal(6, x.sum().Number());
            }
        });
    }

    [Fact]
    public void Training_is_the_same_under_constant_collection()
    {
        float[]? collected = null;
        WhileCollecting(() => collected = Train());
        Assert.Equal(Train(), collected);
    }

    private static float[] Train()
    {
        using var start = new Weights();
        using var slope = tensor(new float[64]);
        start.Add("slope", slope);
        var settings = new TrainerSettings("line", "collected", 0.05, 1, 0.01, 0.1, 0.9, TimeSpan.FromSeconds(1));
        using var trained = Trainer.Train(start.Clone(), Loss, null, settings, new TrainingOptions(Steps: 1000));
        return trained["slope"].data<float>().ToArray();
    }

    private static Tensor Loss(Weights weights, Random random)
    {
        var x = Enumerable.Range(0, 64).Select(_ => random.NextSingle()).ToArray();
        return (weights["slope"] * tensor(x) - tensor([.. x.Select(v => 3 * v - 1)])).Squared().mean();
    }

    private static void WhileCollecting(Action action)
    {
        var stop = false;
        var collector = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            action();
        }
        finally
        {
            Volatile.Write(ref stop, true);
            collector.Join();
        }
    }
}
