using System.Text.Json;
using VisionCell.Acquisition;
using VisionCell.Formats;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>An image that a reconstruction makes.</summary>
/// <param name="Activity"><c>reconstruct</c> or <c>uncertainty</c>.</param>
/// <param name="Path">Where it goes.</param>
/// <param name="Type">How its voxels are stored.</param>
/// <param name="Image">Where it grows.</param>
/// <param name="Fill">Fills a box of the isotropic grid of a stack or a part of one.</param>
internal sealed record ReconstructionTarget(string Activity, string Path, VoxelType Type, OmeZarrTiles Image, Func<SparseVolume, Box, Volume<float>> Fill)
{
    /// <summary>Whether it is the volume itself.</summary>
    public bool IsResult => Activity == ReconstructionWork.Reconstruct;
}

/// <summary>
/// A reconstruction taken apart, so that one process may do all of it or many a share each: the method, trained or its weights read; the images in
/// which tiles are collected; the tiles. Every process that is given the same stack and options works on the same images, and a tile that is
/// written is not done again.
/// </summary>
internal sealed class ReconstructionWork : IDisposable
{
    public const string Reconstruct = "reconstruct";
    public const string Uncertainty = "uncertainty";

    private readonly StackSource _stack;
    private readonly RunWorkspace _run;
    private readonly TrainingOptions _training;
    private readonly bool _withUncertainty;
    private readonly Tiling _tiling;
    private readonly MethodSet _set;
    private readonly IReconstructionMethod _method;
    private SparseVolume? _sparse;

    /// <exception cref="BadInputException">The method is not known, or does not suit the stack.</exception>
    public ReconstructionWork(StackSource stack, string methodName, RunWorkspace run, TrainingOptions training, bool withUncertainty, Tiling tiling)
    {
        (_stack, _run, _training, _withUncertainty, _tiling) = (stack, run, training, withUncertainty, tiling);
        _set = new MethodSet(training.Device, training.Notice);
        _method = _set[methodName];
        Methods.Check(_method, stack.Outline);
        Tiles = tiling.Of(stack.IsotropicShape, _method.Halo is not null);
        Configuration = new
        {
            method = methodName,
            sampling = stack.Outline.Sampling.ToString(),
            minutes = training.Budget?.TotalMinutes,
            steps = training.Steps,
            seed = training.Seed,
            fromScratch = training.FromScratch,
            prior = training.Prior is { } prior ? ContentHash.OfFile(prior) : null,
            diffusionPrior = training.DiffusionPrior is { } diffusionPrior ? ContentHash.OfFile(diffusionPrior) : null,
            uncertainty = withUncertainty,
            image = tiling.Image,
            excerpt = stack.IsInMemory || _method.Halo is null ? (long?)null : tiling.InMemory,
        };
    }

    /// <summary>What the result depends on beside the stack.</summary>
    public object Configuration { get; }

    /// <summary>The tiles of every image.</summary>
    public IReadOnlyList<Box> Tiles { get; }

    /// <summary>The images; none before <see cref="Prepare"/>.</summary>
    public IReadOnlyList<ReconstructionTarget> Targets { get; private set; } = [];

    /// <summary>What training found out about the stack.</summary>
    public IReadOnlyDictionary<string, double> Findings => _method.Findings;

    /// <summary>Trains the method, or reads the weights that it was trained to, and opens the images.</summary>
    /// <param name="progress">Told how training goes.</param>
    /// <param name="trained">Told where the log of the training lies.</param>
    /// <param name="mayTrain">False where the weights must be there already.</param>
    /// <exception cref="InvalidOperationException">They are not.</exception>
    public void Prepare(IProgress<ReconstructionProgress>? progress, Action<string>? trained = null, bool mayTrain = true)
    {
        // What depends on the whole stack needs it in memory.
        _sparse = _stack.IsInMemory || _method.Halo is null || _stack.Shape.Count <= _tiling.InMemory ? _stack.Whole(_training.Cancellation) : null;
        LoggedTraining.Run(_method.Name, _run, _training, progress, trained, mayTrain, options =>
        {
            _method.Train(_sparse ?? _stack.Excerpt(_tiling.InMemory, options.Cancellation), options);
            return _method;
        });
        List<ReconstructionTarget> targets = [Open(Reconstruct, Path.Combine(_run.Volumes, $"{_method.Name}.zarr"), _stack.VoxelType, (part, box) => _method.Reconstruct(part, box, _training.Cancellation), mayTrain)];
        if (_withUncertainty)
        {
            targets.Add(Open(Uncertainty, Reconstructor.UncertaintyPath(_run, _method.Name), VoxelType.Float32, (part, box) => _method.Uncertainty(part, box, _training.Cancellation)
                ?? throw new BadInputException($"'{_method.Name}' does not tell how large an error to expect of this stack: leave the uncertainty out, or take superresolution and a larger stack"), mayTrain));
        }
        Targets = targets;
    }

    /// <summary>Fills those of some tiles that are not written yet.</summary>
    public TileTimes Fill(ReconstructionTarget target, IReadOnlyList<Box> tiles, IProgress<double>? progress) =>
        TiledReconstruction.Fill(_stack, _sparse, _method.Halo, tiles, target.Fill, target.Type, target.Image, progress, _training.Cancellation);

    /// <summary>Writes what is worth keeping of the trained method; the paths of the files.</summary>
    public IEnumerable<string> WriteModel() => _method.WriteModel(_run.Checkpoints);

    /// <inheritdoc/>
    public void Dispose() => _set.Dispose();

    /// <summary>Beginning of the name of the folder that an image grows in; the rest is of what it is made from.</summary>
    public static string WorkPrefix(string methodName, string activity) => $".{methodName}-{activity}-";

    private ReconstructionTarget Open(string activity, string destination, VoxelType type, Func<SparseVolume, Box, Volume<float>> fill, bool mayBegin)
    {
        var key = ContentHash.Combine(_stack.Hash, JsonSerializer.Serialize(Configuration), $"{type} {_tiling}", CodeVersion.Current, WeightsHash());
        var prefix = WorkPrefix(_method.Name, activity);
        var folder = Path.Combine(_run.Volumes, prefix + key[..16]);
        if (!mayBegin && !Directory.Exists(folder))
            throw new InvalidOperationException($"{folder} is not there: the work was not prepared with this stack, these options and this version");
        // Those of earlier runs with other inputs.
        foreach (var other in mayBegin ? Directory.EnumerateDirectories(_run.Volumes, prefix + "*").Where(other => other != folder).ToArray() : [])
            Directory.Delete(other, recursive: true);
        return new ReconstructionTarget(activity, destination, type, new OmeZarrTiles(folder, _stack.IsotropicShape, type, _stack.Outline.IsotropicVoxelSize, _stack.Outline.IsotropicOrigin, _tiling.Image), fill);
    }

    /// <summary>Of the weights that were trained: what other ones made is not gone on with.</summary>
    private string WeightsHash() => ContentHash.Combine([..
        Directory.EnumerateFiles(_run.Checkpoints, "*.safetensors").Where(file => !file.EndsWith(".training.safetensors", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(ContentHash.OfFile)]);
}
