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
    private int _kept = 6;

    private readonly IReadOnlySet<int> _damaged = plan.Damage?.Lost ?? new HashSet<int>();
    private readonly Destriping? _destriping = plan.StripeAngle is { } angle ? new Destriping(source.Height, source.Width, configuration.Destriping!, angle) : null;
    private readonly ConcurrentDictionary<int, StripeCoefficients> _coefficients = new();
    private readonly Lock _gate = new();
    private readonly LinkedList<(int Z, float[] Section)> _recent = [];

    public int Count => source.Count;

    public int Height => source.Height;

    public int Width => source.Width;

    /// <summary>How many of the last sections are kept from now on.</summary>
    public void Keep(int sections) => _kept = sections;

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
            while (_recent.Count > _kept)
                _recent.RemoveLast();
        }
    }

    private void Correct(int z, Span<float> destination)
    {
        if (_destriping is not null)
        {
            var stripes = new float[destination.Length];
            EstimateStripes(_destriping, z, destination, stripes);
            TensorPrimitives.Subtract(destination, stripes, destination);
        }
        plan.Shadings?[z]?.Remove(destination, Height, Width);
        if (plan.Intensities?[z] is { } intensity && intensity is not { Gain: 1, Offset: 0 })
        {
            TensorPrimitives.Multiply(destination, (float)intensity.Gain, destination);
            TensorPrimitives.Add(destination, (float)intensity.Offset, destination);
        }
    }

    /// <summary>Beside the neighbours that are not damaged, where stripes do not go on in them.</summary>
    private void EstimateStripes(Destriping destriping, int z, ReadOnlySpan<float> section, Span<float> stripes)
    {
        var reach = plan.StripesGoOn ? 0 : configuration.Destriping!.Neighbours;
        int[] places = [.. Enumerable.Range(z - reach, 2 * reach + 1).Where(k => k == z || (k >= 0 && k < Count && !_damaged.Contains(k)))];
        if (places.Length == 1 || !destriping.RunsAlongAxis)
        {
            destriping.Estimate(section, stripes);
            return;
        }
        _coefficients.TryAdd(z, destriping.Analyse(section));
        var raw = new float[section.Length];
        var around = new List<StripeCoefficients>();
        foreach (var k in places)
        {
            if (!_coefficients.TryGetValue(k, out var known))
            {
                source.Read(k, raw);
                known = _coefficients.GetOrAdd(k, destriping.Analyse(raw));
            }
            around.Add(known);
        }
        destriping.Estimate(around, places, Array.IndexOf(places, z), stripes);
        // They are small, a few numbers a row; those of sections far away are not asked for again soon.
        foreach (var far in _coefficients.Keys.Where(k => Math.Abs(k - z) > 2 * reach + 16))
            _coefficients.TryRemove(far, out _);
    }
}

/// <summary>
/// Makes the finished sections of a stack, in order, a few at a time and in parallel: corrected, moved, replaced where lost, denoised, clipped, evened out.
/// Each depends on the stack and the decisions alone, not on where a run began. Memory: the sections of one batch and those around it that its
/// steps look at.
/// </summary>
internal sealed class SectionChain : IDisposable
{
    private static int Batch => Math.Clamp(Environment.ProcessorCount, 2, 8);

    private readonly CorrectedSections _corrected;
    private readonly PreprocessingConfiguration _configuration;
    private readonly PreprocessingPlan _plan;
    private readonly SectionTransforms _transforms;
    private readonly IReadOnlyList<ElasticField?> _fields;
    private readonly IReadOnlySet<int> _lost;
    private readonly IReadOnlyList<double>? _positions;
    private readonly VoxelType _type;
    private readonly SectionDenoising? _denoising;
    private readonly LocalEqualisation? _equalisation;
    private readonly ConcurrentDictionary<int, Lazy<float[]>> _moved = new();

    public SectionChain(
        CorrectedSections corrected, VoxelSize size, SectionLayout layout, VoxelType type, PreprocessingConfiguration configuration, PreprocessingPlan plan,
        SectionTransforms transforms, IReadOnlyList<ElasticField?> fields)
    {
        (_corrected, _positions, _type, _configuration, _plan, _transforms, _fields) = (corrected, layout.PositionsNm, type, configuration, plan, transforms, fields);
        _lost = configuration.Damage?.Action == DamageAction.Replace ? plan.Lost(configuration) : new HashSet<int>();
        if (configuration.Denoising is { } denoising && plan.Noise is > 0 and var noise)
        {
            _denoising = denoising.BlindSpot is { } training
                ? new NetworkDenoising(new TransformedViews(corrected, transforms, fields, Interpolation), Move, size, training, plan.Damage?.Lost ?? new HashSet<int>(), layout.Unobserved)
                : new MeansDenoising(Content, new Shape3(corrected.Count, corrected.Height, corrected.Width), type, denoising, denoising.ReachIn(size), (float)(denoising.Strength * noise));
        }
        if (configuration.Equalisation is { } equalisation && plan.Bounds is { } bounds)
            _equalisation = new LocalEqualisation(corrected.Height, corrected.Width, bounds, equalisation);
    }

    private SectionInterpolation Interpolation => _configuration.Alignment?.Interpolation ?? SectionInterpolation.Cubic;

    /// <summary>Learns from the stack what is learnt: a bounded sample of its sections.</summary>
    /// <param name="checkpoints">Folder from which an interrupted training goes on; null for none.</param>
    /// <param name="progress">Told how far training is.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>Whether there was something to learn.</returns>
    public bool Learn(string? checkpoints, IProgress<PreprocessingProgress>? progress, CancellationToken cancellation)
    {
        var learnt = _denoising?.Learn(checkpoints, progress, cancellation) ?? false;
        // What a section is denoised beside is read for its neighbours, too.
        if (learnt)
            _corrected.Keep(2 * _denoising!.Reach + 1 + Batch);
        return learnt;
    }

    /// <inheritdoc/>
    public void Dispose() => _denoising?.Dispose();

    /// <summary>Makes sections in order and hands each on.</summary>
    /// <param name="first">First of them.</param>
    /// <param name="count">How many.</param>
    /// <param name="take">Receives each with its index, in order; grey values <c>[Y, X]</c>, already rounded to the voxel type.</param>
    /// <param name="cancellation">Stops between sections.</param>
    public void Run(int first, int count, Action<int, float[]> take, CancellationToken cancellation)
    {
        var batch = Batch;
        var options = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = batch };
        for (var begin = first; begin < first + count; begin += batch)
        {
            var results = new float[Math.Min(batch, first + count - begin)][];
            Parallel.For(0, results.Length, options, i => results[i] = Finish(begin + i));
            for (var i = 0; i < results.Length; i++)
                take(begin + i, results[i]);
            var around = Math.Max((_denoising?.Reach ?? 0) + 1, _configuration.Equalisation?.Reach ?? 0);
            foreach (var old in _moved.Keys.Where(z => z < begin + batch - around || z > begin + batch + around))
                _moved.TryRemove(old, out _);
        }
    }

    /// <summary>What denoising takes away from a run of sections.</summary>
    public ResidualReport Residual(int first, int count, CancellationToken cancellation)
    {
        var reach = Math.Min(4, Math.Min(_corrected.Height, _corrected.Width) / 4);
        var sum = new ResidualAccumulator(_corrected.Height, _corrected.Width, reach);
        // Sections that were replaced have no noise of their own.
        int[] all = [.. Enumerable.Range(first, count)];
        int[] chosen = all.Any(z => !_lost.Contains(z)) ? [.. all.Where(z => !_lost.Contains(z))] : all;
        var found = new (float[] Before, float[] After)[chosen.Length];
        Parallel.For(0, found.Length, new ParallelOptions { CancellationToken = cancellation }, i => found[i] = _denoising?.Compare(chosen[i]) ?? (Content(chosen[i]), Content(chosen[i])));
        foreach (var (before, after) in found)
            sum.Add(before, after);
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

    // What lies between denoised sections needs no denoising; non-local means have always been given what lies between the others.
    private float[] Denoised(int z) =>
        _denoising is null ? [.. Content(z)] : _denoising is NetworkDenoising && _lost.Contains(z) ? [.. Between(z, Denoised)] : _denoising.Apply(z);

    /// <summary>What a section shows once moved: its own, or what lies between the nearest sections that are not lost.</summary>
    private float[] Content(int z) => _lost.Contains(z) ? Between(z, Moved) : Moved(z);

    /// <summary>What lies at a lost section between the nearest that are not.</summary>
    private float[] Between(int z, Func<int, float[]> section)
    {
        var (before, after) = (z - 1, z + 1);
        while (before >= 0 && _lost.Contains(before))
            before--;
        while (after < _corrected.Count && _lost.Contains(after))
            after++;
        if (before < 0 || after >= _corrected.Count)
            return section(before < 0 ? after : before);
        double At(int k) => _positions?[k] ?? k;
        var share = (float)((At(z) - At(before)) / (At(after) - At(before)));
        var result = new float[_corrected.Height * _corrected.Width];
        TensorPrimitives.Lerp(section(before), section(after), share, result);
        return result;
    }

    private float[] Moved(int z) => _moved.GetOrAdd(z, k => new Lazy<float[]>(() =>
    {
        var section = new float[_corrected.Height * _corrected.Width];
        _corrected.Read(k, section);
        return Move(k, section);
    })).Value;

    private float[] Move(int z, float[] section)
    {
        var transform = _transforms.Sections[z];
        if (transform.IsIdentity)
            return section;
        var moved = new float[section.Length];
        SectionResampling.Apply(section, moved, _corrected.Height, _corrected.Width, transform, _fields[z], Interpolation);
        return moved;
    }

    private void Round(Span<float> section)
    {
        if (_type == VoxelType.Float32)
            return;
        TensorPrimitives.Round(section, section);
        TensorPrimitives.Clamp(section, 0, _type == VoxelType.UInt8 ? byte.MaxValue : ushort.MaxValue, section);
    }
}
