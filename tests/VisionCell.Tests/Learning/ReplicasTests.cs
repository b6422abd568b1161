using VisionCell.Learning;
using static TorchSharp.torch;

namespace VisionCell.Tests.Learning;

/// <summary>Parts side by side are the same sum as one after another.</summary>
public sealed class ReplicasTests
{
    [Fact]
    public void GradientsOfAllPartsAreAdded()
    {
        using var weights = Trainable(2, -3);
        using var replicas = new Replicas(weights, 3);

        // The gradient of k · w² / 2 is k · w; for k = 1, 2, 3 together 6 w.
        var values = replicas.Run((part, own) => HalfSquare(own, part + 1));

        Assert.Equal([6.5, 13, 19.5], values);
        Assert.Equal([12f, -18f], weights.Gradients.data<float>().ToArray());
    }

    [Fact]
    public void PartsSeeTheWeightsAsTheyAre()
    {
        using var weights = Trainable(2, -3);
        using var replicas = new Replicas(weights, 2);
        replicas.Run((_, own) => HalfSquare(own, 1));
        using (no_grad())
            weights.Values.fill_(1);
        weights.ZeroGradients();

        Assert.Equal([1.0, 1], replicas.Run((_, own) => HalfSquare(own, 1)));
        Assert.Equal([2f, 2f], weights.Gradients.data<float>().ToArray());
    }

    [Fact]
    public void EachPartComputesOnOneThreadAndTheCallerOnAllOfIts()
    {
        var before = get_num_threads();
        using var weights = Trainable(1);
        using var replicas = new Replicas(weights, 2);

        Assert.Equal([1.0, 1], replicas.Run((_, _) => get_num_threads()));
        Assert.Equal(before, get_num_threads());
    }

    [Fact]
    public void AnErrorOfAPartReachesTheCallerAndTheOthersGoOn()
    {
        using var weights = Trainable(1);
        using var replicas = new Replicas(weights, 2);

        var error = Assert.Throws<InvalidOperationException>(() => replicas.Run((part, own) => part == 1 ? throw new InvalidOperationException("no such section") : HalfSquare(own, 1)));

        Assert.Equal("no such section", error.Message);
        Assert.Equal([0.5, 0.5], replicas.Run((_, own) => HalfSquare(own, 1)));
    }

    [Fact]
    public void FreedMemoryIsKeptWhereTheCLibraryCan() => Assert.Equal(OperatingSystem.IsLinux(), NativeHeap.Keep());

    private static Weights Trainable(params float[] values)
    {
        using var scope = NewDisposeScope();
        var weights = new Weights();
        weights.Add("w", tensor(values));
        return weights.Trainable();
    }

    /// <summary>k · |w|² / 2, its gradient computed.</summary>
    private static double HalfSquare(Weights weights, double k)
    {
        using var scope = NewDisposeScope();
        var value = weights["w"].mul(weights["w"]).sum() * (k / 2);
        value.backward();
        return value.Number();
    }
}
