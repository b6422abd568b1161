using System.Collections.Concurrent;
using System.Numerics.Tensors;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>The denoising step of a chain. Grey values <c>[Y, X]</c>. Safe to use from several threads once it has learnt.</summary>
internal abstract class SectionDenoising : IDisposable
{
    /// <summary>Sections on either side that are looked at.</summary>
    public abstract int Reach { get; }

    /// <summary>Learns from the stack, where the method learns.</summary>
    /// <param name="checkpoints">Folder from which an interrupted training goes on; null for none.</param>
    /// <param name="progress">Told thousandths of the training.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>Whether there was something to learn.</returns>
    public virtual bool Learn(string? checkpoints, IProgress<PreprocessingProgress>? progress, CancellationToken cancellation) => false;

    /// <summary>A section moved and denoised, in a new array.</summary>
    public abstract float[] Apply(int z);

    /// <summary>A section before and after, in the frame in which it is denoised.</summary>
    public abstract (float[] Before, float[] After) Compare(int z);

    public virtual void Dispose()
    {
    }
}

/// <summary>Non-local means on sections that were moved; 8-bit ones by themselves through OpenCV.</summary>
/// <param name="section">Moved sections by their index.</param>
/// <param name="shape">Of the stack.</param>
/// <param name="type">Its voxel type.</param>
/// <param name="configuration">How.</param>
/// <param name="reach">Sections on either side that are searched.</param>
/// <param name="strength">h, grey values.</param>
internal sealed class MeansDenoising(Func<int, float[]> section, Shape3 shape, VoxelType type, DenoisingConfiguration configuration, int reach, float strength) : SectionDenoising
{
    private readonly ConcurrentBag<NonLocalMeans> _filters = [];

    public override int Reach => reach;

    public override (float[] Before, float[] After) Compare(int z) => (section(z), Apply(z));

    public override float[] Apply(int z)
    {
        var result = new float[shape.Y * shape.X];
        if (type == VoxelType.UInt8 && reach == 0)
        {
            var (bytes, filtered) = (new byte[result.Length], new byte[result.Length]);
            TensorPrimitives.Round(section(z), result);
            TensorPrimitives.ConvertSaturating<float, byte>(result, bytes);
            NonLocalMeansDenoising.ByOpenCv(bytes, filtered, shape.Y, shape.X, strength, configuration);
            TensorPrimitives.ConvertTruncating<byte, float>(filtered, result);
            return result;
        }
        if (!_filters.TryTake(out var filter))
            filter = new NonLocalMeans(shape.Y, shape.X, configuration.Patch, configuration.Search);
        NonLocalMeansDenoising.OfSection(filter, k => section(k), shape.Z, z, reach, strength, result);
        _filters.Add(filter);
        return result;
    }
}

/// <summary>
/// The blind-spot network on sections as they came, beside their neighbours moved to where each is; the result is moved afterwards. (On sections that
/// were moved first it is worth nothing: with shifts of up to 6 pixels and noise of 15 dB medulla-1 came out at 22.5 dB, 5 below non-local means.)
/// Damaged sections are neither learnt from nor shown to it, and stay as they are: it would fill them with what their neighbours show.
/// </summary>
/// <param name="views">Sections as they came.</param>
/// <param name="move">Moves a section to where it belongs.</param>
/// <param name="size">Voxel size, nm.</param>
/// <param name="training">How it learns.</param>
/// <param name="damaged">Sections whose content cannot be trusted.</param>
/// <param name="unobserved">Sections that the microscope did not make, or not whole.</param>
internal sealed class NetworkDenoising(
    ISectionViews views, Func<int, float[], float[]> move, VoxelSize size, BlindSpotTraining training, IReadOnlySet<int> damaged, IReadOnlySet<int> unobserved) : SectionDenoising
{
    private readonly BlindSpotDenoising _network = new(training.Network);
    private readonly Lock _gate = new();

    public override int Reach => _network.Neighbours;

    public override bool Learn(string? checkpoints, IProgress<PreprocessingProgress>? progress, CancellationToken cancellation)
    {
        var options = new TrainingOptions(
            training.Minutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null, training.Seed, checkpoints,
            progress is null ? null : new Relay<TrainingProgress>(p => progress.Report(new PreprocessingProgress("learn", (int)(1000 * p.Fraction), 1000))),
            training.Steps, Cancellation: cancellation);
        _network.Train(views, size, options, damaged.Concat(unobserved).ToHashSet());
        return true;
    }

    public override float[] Apply(int z) => move(z, Compare(z).After);

    public override (float[] Before, float[] After) Compare(int z)
    {
        if (damaged.Contains(z))
            return (views.Read(z, [z])[0], views.Read(z, [z])[0]);
        var result = new float[views.Height * views.Width];
        // One at a time: the network uses all cores by itself, and its activations and what it looks at are held once.
        lock (_gate)
            return (_network.Denoise(views, z, result), result);
    }

    public override void Dispose()
    {
        _network.Dispose();
        base.Dispose();
    }
}
