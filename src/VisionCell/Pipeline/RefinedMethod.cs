using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Diffusion;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>
/// Super-resolution with what a diffusion network expects of the residual that it leaves (<see cref="ExpectedResidual"/>): the share of it, and how much
/// smaller errors are for it, are measured at half the scale, where the stack itself knows the answer (<see cref="HalfScale"/>), and so is by how much what lies beyond a straight
/// line is predicted too weakly: a mean is drawn to what is known anyway. Where nothing can be measured, no
/// network is at hand that does not know the specimen, or sections do not lie on rows, it is super-resolution alone.
/// </summary>
/// <param name="regression">Super-resolution; trained with this where it is not yet. Not disposed with this.</param>
/// <param name="device"><c>auto</c>, <c>cpu</c> or <c>cuda:N</c>.</param>
internal sealed class RefinedMethod(SharedMethod regression, string device) : IReconstructionMethod
{
    // Of what is predicted beyond a straight line: at half the scale it is drawn more strongly to the mean than at the whole.
    private const double ShareOfContrast = 0.5;
    private const double LargestContrast = 1.2;

    // Rows of a part of this edge and what lies about it are 256 pixels across.
    private const int PartEdge = 256 - 2 * (ExpectedResidual.Halo + FineDetail.Reach);
    private const int PartRows = 256;

    private readonly AxialInterpolation _line = new(InterpolationKernel.Linear);

    private bool _isTrained;
    private ExpectedResidual? _residual;
    private double _share;
    private double _contrast = 1;
    private double _errorRatio = 1;
    private DetailGain _detailGain;
    private (float Low, float High) _range;

    /// <inheritdoc/>
    public string Name => regression.Name;

    /// <inheritdoc/>
    public string Device => regression.Device;

    /// <inheritdoc/>
    public bool PlacesSections => regression.PlacesSections;

    /// <inheritdoc/>
    public Halo? Halo => regression.Halo is { } halo ? new Halo(halo.Sections + FineDetail.Reach, halo.Pixels + FineDetail.Reach + ExpectedResidual.Halo) : null;

    /// <summary>What was found of the regression, and the share of the expected residual in the result.</summary>
    /// <inheritdoc/>
    public IReadOnlyDictionary<string, double> Findings => new Dictionary<string, double>(regression.Findings) { ["refinementShare"] = Math.Round(_share, 3), ["contrast"] = Math.Round(_contrast, 3) };

    /// <inheritdoc/>
    public void Train(SparseVolume sparse, TrainingOptions options)
    {
        Dispose();
        regression.Train(sparse, options);
        _isTrained = true;
        if (options.FromScratch || !sparse.IsOnRows || HalfScale.Of(sparse) is not { } half)
            return;
        var precision = ComputePrecision.Best(device, options.Notice);
        using var unknowing = GapFill.Unknowing(sparse.Observed, precision);
        _residual = ExpectedResidual.For(sparse, options.DiffusionPrior, unknowing, precision);
        if (_residual is null)
        {
            options.Notice?.Invoke($"{Name}: not refined, as {KnownSpecimenException.Describe("diffusion", "--diffusion-prior")}");
            return;
        }
        _range = (TensorPrimitives.Min(sparse.Observed.Data), TensorPrimitives.Max(sparse.Observed.Data));
        Calibrate(half, options.Cancellation);
        _detailGain = MissingDetail(sparse, options.Cancellation);
        regression.Forget();
    }

    /// <inheritdoc/>
    public Volume<float> Reconstruct(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        if (!_isTrained)
            throw new InvalidOperationException("train the method before reconstructing with it");
        if (_share == 0)
            return regression.Reconstruct(sparse, block, cancellation);
        var slab = DataConsistency.Slab(sparse, block);
        var window = (_detailGain.IsAny ? FineDetail.Window(sparse, slab) : slab).Widened(ExpectedResidual.Halo, sparse.Observed.Shape);
        var wide = Refined(sparse, window, cancellation);
        if (_detailGain.IsAny)
            FineDetail.Amplify(wide, _detailGain);
        var result = wide.Shape == slab.Shape ? wide : wide.Crop(slab.From(window));
        TensorPrimitives.Clamp(result.Data, _range.Low, _range.High, result.Data);
        DataConsistency.Project(result, sparse, slab);
        return DataConsistency.Cut(result, slab, block);
    }

    /// <inheritdoc/>
    public Volume<float>? Uncertainty(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        var expected = regression.Uncertainty(sparse, block, cancellation);
        if (expected is not null)
            TensorPrimitives.Multiply(expected.Data, (float)_errorRatio, expected.Data);
        return expected;
    }

    /// <inheritdoc/>
    public IEnumerable<string> WriteModel(string folder) => regression.WriteModel(folder);

    /// <inheritdoc/>
    public void Dispose()
    {
        _residual?.Dispose();
        (_isTrained, _residual, _share, _contrast, _errorRatio, _detailGain) = (false, null, 0, 1, 1, default);
    }

    /// <summary>The regression in a window with its share of the expected residual.</summary>
    private Volume<float> Refined(SparseVolume sparse, Box window, CancellationToken cancellation)
    {
        var result = regression.Reconstruct(sparse, window, cancellation);
        Mix(result.Data, _residual!.AddedTo(sparse, result, window, cancellation).Data);
        if (_contrast > 1)
            Sharpen(result.Data, _line.Reconstruct(sparse, window, cancellation).Data);
        return result;
    }

    /// <summary>Goes further from the straight line.</summary>
    private void Sharpen(float[] result, float[] line)
    {
        TensorPrimitives.Subtract(result, line, result);
        TensorPrimitives.MultiplyAdd(result, (float)_contrast, line, result);
    }

    private void Mix(float[] regression, float[] refined)
    {
        TensorPrimitives.Multiply(regression, (float)(1 - _share), regression);
        TensorPrimitives.MultiplyAdd(refined, (float)_share, regression, regression);
    }

    private void Calibrate(HalfScale half, CancellationToken cancellation)
    {
        var box = Box.Of(half.Sparse.IsotropicShape);
        var plain = regression.Reconstruct(half.Sparse, box, cancellation);
        var added = _residual!.AddedTo(half.Sparse, plain, box, cancellation);
        DataConsistency.Project(added, half.Sparse);
        var (before, after, truth) = (half.Sample(plain), half.Sample(added), half.Held.Data);
        _share = MemberWeights.Share(before, after, truth);
        if (_share == 0)
            return;
        var line = half.Sample(_line.Reconstruct(half.Sparse, box, cancellation));
        var mixed = before.ToArray();
        Mix(mixed, after);
        _contrast = Math.Clamp(1 + ShareOfContrast * (MemberWeights.Step(line, mixed, truth) - 1), 1, LargestContrast);
        if (regression.Uncertainty(half.Sparse, box, cancellation) is not { } expected)
            return;
        var errors = half.Sample(expected);
        var limit = Limit(before, errors, truth);
        Mix(before, after);
        Sharpen(before, line);
        _errorRatio = limit > 0 ? Limit(before, errors, truth) / limit : 1;
    }

    /// <summary>How many times the expected error nine of ten errors stay under.</summary>
    private static float Limit(float[] said, float[] expected, float[] truth)
    {
        float[] ratios = [.. Enumerable.Range(0, truth.Length).Where(i => expected[i] > 0).Select(i => Math.Abs(said[i] - truth[i]) / expected[i])];
        ratios.AsSpan().Sort();
        return ratios.Length == 0 ? 0 : ratios[(int)(0.9 * (ratios.Length - 1))];
    }

    /// <summary>By how much detail has to be amplified to be no less than linear interpolation's, measured in the middle of the stack.</summary>
    private DetailGain MissingDetail(SparseVolume sparse, CancellationToken cancellation)
    {
        var shape = sparse.Observed.Shape;
        var (height, width) = (shape.Y <= 256 ? shape.Y : PartEdge, shape.X <= 256 ? shape.X : PartEdge);
        var sections = Math.Min(sparse.Sections, Math.Max(4, (int)(PartRows / sparse.MeanPitch) + 1));
        return FineDetail.Missing(sparse, sections, [new Box(0, (shape.Y - height) / 2, (shape.X - width) / 2, new Shape3(sparse.RowsOf(0, sections).Rows, height, width))], box => Reconstruct(sparse, box, cancellation), cancellation);
    }
}
