using VisionCell.Acquisition;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Reconstruction;

/// <summary>
/// The contract of every reconstruction method, from nearest neighbour to a neural field: fit to a sparse volume (nothing else
/// is seen), then fill any block of the isotropic grid.
/// </summary>
public interface IReconstructionMethod : IDisposable
{
    /// <summary>The name on the command line and in reports, for example <c>linear</c>.</summary>
    string Name { get; }

    /// <summary>Where the computation runs, for reports: <c>cpu (fp32)</c>, <c>cpu (bf16)</c>, <c>cuda:0</c>.</summary>
    string Device { get; }

    /// <summary>
    /// Whether sections are taken to lie where they truly do: at uneven positions, or a number of fine rows apart that is not whole. A method
    /// that does not is not given such a stack.
    /// </summary>
    bool PlacesSections => false;

    /// <summary>How far about a block the sections reach that its values depend on; null where they depend on the whole stack.</summary>
    Halo? Halo => null;

    /// <summary>Fits the method to the sparse volume; returns at once for methods that need no training.</summary>
    /// <param name="sparse">What was observed.</param>
    /// <param name="options">Time, seed, where checkpoints go, progress.</param>
    /// <exception cref="OperationCanceledException">Interrupted; what was reached is saved where a checkpoint folder was given.</exception>
    void Train(SparseVolume sparse, TrainingOptions options);

    /// <summary>What training found out about the stack, by name, for the run's record; empty where there is nothing to tell.</summary>
    IReadOnlyDictionary<string, double> Findings => System.Collections.Frozen.FrozenDictionary<string, double>.Empty;

    /// <summary>Reconstructs a block of the isotropic grid.</summary>
    /// <param name="sparse">What was observed.</param>
    /// <param name="block">A box inside <see cref="SparseVolume.IsotropicShape"/>.</param>
    /// <param name="cancellation">Stops between tiles.</param>
    /// <returns><c>[Z, Y, X]</c> of the block, in the units of the sections.</returns>
    Volume<float> Reconstruct(SparseVolume sparse, Box block, CancellationToken cancellation = default);

    /// <summary>The expected absolute error of each voxel of a block, in the units of the sections; null where the method has none.</summary>
    Volume<float>? Uncertainty(SparseVolume sparse, Box block, CancellationToken cancellation = default) => null;

    /// <summary>
    /// What does for another stack of the same specimen as this trained method does for its own, trained: itself where what it has learnt serves
    /// any stack; else a new one, which the caller disposes.
    /// </summary>
    /// <param name="sparse">The other stack.</param>
    /// <param name="options">As it was trained with.</param>
    IReconstructionMethod ForStack(SparseVolume sparse, TrainingOptions options) => this;

    /// <summary>Writes what is worth keeping of a trained method beside its volumes, and removes what was kept to go on from; the paths of the files.</summary>
    /// <param name="folder">The folder of its checkpoints.</param>
    IEnumerable<string> WriteModel(string folder) => [];
}

/// <summary>What a block depends on about it.</summary>
/// <param name="Sections">Observed sections on either side, beyond those that enclose it.</param>
/// <param name="Pixels">Pixels on either side along y and x.</param>
public readonly record struct Halo(int Sections, int Pixels);
