using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>
/// A reconstruction that several processes share, on one machine or many that see the same files: one prepares it, each fills the tiles that it is
/// given, and <see cref="Reconstructor"/> then finds all of them written, adds the coarser levels and moves the volume into place. Nothing is
/// claimed or locked: a tile is written under temporary names and renamed, and its mark set last, so that doing one twice, or at once, gives the
/// same bytes, and one that was interrupted does not count.
/// </summary>
/// <param name="stack">The stack; its voxel type is that of the result.</param>
/// <param name="methodName">Name of the method (<see cref="Methods"/>).</param>
/// <param name="run">Where checkpoints and the result go.</param>
/// <param name="training">As of <see cref="Reconstructor"/>; the same for every process.</param>
/// <param name="withUncertainty">Whether the absolute error to expect is written as well.</param>
/// <param name="tiling">Tiles and memory; the same for every process.</param>
public sealed class SharedReconstruction(StackSource stack, string methodName, RunWorkspace run, TrainingOptions training, bool withUncertainty, Tiling tiling) : IDisposable
{
    private readonly ReconstructionWork _work = new(stack, methodName, run, training, withUncertainty, tiling);

    /// <summary>Whether the volume is there already, made from the same stack with the same options.</summary>
    public bool IsDone => run.IsDone(Reconstructor.StageOf(methodName), stack.Hash, _work.Configuration, CodeVersion.Current);

    /// <summary>Number of tiles.</summary>
    public int Tiles => _work.Tiles.Count;

    /// <summary>The marks, relative to the run's folder, that are there when a tile is complete; the folder they are in has a wildcard for what is only known once the method is trained.</summary>
    /// <param name="tile">Its number.</param>
    public IReadOnlyList<string> MarksOf(int tile) =>
        [.. Activities.Select(activity => $"{WorkFolders(activity)}/{Formats.OmeZarrTiles.MarkOf(_work.Tiles[tile])}")];

    /// <summary>The files, relative to the run's folder, that are there when the work is prepared.</summary>
    public IReadOnlyList<string> Prepared => [.. Activities.Select(activity => $"{WorkFolders(activity)}/{Formats.OmeZarrTiles.BegunMark}")];

    /// <summary>Trains the method and makes ready what the tiles are collected in. Interrupted, it goes on from its checkpoint when called again.</summary>
    public void Prepare(IProgress<ReconstructionProgress>? progress = null) => _work.Prepare(progress);

    /// <summary>Fills some tiles; those that are written are passed over.</summary>
    /// <param name="tiles">Their numbers.</param>
    /// <param name="progress">Told what is done.</param>
    /// <exception cref="InvalidOperationException">The work was not prepared, or with other options.</exception>
    /// <exception cref="OperationCanceledException">Interrupted; the tiles that are complete stay.</exception>
    public void Fill(IReadOnlyList<int> tiles, IProgress<ReconstructionProgress>? progress = null)
    {
        if (tiles.FirstOrDefault(t => t < 0 || t >= Tiles, -1) is >= 0 and var outside)
            throw new BadInputException($"tile {outside} of {Tiles}; the first is 0");
        _work.Prepare(progress, mayTrain: false);
        foreach (var target in _work.Targets)
            _work.Fill(target, [.. tiles.Select(t => _work.Tiles[t])], new Relay<double>(f => progress?.Report(new ReconstructionProgress(target.Activity, f, null))));
    }

    /// <inheritdoc/>
    public void Dispose() => _work.Dispose();

    private IEnumerable<string> Activities => withUncertainty ? [ReconstructionWork.Reconstruct, ReconstructionWork.Uncertainty] : [ReconstructionWork.Reconstruct];

    private static string Name(string path) => path.Replace('\\', '/');

    private string WorkFolders(string activity) => Name(Path.GetRelativePath(run.Root, run.Volumes)) + "/" + ReconstructionWork.WorkPrefix(methodName, activity) + "*";
}
