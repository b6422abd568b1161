using System.Collections.Concurrent;
using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// Slice interpolation as video: dense motion between neighbouring sections, both warped to each position in the gap, and so much of it
/// added to the straight line as predicted the stack's own sections best (<see cref="FlowBlend"/>), with a spline's curvature weighed by how
/// sections differ with their distance (<see cref="CurvatureWeight"/>). Where the flows of both directions
/// disagree, or warping does not lower the mismatch, the straight line stays; <see cref="Confidence"/> says where. Observed rows stay as
/// they are (decimation), or the mean of the rows of a section stays that section (pooling).
/// </summary>
/// <param name="configuration">How motion is estimated; null for the defaults.</param>
public sealed class FlowMethod(OpticalFlowConfiguration? configuration = null) : IReconstructionMethod
{
    private readonly OpticalFlowConfiguration _configuration = (configuration ?? new OpticalFlowConfiguration()).Validated();
    private readonly ConcurrentDictionary<int, Lazy<GapFlow>> _flows = new();
    private SparseVolume? _trained;

    // Observed sections; gap g lies between the g-th and the next.
    private int[] _seen = [];

    // Gaps that show how much curvature motion brings already: a mean over a hundred thousands of pixels.
    private const int MostGaps = 12;

    /// <inheritdoc/>
    public string Name => "flow";

    /// <inheritdoc/>
    public string Device => "cpu (fp32)";

    /// <summary>How motion is blended in, as calibrated on the stack; null before training.</summary>
    public FlowBlend? Blend { get; private set; }

    /// <summary>Calibrates the blend on the sections themselves, each predicted from its neighbours; takes seconds and no budget.</summary>
    /// <inheritdoc/>
    /// <exception cref="BadInputException">The stack holds values that are not finite.</exception>
    public void Train(SparseVolume sparse, TrainingOptions options)
    {
        var observed = sparse.Observed;
        if (!float.IsFinite(TensorPrimitives.Sum(observed.Data)))
            throw new BadInputException("the stack holds values that are not finite (NaN or infinite); replace them first");
        int[] seen = [.. Enumerable.Range(0, sparse.Sections).Where(sparse.IsObserved)];
        if (seen.Length == 0)
            throw new BadInputException($"none of the {sparse.Sections} sections was observed: there is nothing to interpolate");
        _flows.Clear();
        _seen = seen;
        int[] predicted = [.. Enumerable.Range(1, Math.Max(0, sparse.Sections - 2)).Where(z => sparse.IsObserved(z - 1) && sparse.IsObserved(z) && sparse.IsObserved(z + 1))];
        int[] middles = Spread(predicted, FlowCalibration.MostSections);
        var results = new GapCandidates[middles.Length];
        var (height, width) = (observed.Shape.Y, observed.Shape.X);
        Parallel.For(0, middles.Length, new ParallelOptions { CancellationToken = options.Cancellation }, i =>
        {
            var middle = middles[i];
            var flow = GapFlow.Estimate(observed.Section(middle - 1), observed.Section(middle + 1), height, width, _configuration);
            results[i] = new SectionInterpolator(height, width).At(
                SectionOrNone(sparse, middle - 3), observed.Section(middle - 1), observed.Section(middle + 1), SectionOrNone(sparse, middle + 3), flow, 0.5f, 0, 0, height, width);
        });
        var calibration = new FlowCalibration();
        for (var i = 0; i < middles.Length; i++)
            calibration.Add(results[i], observed.Section(middles[i]));
        var blend = calibration.Fit();
        // Rows of thick sections lie within them, not halfway between: what was best across the wider gap stays.
        if (sparse.Sampling.IsDecimation && CurvatureWeight.Of(sparse) is { } weight)
        {
            int[] gaps = Spread([.. Enumerable.Range(0, seen.Length - 1).Where(g => seen[g + 1] == seen[g] + 1)], MostGaps);
            var halfway = new GapCandidates[gaps.Length];
            Parallel.For(0, gaps.Length, new ParallelOptions { CancellationToken = options.Cancellation }, i => halfway[i] = At(sparse, gaps[i], 0.5f, new Box(0, 0, 0, new Shape3(1, height, width))));
            blend = blend.WithCurvature(weight, halfway);
        }
        (Blend, _trained) = (blend, sparse);
    }

    /// <summary>So many of them at most, evenly.</summary>
    private static int[] Spread(int[] sections, int most)
    {
        var count = Math.Min(sections.Length, most);
        return [.. Enumerable.Range(0, count).Select(i => sections[(int)((2L * i + 1) * sections.Length / (2 * count))])];
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The method was not trained on this stack.</exception>
    public Volume<float> Reconstruct(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        if (!block.IsInside(sparse.IsotropicShape))
            throw OutsideOf(sparse, block);
        // Whole sections, so that a block has the values that the whole volume has there.
        var sampling = sparse.Sampling;
        var first = block.Z / sampling.Pitch;
        var end = Math.Min(sparse.IsotropicShape.Z, sampling.FineRows((block.Z + block.Shape.Z - 1) / sampling.Pitch + 1));
        var whole = sampling.IsDecimation ? block : block with { Z = first * sampling.Pitch, Shape = block.Shape with { Z = Math.Max(end, block.Z + block.Shape.Z) - first * sampling.Pitch } };
        var result = Fill(sparse, whole, (blend, candidates, _, row) => blend.Apply(candidates, row), (section, row) => section.CopyTo(row), cancellation);
        if (sampling.IsDecimation)
            return result;
        DataConsistency.Project(result, sparse, whole);
        if (whole == block)
            return result;
        var cut = sparse.NewIsotropic(block, Name);
        result.Data.AsSpan((block.Z - whole.Z) * block.Shape.SectionCount, cut.Data.Length).CopyTo(cut.Data);
        return cut;
    }

    /// <inheritdoc/>
    public Volume<float>? Uncertainty(SparseVolume sparse, Box block, CancellationToken cancellation = default) =>
        Blend is { HeldOutGain: null } ? null : Fill(sparse, block, (blend, candidates, t, row) => blend.Error(candidates, t, row), (_, row) => row.Clear(), cancellation);

    /// <summary>
    /// The weight that motion has in each voxel, 0 to 1: 0 where the result is plain interpolation because the flows disagree or warping
    /// does not lower the mismatch, and on observed rows.
    /// </summary>
    /// <param name="sparse">What was observed.</param>
    /// <param name="block">A box inside <see cref="SparseVolume.IsotropicShape"/>.</param>
    /// <param name="cancellation">Stops between rows.</param>
    /// <exception cref="InvalidOperationException">The method was not trained on this stack.</exception>
    public Volume<float> Confidence(SparseVolume sparse, Box block, CancellationToken cancellation = default) =>
        Fill(sparse, block, (blend, candidates, _, row) =>
        {
            for (var i = 0; i < row.Length; i++)
                row[i] = blend.MotionAt(candidates.Confidence[i]);
        }, (_, row) => row.Clear(), cancellation);

    /// <summary>A section at any position, for a video or for training data.</summary>
    /// <param name="sparse">What was observed.</param>
    /// <param name="position">Position in sections: 2.25 is a quarter of the way from the third to the fourth; whole numbers are the sections themselves.</param>
    /// <returns>Grey levels and the weight of motion, each <c>[H, W]</c>.</returns>
    /// <exception cref="InvalidOperationException">The method was not trained on this stack.</exception>
    /// <exception cref="BadInputException">The position lies outside the stack.</exception>
    public (float[] Section, float[] Confidence) SectionAt(SparseVolume sparse, double position)
    {
        var blend = BlendOf(sparse);
        if (!(position >= 0 && position <= sparse.Sections - 1))
            throw new BadInputException(FormattableString.Invariant($"position {position} in a stack of {sparse.Sections} sections: must be 0 to {sparse.Sections - 1}"));
        var (height, width) = (sparse.Observed.Shape.Y, sparse.Observed.Shape.X);
        float[] section = new float[height * width], confidence = new float[section.Length];
        var (gap, t) = PlaceOf(position);
        if (t == 0)
        {
            sparse.Observed.Section(_seen[gap]).CopyTo(section);
            return (section, confidence);
        }
        var candidates = At(sparse, gap, t, new Box(0, 0, 0, new Shape3(1, height, width)));
        blend.Apply(candidates, section);
        for (var i = 0; i < confidence.Length; i++)
            confidence[i] = blend.MotionAt(candidates.Confidence[i]);
        return (section, confidence);
    }

    /// <inheritdoc/>
    public IReconstructionMethod ForStack(SparseVolume sparse, TrainingOptions options)
    {
        var other = new FlowMethod(_configuration);
        other.Train(sparse, options with { Progress = null });
        return other;
    }

    /// <inheritdoc/>
    public void Dispose() => _flows.Clear();

    /// <summary>Fills the rows of a block: those between two sections by what is known of the position, others from the nearest section.</summary>
    private Volume<float> Fill(SparseVolume sparse, Box block, BetweenSections between, AtSection at, CancellationToken cancellation)
    {
        var blend = BlendOf(sparse);
        if (!block.IsInside(sparse.IsotropicShape))
            throw OutsideOf(sparse, block);
        var result = sparse.NewIsotropic(block, Name);
        var sampling = sparse.Sampling;
        Parallel.For(0, block.Shape.Z, new ParallelOptions { CancellationToken = cancellation }, z =>
        {
            var (gap, t) = PlaceOf((block.Z + z - sampling.Centre(0)) / sampling.Pitch);
            if (t > 0)
            {
                between(blend, At(sparse, gap, t, block), t, result.Section(z));
                return;
            }
            var section = sparse.Observed.Section(_seen[gap]);
            for (var y = 0; y < block.Shape.Y; y++)
                at(section.Slice((block.Y + y) * sparse.Observed.Shape.X + block.X, block.Shape.X), result.Section(z).Slice(y * block.Shape.X, block.Shape.X));
        });
        return result;
    }

    /// <summary>The gap that a position, in sections, lies in, and the share of the way across; beyond the observed sections the nearest of them.</summary>
    private (int Gap, float T) PlaceOf(double position)
    {
        var at = Array.BinarySearch(_seen, (int)Math.Floor(position));
        var gap = Math.Max(0, at >= 0 ? at : ~at - 1);
        return gap == _seen.Length - 1 || position <= _seen[gap] ? (gap, 0) : (gap, (float)((position - _seen[gap]) / (_seen[gap + 1] - _seen[gap])));
    }

    private GapCandidates At(SparseVolume sparse, int gap, float t, Box block)
    {
        var (observed, before, after) = (sparse.Observed, _seen[gap], _seen[gap + 1]);
        var (height, width, distance) = (observed.Shape.Y, observed.Shape.X, after - before);
        var flow = _flows.GetOrAdd(gap, _ => new Lazy<GapFlow>(() => GapFlow.Estimate(observed.Section(before), observed.Section(after), height, width, _configuration))).Value;
        return new SectionInterpolator(height, width).At(
            SectionOrNone(sparse, before - distance), observed.Section(before), observed.Section(after), SectionOrNone(sparse, after + distance),
            flow, t, block.Y, block.X, block.Shape.Y, block.Shape.X);
    }

    private FlowBlend BlendOf(SparseVolume sparse) =>
        Blend is { } blend && ReferenceEquals(_trained, sparse) ? blend : throw new InvalidOperationException("train the method on this stack before reconstructing with it");

    private static ReadOnlySpan<float> SectionOrNone(SparseVolume sparse, int z) => z >= 0 && z < sparse.Sections && sparse.IsObserved(z) ? sparse.Observed.Section(z) : [];

    private static BadInputException OutsideOf(SparseVolume sparse, Box block) =>
        new($"block {block.Shape} at ({block.Z}, {block.Y}, {block.X}) does not lie inside the isotropic volume of {sparse.IsotropicShape}");

    private delegate void BetweenSections(FlowBlend blend, GapCandidates candidates, float t, Span<float> row);

    private delegate void AtSection(ReadOnlySpan<float> section, Span<float> row);
}
