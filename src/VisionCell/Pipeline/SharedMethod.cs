using VisionCell.Acquisition;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>
/// A method that several others of one run build on: it is trained once on a stack, and what it said last of a stack is kept, so that who asks
/// again for the same block does not wait.
/// </summary>
/// <param name="method">The method; disposed with this.</param>
internal sealed class SharedMethod(IReconstructionMethod method) : IReconstructionMethod
{
    private SparseVolume? _stack;
    private (SparseVolume Stack, Box Block, Volume<float> Result)? _reconstructed;
    private (SparseVolume Stack, Box Block, Volume<float>? Result)? _expected;

    /// <inheritdoc/>
    public string Name => method.Name;

    /// <inheritdoc/>
    public string Device => method.Device;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, double> Findings => method.Findings;

    /// <inheritdoc/>
    public bool PlacesSections => method.PlacesSections;

    /// <inheritdoc/>
    public Halo? Halo => method.Halo;

    /// <inheritdoc/>
    public void Train(SparseVolume sparse, TrainingOptions options)
    {
        if (ReferenceEquals(_stack, sparse))
            return;
        (_stack, _reconstructed, _expected) = (null, null, null);
        method.Train(sparse, options);
        _stack = sparse;
    }

    /// <inheritdoc/>
    public Volume<float> Reconstruct(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        if (_reconstructed is not var (stack, last, _) || !ReferenceEquals(stack, sparse) || last != block)
            _reconstructed = (sparse, block, method.Reconstruct(sparse, block, cancellation));
        return _reconstructed.Value.Result.Map(v => v);
    }

    /// <inheritdoc/>
    public Volume<float>? Uncertainty(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        if (_expected is not var (stack, last, _) || !ReferenceEquals(stack, sparse) || last != block)
            _expected = (sparse, block, method.Uncertainty(sparse, block, cancellation));
        return _expected.Value.Result?.Map(v => v);
    }

    /// <summary>Lets go of what it said last, so that what is computed next takes the time that it takes.</summary>
    public void Forget() => (_reconstructed, _expected) = (null, null);

    /// <inheritdoc/>
    public IReconstructionMethod ForStack(SparseVolume sparse, TrainingOptions options)
    {
        var other = method.ForStack(sparse, options);
        return ReferenceEquals(other, method) ? this : other;
    }

    /// <inheritdoc/>
    public IEnumerable<string> WriteModel(string folder) => method.WriteModel(folder);

    /// <inheritdoc/>
    public void Dispose() => method.Dispose();
}
