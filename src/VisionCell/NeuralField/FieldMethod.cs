using System.Diagnostics;
using VisionCell.Acquisition;
using VisionCell.Kernels;
using VisionCell.Kernels.Simd;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>
/// A continuous field fitted to the sections of a stack, each the mean over its thickness, and, with lower weight, to what another method
/// makes of the gaps between them, which sections alone say nothing of (CuNeRF, arXiv:2303.16242, fits sections alone and loses to
/// interpolation between distant ones). Afterwards it holds at every place, at any voxel size, and on any plane.
/// </summary>
/// <param name="teacher">What fills the gaps; trained with the field where it is not yet. Not disposed with the field.</param>
/// <param name="configuration">Grid and training; null for the defaults.</param>
/// <param name="kernels">What computes; all cores of this processor where none is given.</param>
public sealed class FieldMethod(IReconstructionMethod teacher, FieldMethodConfiguration? configuration = null, IFieldKernels<float>? kernels = null) : IReconstructionMethod
{
    // Steps by which the pace of the machine is judged.
    private const int TrialSteps = 20;

    private readonly FieldMethodConfiguration _configuration = (configuration ?? new FieldMethodConfiguration()).Validated();
    private readonly IFieldKernels<float> _kernels = kernels ?? SimdKernels.Create();
    private SparseVolume? _trained;

    /// <inheritdoc/>
    public string Name => "field";

    /// <inheritdoc/>
    public string Device => _kernels.Name;

    /// <summary>The field; null before training.</summary>
    public HashField? Field { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, double> Findings { get; private set; } = System.Collections.Frozen.FrozenDictionary<string, double>.Empty;

    /// <summary>Trains what fills the gaps, then the field: as many steps as the stack has voxels for, fewer where the time ends before.</summary>
    /// <inheritdoc/>
    public void Train(SparseVolume sparse, TrainingOptions options)
    {
        teacher.Train(sparse, options with { Progress = Part(options.Progress, teacher.Name, 0, 0.5) });
        var filled = BlockFill.Run(sparse, teacher.Name, block => teacher.Reconstruct(sparse, block, options.Cancellation), cancellation: options.Cancellation);
        var tells = true;
        var expected = BlockFill.Run(sparse, teacher.Name, block =>
        {
            var error = tells ? teacher.Uncertainty(sparse, block, options.Cancellation) : null;
            tells = error is not null;
            return error ?? sparse.NewIsotropic(block, teacher.Name);
        }, cancellation: options.Cancellation);
        var target = new FieldTarget(filled, tells ? expected : null);
        Fit(sparse, target, options);
    }

    /// <inheritdoc/>
    public Volume<float> Reconstruct(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        var slab = DataConsistency.Slab(sparse, block);
        var (lower, upper) = Extent(sparse);
        var filled = FieldOf(sparse).Query(FieldBounds.Of(slab.Shape, sparse.IsotropicVoxelSize, sparse.NewIsotropic(slab with { Shape = new Shape3(1, 1, 1) }, Name).Origin), sparse.IsotropicVoxelSize, cancellation);
        var result = sparse.NewIsotropic(slab, Name);
        System.Numerics.Tensors.TensorPrimitives.Clamp(filled.Data, lower, upper, result.Data);
        DataConsistency.Project(result, sparse, slab);
        return DataConsistency.Cut(result, slab, block);
    }

    /// <summary>The error that its teacher expects, and what the two differ by, added as independent errors are.</summary>
    /// <inheritdoc/>
    public Volume<float>? Uncertainty(SparseVolume sparse, Box block, CancellationToken cancellation = default)
    {
        if (teacher.Uncertainty(sparse, block, cancellation) is not { } expected)
            return null;
        var (own, other) = (Reconstruct(sparse, block, cancellation), teacher.Reconstruct(sparse, block, cancellation));
        var result = sparse.NewIsotropic(block, "expected error");
        for (var i = 0; i < result.Data.Length; i++)
        {
            var difference = own.Data[i] - other.Data[i];
            result.Data[i] = MathF.Sqrt(expected.Data[i] * expected.Data[i] + difference * difference);
        }
        return result;
    }

    /// <inheritdoc/>
    public IReconstructionMethod ForStack(SparseVolume sparse, TrainingOptions options)
    {
        var other = new FieldMethod(teacher.ForStack(sparse, options), _configuration, _kernels);
        other.Train(sparse, options with { CheckpointDirectory = null, Progress = null });
        return other;
    }

    /// <inheritdoc/>
    public IEnumerable<string> WriteModel(string folder)
    {
        if (Field is null)
            throw new InvalidOperationException("train the method before its field is written");
        var path = Path.Combine(folder, $"{Name}.safetensors");
        Field.Save(path);
        File.Delete(StatePath(folder));
        return [path];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The arrays of a field are the collector's.
    }

    private void Fit(SparseVolume sparse, FieldTarget target, TrainingOptions options)
    {
        var shape = sparse.IsotropicShape;
        var most = Math.Max(shape.Z, Math.Max(shape.Y, shape.X));
        var grid = _configuration.Field.Grid;
        // With a cell more than voxels the nodes of the finest level lie at the centres of voxels.
        grid = grid with { FinestResolution = Math.Max(most + 1, grid.CoarsestResolution) };
        var steps = options.Steps ?? _configuration.StepsFor(shape);
        var field = FieldTraining.NewField(_configuration.Field with { Grid = grid }, FieldBounds.Of(shape, sparse.IsotropicVoxelSize, sparse.IsotropicOrigin), sparse.IsotropicVoxelSize, null, sparse, options.Seed, _kernels);
        var training = new FieldTraining(field, _configuration.Training with { Steps = steps, Seed = options.Seed, CheckpointSteps = Math.Max(1, steps / 4) }, null, sparse, target);
        var budget = TimeSpan.FromMinutes(Math.Min(options.Budget?.TotalMinutes ?? _configuration.MostMinutes, _configuration.MostMinutes));
        var clock = Stopwatch.StartNew();
        var first = -1;
        training.Run(options.CheckpointDirectory is { } folder ? StatePath(folder) : null, new Relay<FieldProgress>(p =>
        {
            if (first < 0)
                first = p.Step;
            if (options.Steps is null && p.Step == first + TrialSteps && p.Step < 2 * TrialSteps)
                training.Shorten(Math.Max(4 * TrialSteps, (int)(budget / (clock.Elapsed / (p.Step - first + 1)))));
            options.Progress?.Report(new TrainingProgress(p.Step, clock.Elapsed, 0.5 + 0.5 * p.Step / p.Steps, p.Loss, 0, null, Name));
        }), options.Cancellation);
        (Field, _trained) = (field, sparse);
        Findings = new Dictionary<string, double> { ["fieldSteps"] = training.Steps, ["fieldParameters"] = field.ParameterCount };
    }

    private string StatePath(string folder) => Path.Combine(folder, $"{Name}.training.safetensors");

    /// <summary>Progress of one of two trainings as part of the whole.</summary>
    private static Relay<TrainingProgress>? Part(IProgress<TrainingProgress>? whole, string stage, double from, double share) => whole is null ? null
        : new Relay<TrainingProgress>(p => whole.Report(p with { Fraction = from + share * p.Fraction, Stage = p.Stage.Length == 0 ? stage : p.Stage }));

    private HashField FieldOf(SparseVolume sparse) =>
        Field is { } field && ReferenceEquals(_trained, sparse) ? field : throw new InvalidOperationException("train the method on this stack before reconstructing with it");

    private static (float Lower, float Upper) Extent(SparseVolume sparse) =>
        (System.Numerics.Tensors.TensorPrimitives.Min<float>(sparse.Observed.Data), System.Numerics.Tensors.TensorPrimitives.Max<float>(sparse.Observed.Data));
}
