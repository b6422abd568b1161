using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Volumes;

namespace VisionCell.SuperResolution;

/// <summary>
/// What the planes in both directions, which learn from the stack, and pretrained gap networks make together. The share of the networks is
/// the one that is best at half the scale (<see cref="HalfScale"/>), where the stack itself knows the answer; how far planes and networks
/// lie apart says where to expect errors, and how large these are is measured there, too, and taken over by the ratio at which linear
/// interpolation within the sections errs at both scales.
/// </summary>
internal sealed class Mixture : IDisposable
{
    private readonly PlaneReconstruction _planes;
    private readonly NetworkPrior<GapConfiguration>[] _priors;
    private readonly GapReconstruction[] _networks;

    private Mixture(PlaneReconstruction planes, IEnumerable<NetworkPrior<GapConfiguration>> priors, Standardisation standardisation, ComputePrecision precision)
    {
        _planes = planes;
        _priors = [.. priors];
        _networks = [.. _priors.Select(p => new GapReconstruction(new GapNetwork(p.Configuration, precision.Compute), p.Weights, precision, standardisation, GapSymmetries.Each(_priors.Length)))];
    }

    /// <summary>Share of the networks in the result, 0 to 1; the planes have the rest.</summary>
    public double Share { get; private set; }

    /// <summary>How large an error to expect; null where the stack is too small to tell.</summary>
    public SpreadModel? Errors { get; private set; }

    /// <summary>Weighs the members on a stack.</summary>
    /// <param name="half">The stack at half the scale; null where it is too small.</param>
    /// <param name="priors">Pretrained networks that do not know the specimen; taken over. None where there is no half scale.</param>
    /// <param name="planes">What learnt from the stack.</param>
    /// <param name="standardisation">Grey values of the stack.</param>
    /// <param name="precision">Where networks run.</param>
    /// <param name="cancellation">Stops between gaps.</param>
    public static Mixture Of(
        HalfScale? half, IEnumerable<NetworkPrior<GapConfiguration>> priors, PlaneReconstruction planes, Standardisation standardisation, ComputePrecision precision, CancellationToken cancellation)
    {
        var mixture = new Mixture(planes, priors, standardisation, precision);
        if (half is not null)
            mixture.Calibrate(half, cancellation);
        return mixture;
    }

    /// <summary>Fills a slab, <c>[Z, Y, X]</c>, grey values, not yet projected onto the sections.</summary>
    /// <param name="sparse">The stack.</param>
    /// <param name="slab">A block that begins at a section and ends at one.</param>
    /// <param name="cancellation">Stops between gaps.</param>
    public Volume<float> Fill(SparseVolume sparse, Box slab, CancellationToken cancellation)
    {
        var result = _planes.Fill(sparse, slab, cancellation);
        if (Share > 0)
            Mix(result.Data, FillByNetworks(sparse, slab, cancellation).Data);
        return result;
    }

    /// <summary>The absolute error to expect in a slab, <c>[Z, Y, X]</c>, grey values; null where the stack is too small to tell.</summary>
    public Volume<float>? ExpectedError(SparseVolume sparse, Box slab, CancellationToken cancellation)
    {
        if (Errors is null)
            return null;
        var members = Members(sparse, slab, cancellation);
        foreach (var member in members)
            DataConsistency.Project(member, sparse, slab);
        var spread = sparse.NewIsotropic(slab, "expected error");
        MemberWeights.Spread([.. members.Select(m => m.Data)], spread.Data);
        Errors.Apply(sparse, slab, spread);
        return spread;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var prior in _priors)
            prior.Dispose();
    }

    private void Mix(float[] planes, float[] networks)
    {
        TensorPrimitives.Multiply(planes, (float)(1 - Share), planes);
        TensorPrimitives.MultiplyAdd(networks, (float)Share, planes, planes);
    }

    /// <summary>The planes of either direction, and the networks where they have a share; not projected onto the sections.</summary>
    private List<Volume<float>> Members(SparseVolume sparse, Box slab, CancellationToken cancellation)
    {
        List<Volume<float>> members = [_planes.Fill(sparse, slab, cancellation, alongX: true), _planes.Fill(sparse, slab, cancellation, alongX: false)];
        if (Share > 0)
            members.Add(FillByNetworks(sparse, slab, cancellation));
        return members;
    }

    /// <summary>The mean of the networks.</summary>
    private Volume<float> FillByNetworks(SparseVolume sparse, Box box, CancellationToken cancellation)
    {
        var mean = _networks[0].Fill(sparse, box, cancellation);
        foreach (var network in _networks.Skip(1))
            TensorPrimitives.Add(mean.Data, network.Fill(sparse, box, cancellation).Data, mean.Data);
        TensorPrimitives.Multiply(mean.Data, 1f / _networks.Length, mean.Data);
        return mean;
    }

    private void Calibrate(HalfScale half, CancellationToken cancellation)
    {
        var box = Box.Of(half.Sparse.IsotropicShape);
        float[] Sampled(Volume<float> volume)
        {
            DataConsistency.Project(volume, half.Sparse);
            return half.Sample(volume);
        }
        List<float[]> members = [Sampled(_planes.Fill(half.Sparse, box, cancellation, alongX: true)), Sampled(_planes.Fill(half.Sparse, box, cancellation, alongX: false))];
        var result = members[0].ToArray();
        TensorPrimitives.Add(result, members[1], result);
        TensorPrimitives.Multiply(result, 0.5f, result);
        if (_networks.Length > 0)
        {
            var networks = Sampled(FillByNetworks(half.Sparse, box, cancellation));
            Share = MemberWeights.Share(result, networks, half.Held.Data);
            if (Share > 0)
            {
                members.Add(networks);
                Mix(result, networks);
            }
        }
        var spread = new float[result.Length];
        MemberWeights.Spread(members, spread);
        Errors = SpreadModel.Fit(spread, result, half.Held.Data, half.Difference).Scaled(half.ErrorRatio) with { Noise = half.RowNoise };
    }
}
