using System.Collections.Concurrent;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>The sections of a file, read one at a time.</summary>
/// <param name="reader">The open file.</param>
public sealed class FileSections(SectionReader reader) : ISectionSource
{
    /// <inheritdoc/>
    public int Count => reader.Info.Shape.Z;

    /// <inheritdoc/>
    public int Height => reader.Info.Shape.Y;

    /// <inheritdoc/>
    public int Width => reader.Info.Shape.X;

    /// <inheritdoc/>
    public void Read(int z, Span<float> destination) => reader.Read(z, destination);
}

/// <summary>
/// A stack without stripes, shading and flicker, not yet moved: what alignment looks at, and what is moved. Damaged sections are as they came. The last few
/// sections are kept.
/// </summary>
/// <param name="source">The stack.</param>
/// <param name="configuration">How stripes are taken out.</param>
/// <param name="plan">What was decided.</param>
internal sealed class CorrectedSections(ISectionSource source, PreprocessingConfiguration configuration, PreprocessingPlan plan) : ISectionSource
{
    private const int Kept = 6;

    private readonly IReadOnlySet<int> _damaged = plan.Damage?.Lost ?? new HashSet<int>();
    private readonly ConcurrentBag<Destriping> _filters = [];
    private readonly Lock _gate = new();
    private readonly LinkedList<(int Z, float[] Section)> _recent = [];

    public int Count => source.Count;

    public int Height => source.Height;

    public int Width => source.Width;

    public void Read(int z, Span<float> destination)
    {
        lock (_gate)
        {
            if (_recent.FirstOrDefault(r => r.Z == z).Section is { } known)
            {
                known.CopyTo(destination);
                return;
            }
        }
        source.Read(z, destination);
        if (!_damaged.Contains(z))
            Correct(z, destination);
        lock (_gate)
        {
            _recent.AddFirst((z, destination.ToArray()));
            if (_recent.Count > Kept)
                _recent.RemoveLast();
        }
    }

    private void Correct(int z, Span<float> destination)
    {
        if (plan.StripeAngle is { } angle)
        {
            if (!_filters.TryTake(out var filter))
                filter = new Destriping(Height, Width, configuration.Destriping!, angle);
            var stripes = new float[destination.Length];
            filter.Estimate(destination, stripes);
            TensorPrimitives.Subtract(destination, stripes, destination);
            _filters.Add(filter);
        }
        plan.Shadings?[z]?.Remove(destination, Height, Width);
        if (plan.Intensities?[z] is { } intensity && intensity is not { Gain: 1, Offset: 0 })
        {
            TensorPrimitives.Multiply(destination, (float)intensity.Gain, destination);
            TensorPrimitives.Add(destination, (float)intensity.Offset, destination);
        }
    }
}

/// <summary>
/// Makes the finished sections of a stack, in order, a few at a time and in parallel: corrected, moved, replaced where lost, denoised, clipped, evened out.
/// Each depends on the stack and the decisions alone, not on where a run began. Memory: the sections of one batch and those around it that its
/// steps look at.
/// </summary>
internal sealed class SectionChain
{
    private readonly CorrectedSections _corrected;
    private readonly PreprocessingConfiguration _configuration;
    private readonly PreprocessingPlan _plan;
    private readonly SectionTransforms _transforms;
    private readonly IReadOnlyList<ElasticField?> _fields;
    private readonly IReadOnlySet<int> _lost;
    private readonly IReadOnlyList<double>? _positions;
    private readonly VoxelType _type;
    private readonly int _reach;
    private readonly LocalEqualisation? _equalisation;
    private readonly ConcurrentDictionary<int, Lazy<float[]>> _moved = new();
    private readonly ConcurrentBag<NonLocalMeans> _denoisers = [];

    public SectionChain(
        CorrectedSections corrected, VoxelSize size, IReadOnlyList<double>? positions, VoxelType type, PreprocessingConfiguration configuration, PreprocessingPlan plan,
        SectionTransforms transforms, IReadOnlyList<ElasticField?> fields)
    {
        (_corrected, _positions, _type, _configuration, _plan, _transforms, _fields) = (corrected, positions, type, configuration, plan, transforms, fields);
        _lost = configuration.Damage?.Action == DamageAction.Replace ? plan.Lost(configuration) : new HashSet<int>();
        _reach = configuration.Denoising?.ReachIn(size) ?? 0;
        if (configuration.Equalisation is { } equalisation && plan.Bounds is { } bounds)
            _equalisation = new LocalEqualisation(corrected.Height, corrected.Width, bounds, equalisation);
    }

    /// <summary>Makes sections in order and hands each on.</summary>
    /// <param name="first">First of them.</param>
    /// <param name="count">How many.</param>
    /// <param name="take">Receives each with its index, in order; grey values <c>[Y, X]</c>, already rounded to the voxel type.</param>
    /// <param name="cancellation">Stops between sections.</param>
    public void Run(int first, int count, Action<int, float[]> take, CancellationToken cancellation)
    {
        var batch = Math.Clamp(Environment.ProcessorCount, 2, 8);
        var options = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = batch };
        for (var begin = first; begin < first + count; begin += batch)
        {
            var results = new float[Math.Min(batch, first + count - begin)][];
            Parallel.For(0, results.Length, options, i => results[i] = Finish(begin + i));
            for (var i = 0; i < results.Length; i++)
                take(begin + i, results[i]);
            var around = Math.Max(_reach + 1, _configuration.Equalisation?.Reach ?? 0);
            foreach (var old in _moved.Keys.Where(z => z < begin + batch - around || z > begin + batch + around))
                _moved.TryRemove(old, out _);
        }
    }

    /// <summary>What denoising takes away from a run of sections.</summary>
    public ResidualReport Residual(int first, int count, CancellationToken cancellation)
    {
        var reach = Math.Min(4, Math.Min(_corrected.Height, _corrected.Width) / 4);
        var sum = new ResidualAccumulator(_corrected.Height, _corrected.Width, reach);
        var denoised = new float[count][];
        Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellation }, i => denoised[i] = Denoised(first + i));
        for (var i = 0; i < count; i++)
            sum.Add(Content(first + i), denoised[i]);
        return sum.Report();
    }

    /// <summary>Grey values as bytes of a voxel type; they are rounded already.</summary>
    public static void Store(ReadOnlySpan<float> section, VoxelType type, Span<byte> target)
    {
        if (type == VoxelType.UInt8)
            TensorPrimitives.ConvertSaturating(section, target);
        else if (type == VoxelType.UInt16)
            TensorPrimitives.ConvertSaturating(section, MemoryMarshal.Cast<byte, ushort>(target));
        else
            MemoryMarshal.AsBytes(section).CopyTo(target);
    }

    private float[] Finish(int z)
    {
        var section = Denoised(z);
        if (_configuration.Clipping is not null && _plan.Bounds is { } bounds)
            PercentileClipping.Apply(section, bounds);
        if (_equalisation is not null)
        {
            var reach = _configuration.Equalisation!.Reach;
            var histograms = Enumerable.Range(z - reach, 2 * reach + 1).Where(k => k >= 0 && k < _corrected.Count)
                .Select(k => (k - z, _equalisation.Histograms(Content(k)))).ToArray();
            _equalisation.Apply(section, _equalisation.Mappings(histograms));
        }
        Round(section);
        return section;
    }

    private float[] Denoised(int z)
    {
        var content = Content(z);
        if (_configuration.Denoising is not { } denoising || _plan.Noise is not { } noise || noise <= 0)
            return [.. content];
        var strength = (float)(denoising.Strength * noise);
        var result = new float[content.Length];
        if (_type == VoxelType.UInt8 && _reach == 0)
        {
            var (bytes, filtered) = (new byte[content.Length], new byte[content.Length]);
            content.CopyTo(result, 0);
            Round(result);
            Store(result, VoxelType.UInt8, bytes);
            NonLocalMeansDenoising.ByOpenCv(bytes, filtered, _corrected.Height, _corrected.Width, strength, denoising);
            TensorPrimitives.ConvertTruncating<byte, float>(filtered, result);
            return result;
        }
        if (!_denoisers.TryTake(out var filter))
            filter = new NonLocalMeans(_corrected.Height, _corrected.Width, denoising.Patch, denoising.Search);
        NonLocalMeansDenoising.OfSection(filter, k => Content(k), _corrected.Count, z, _reach, strength, result);
        _denoisers.Add(filter);
        return result;
    }

    /// <summary>What a section shows once moved: its own, or what lies between the nearest sections that are not lost.</summary>
    private float[] Content(int z)
    {
        if (!_lost.Contains(z))
            return Moved(z);
        var (before, after) = (z - 1, z + 1);
        while (before >= 0 && _lost.Contains(before))
            before--;
        while (after < _corrected.Count && _lost.Contains(after))
            after++;
        if (before < 0 || after >= _corrected.Count)
            return Moved(before < 0 ? after : before);
        double At(int k) => _positions?[k] ?? k;
        var share = (float)((At(z) - At(before)) / (At(after) - At(before)));
        var result = new float[_corrected.Height * _corrected.Width];
        TensorPrimitives.Lerp(Moved(before), Moved(after), share, result);
        return result;
    }

    private float[] Moved(int z) => _moved.GetOrAdd(z, k => new Lazy<float[]>(() =>
    {
        var section = new float[_corrected.Height * _corrected.Width];
        _corrected.Read(k, section);
        var transform = _transforms.Sections[k];
        if (transform.IsIdentity)
            return section;
        var moved = new float[section.Length];
        SectionResampling.Apply(section, moved, _corrected.Height, _corrected.Width, transform, _fields[k], _configuration.Alignment?.Interpolation ?? SectionInterpolation.Cubic);
        return moved;
    })).Value;

    private void Round(Span<float> section)
    {
        if (_type == VoxelType.Float32)
            return;
        TensorPrimitives.Round(section, section);
        TensorPrimitives.Clamp(section, 0, _type == VoxelType.UInt8 ? byte.MaxValue : ushort.MaxValue, section);
    }
}
