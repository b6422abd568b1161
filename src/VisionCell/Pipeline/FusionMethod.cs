using VisionCell.Acquisition;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>
/// The weighted mean of several methods. How their errors go together is measured at half the scale, where the stack itself knows the answer
/// (<see cref="HalfScale"/>), and so are the weights (<see cref="MemberWeights"/>).
/// Where the stack is too small for that, the first member has the whole weight. A member whose networks have all seen the specimen is left out, with a notice.
/// </summary>
/// <param name="members">The methods, of which the first is taken where nothing can be measured; trained with this where they are not yet. Not disposed with this.</param>
public sealed class FusionMethod(IReadOnlyList<IReconstructionMethod> members) : IReconstructionMethod
{
    // What is best at half the scale need not be at the whole one, where gaps are half as wide: half of the way to it keeps three quarters of its gain over the best member, and
    // a quarter of its loss where that member alone were better.
    private const double ShareOfWeights = 0.5;

    private IReadOnlyList<IReconstructionMethod> _members = [];
    private MemberWeights? _weights;
    private SpreadModel? _errors;

    /// <inheritdoc/>
    public string Name => "fusion";

    /// <inheritdoc/>
    public string Device => string.Join(" + ", members.Select(m => m.Device).Distinct());

    /// <summary>The mean weight of each member.</summary>
    /// <inheritdoc/>
    public IReadOnlyDictionary<string, double> Findings => _weights is null ? new Dictionary<string, double>()
        : _members.Zip(_weights.Mean).ToDictionary(p => $"weightOf{char.ToUpperInvariant(p.First.Name[0])}{p.First.Name[1..]}", p => Math.Round(p.Second, 3));

    /// <inheritdoc/>
    public void Train(SparseVolume sparse, TrainingOptions options)
    {
        var (done, share) = (0.0, 1.0 / (members.Count + 1));
        List<IReconstructionMethod> trained = [];
        foreach (var member in members)
        {
            var from = done;
            var own = options with
            {
                Progress = options.Progress is null ? null : new Relay<TrainingProgress>(p => options.Progress.Report(p with { Fraction = from + share * p.Fraction, Stage = p.Stage.Length == 0 ? member.Name : p.Stage })),
            };
            try
            {
                member.Train(sparse, own);
                trained.Add(member);
            }
            catch (KnownSpecimenException e) when (members.Count > 1)
            {
                options.Notice?.Invoke($"{Name}: '{member.Name}' is left out: {e.Message}");
            }
            done += share;
        }
        _members = trained;
        (_weights, _errors) = (MemberWeights.Only(0, trained.Count), null);
        if (HalfScale.Of(sparse) is not { } half)
            return;
        var box = Box.Of(half.Sparse.IsotropicShape);
        List<float[]> sampled = [];
        foreach (var member in trained)
        {
            var other = member.ForStack(half.Sparse, options);
            try
            {
                var volume = other.Reconstruct(half.Sparse, box, options.Cancellation);
                DataConsistency.Project(volume, half.Sparse);
                sampled.Add(half.Sample(volume));
            }
            finally
            {
                if (!ReferenceEquals(other, member))
                    other.Dispose();
            }
        }
        // Classes of spread found at half the scale were wrong at the whole one: 0.09 dB below the best member (docs/benchmarks/field.md).
        var weights = MemberWeights.Fit(sampled, half.Held.Data, 1).From(MemberWeights.Best(sampled, half.Held.Data), ShareOfWeights);
        var (result, spread) = (new float[half.Held.Data.Length], new float[half.Held.Data.Length]);
        weights.Combine(sampled, result);
        MemberWeights.Spread(sampled, spread);
        (_weights, _errors) = (weights.Scaled(half.ErrorRatio), SpreadModel.Fit(spread, result, half.Held.Data, half.Difference).Scaled(half.ErrorRatio));
    }

    /// <inheritdoc/>
    public Volume<float> Reconstruct(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        var weights = _weights ?? throw new InvalidOperationException("train the method before reconstructing with it");
        var slab = DataConsistency.Slab(sparse, block);
        var result = sparse.NewIsotropic(slab, Name);
        weights.Combine(Said(sparse, slab, cancellation), result.Data);
        DataConsistency.Project(result, sparse, slab);
        return DataConsistency.Cut(result, slab, block);
    }

    /// <inheritdoc/>
    public Volume<float>? Uncertainty(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        if (_errors is null)
            return null;
        var slab = DataConsistency.Slab(sparse, block);
        var spread = sparse.NewIsotropic(slab, "expected error");
        MemberWeights.Spread(Said(sparse, slab, cancellation), spread.Data);
        _errors.Apply(sparse, slab, spread);
        return DataConsistency.Cut(spread, slab, block);
    }

    /// <inheritdoc/>
    public IEnumerable<string> WriteModel(string folder) => [.. _members.SelectMany(m => m.WriteModel(folder))];

    /// <inheritdoc/>
    public void Dispose()
    {
        // Members belong to the set that they were taken from.
    }

    /// <summary>What each member says of a slab, projected onto the sections.</summary>
    private List<float[]> Said(SparseVolume sparse, Box slab, CancellationToken cancellation) =>
        [.. _members.Select(member =>
        {
            var volume = member.Reconstruct(sparse, slab, cancellation);
            DataConsistency.Project(volume, sparse, slab);
            return volume.Data;
        })];
}
