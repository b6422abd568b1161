using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Volumes;

namespace VisionCell.SuperResolution;

/// <summary>
/// What pretrained gap networks add to the planes: the mean of all that were not trained on this specimen, with the weight that is best at
/// half the scale (<see cref="HalfScale"/>), where the stack itself knows the answer.
/// </summary>
internal sealed class GapEnsemble : IDisposable
{
    private readonly GapPrior[] _priors;
    private readonly GapReconstruction[] _reconstructions;

    private GapEnsemble(GapPrior[] priors, Standardisation standardisation, ComputePrecision precision)
    {
        _priors = priors;
        _reconstructions = [.. priors.Select(p => new GapReconstruction(new GapNetwork(p.Configuration, precision.Compute), p.Weights, precision, standardisation))];
    }

    /// <summary>Share of the networks in the result, 0 to 1; the planes have the rest.</summary>
    public double Weight { get; private set; }

    /// <summary>The networks that serve a stack, or null where there is none, or none that adds anything to the planes.</summary>
    /// <param name="sparse">The stack.</param>
    /// <param name="priors">Networks; taken over.</param>
    /// <param name="planes">What they are added to.</param>
    /// <param name="standardisation">Grey values of the stack.</param>
    /// <param name="precision">Where networks run.</param>
    /// <param name="cancellation">Stops between gaps.</param>
    public static GapEnsemble? For(
        SparseVolume sparse, IEnumerable<GapPrior> priors, PlaneReconstruction planes, Standardisation standardisation, ComputePrecision precision, CancellationToken cancellation)
    {
        var half = HalfScale.Of(sparse);
        var used = new List<GapPrior>();
        foreach (var prior in priors)
        {
            if (half is null || prior.Specimens.Any(s => s.Shows(sparse.Observed)))
                prior.Dispose();
            else
                used.Add(prior);
        }
        if (half is null || used.Count == 0)
            return null;
        var ensemble = new GapEnsemble([.. used], standardisation, precision);
        ensemble.Weight = ensemble.BestWeight(half, planes, cancellation);
        if (ensemble.Weight > 0)
            return ensemble;
        ensemble.Dispose();
        return null;
    }

    /// <summary>Mixes the networks' rows into a slab.</summary>
    /// <param name="slab">What the planes say, <c>[Z, Y, X]</c>, in grey values.</param>
    /// <param name="sparse">The stack.</param>
    /// <param name="box">Where the slab lies.</param>
    /// <param name="cancellation">Stops between gaps.</param>
    public void MixInto(Volume<float> slab, SparseVolume sparse, Box box, CancellationToken cancellation)
    {
        TensorPrimitives.Multiply(slab.Data, (float)(1 - Weight), slab.Data);
        TensorPrimitives.MultiplyAdd(Fill(sparse, box, cancellation).Data, (float)Weight, slab.Data, slab.Data);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var prior in _priors)
            prior.Dispose();
    }

    /// <summary>The mean of the networks in a box, <c>[Z, Y, X]</c>, in grey values.</summary>
    private Volume<float> Fill(SparseVolume sparse, Box box, CancellationToken cancellation)
    {
        var mean = _reconstructions[0].Fill(sparse, box, cancellation);
        foreach (var reconstruction in _reconstructions.Skip(1))
            TensorPrimitives.Add(mean.Data, reconstruction.Fill(sparse, box, cancellation).Data, mean.Data);
        TensorPrimitives.Multiply(mean.Data, 1f / _reconstructions.Length, mean.Data);
        return mean;
    }

    /// <summary>The share of the networks that comes closest to the sections held out, least squares, 0 to 1.</summary>
    private double BestWeight(HalfScale half, PlaneReconstruction planes, CancellationToken cancellation)
    {
        var box = Box.Of(half.Sparse.IsotropicShape);
        float[] Sampled(Volume<float> volume)
        {
            DataConsistency.Project(volume, half.Sparse);
            return half.Sample(volume);
        }
        var ofPlanes = Sampled(planes.Fill(half.Sparse, box, cancellation));
        var difference = Sampled(Fill(half.Sparse, box, cancellation));
        var missing = half.Held.Data.ToArray();
        TensorPrimitives.Subtract(missing, ofPlanes, missing);
        TensorPrimitives.Subtract(difference, ofPlanes, difference);
        var square = TensorPrimitives.SumOfSquares<float>(difference);
        return square > 0 ? Math.Clamp(TensorPrimitives.Dot<float>(missing, difference) / square, 0, 1) : 0;
    }
}
