using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>
/// What a blind-spot network learns from: the sections of a stack, or, of a stack too large for memory, random crops of them, each
/// with the neighbouring sections that the network sees. Values are standardised grey values.
/// </summary>
internal sealed class BlindSpotSamples
{
    // 256 MB: a stack of 400 sections of 400 x 400 pixels whole; of larger ones, what a thousand steps can look at.
    public const long DefaultPool = 64_000_000;
    public const int DefaultCropEdge = 256;
    private const int CropsASection = 4;

    // From this many examples on a sixteenth of them, one at least, is held out.
    private const int ExamplesToHoldOut = 6;

    private readonly List<float[]> _planes = []; // [Height, Width] each
    private readonly List<int[]> _examples = []; // planes of each example, the section to denoise in the middle
    private int[] _learnt = []; // examples that are learnt from
    private int[] _heldOut = []; // and those that tell the weights that do best from others

    private BlindSpotSamples(int height, int width) => (Height, Width) = (height, width);

    /// <summary>Rows of a plane.</summary>
    public int Height { get; }

    /// <summary>Columns of a plane.</summary>
    public int Width { get; }

    /// <summary>Number of examples.</summary>
    public int Count => _examples.Count;

    /// <summary>Whether there are examples that are not learnt from.</summary>
    public bool HoldsOut => _heldOut.Length > 0;

    /// <summary>Mean grey value.</summary>
    public float Mean { get; private set; }

    /// <summary>Standard deviation of grey values.</summary>
    public float Deviation { get; private set; }

    /// <summary>SHA-256 of all values.</summary>
    public string Hash { get; private set; } = "";

    /// <summary>Planes <c>[Height, Width]</c> of an example, the section to denoise in the middle.</summary>
    public IEnumerable<float[]> Planes(int example) => _examples[example].Select(p => _planes[p]);

    /// <summary>Collects samples of a stack.</summary>
    /// <param name="source">The stack.</param>
    /// <param name="neighbours">Sections on either side of each.</param>
    /// <param name="excluded">Sections that are neither learnt from nor shown.</param>
    /// <param name="seed">Seed of the choice of crops.</param>
    /// <param name="largestPool">Voxels that are held; a larger stack is cropped.</param>
    /// <param name="cropEdge">Edge of crops, pixels.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">A voxel is not a number, or there is no structure.</exception>
    public static BlindSpotSamples Collect(
        ISectionViews source, int neighbours, IReadOnlySet<int> excluded, int seed, long largestPool, int cropEdge, CancellationToken cancellation)
    {
        var usable = Enumerable.Range(0, source.Count).Where(z => !excluded.Contains(z)).ToArray();
        if (usable.Length == 0)
            throw new BadInputException($"all {source.Count} sections are excluded: there is none to learn denoising from");
        var samples = source.AreAligned && (long)source.Count * source.Height * source.Width <= largestPool
            ? Whole(source, neighbours, excluded, usable, cancellation)
            : Crops(source, neighbours, excluded, usable, new Random(seed), largestPool, cropEdge, cancellation);
        samples.Standardise();
        samples.HoldOut();
        return samples;
    }

    /// <summary>Sections shown for section <paramref name="z"/>, itself in the middle and nowhere else: one that does not exist or is excluded is
    /// replaced by that on the other side, else by the nearest there is.</summary>
    /// <exception cref="BadInputException">There is none but itself.</exception>
    public static int[] Around(int z, int count, int neighbours, IReadOnlySet<int> excluded)
    {
        var shown = new int[2 * neighbours + 1];
        for (var d = -neighbours; d <= neighbours; d++)
        {
            shown[d + neighbours] = d == 0 ? z
                : IsUsable(z + d) ? z + d
                : IsUsable(z - d) ? z - d
                : Enumerable.Range(0, count).Where(IsUsable).OrderBy(i => Math.Abs(i - z - d)).FirstOrDefault(-1);
        }
        return shown.Contains(-1)
            ? throw new BadInputException($"section {z} is the only one of {count} that can be used, and the network was trained to see neighbours; train it on this stack")
            : shown;

        bool IsUsable(int i) => i != z && i >= 0 && i < count && !excluded.Contains(i);
    }

    /// <summary>Draws patches, mirrored at random (and with rows for columns where that is allowed).</summary>
    /// <param name="random">Source of randomness.</param>
    /// <param name="edge">Edge of a patch, pixels.</param>
    /// <param name="mayTranspose">Whether rows may become columns.</param>
    /// <param name="heldOut">Whether from examples that are not learnt from.</param>
    /// <param name="patches">Receives <c>[N, C, edge, edge]</c>.</param>
    public void Draw(Random random, int edge, bool mayTranspose, bool heldOut, Span<float> patches)
    {
        var from = heldOut ? _heldOut : _learnt;
        var planes = _examples[0].Length;
        var size = edge * edge;
        for (var at = 0; at < patches.Length; at += planes * size)
        {
            var example = _examples[from[random.Next(from.Length)]];
            var (top, left) = (random.Next(Height - edge + 1), random.Next(Width - edge + 1));
            var (up, back, turned, reversed) = (random.Next(2) == 1, random.Next(2) == 1, mayTranspose && random.Next(2) == 1, random.Next(2) == 1);
            for (var p = 0; p < planes; p++)
            {
                var plane = _planes[example[reversed ? planes - 1 - p : p]];
                var patch = patches.Slice(at + p * size, size);
                for (var y = 0; y < edge; y++)
                {
                    var row = plane.AsSpan((top + (up ? edge - 1 - y : y)) * Width + left, edge);
                    for (var x = 0; x < edge; x++)
                        patch[turned ? x * edge + y : y * edge + x] = row[back ? edge - 1 - x : x];
                }
            }
        }
    }

    private static BlindSpotSamples Whole(ISectionViews source, int neighbours, IReadOnlySet<int> excluded, int[] usable, CancellationToken cancellation)
    {
        var samples = new BlindSpotSamples(source.Height, source.Width);
        for (var z = 0; z < source.Count; z++)
        {
            cancellation.ThrowIfCancellationRequested();
            samples._planes.Add(excluded.Contains(z) ? [] : ReadFinite(source, z, [z])[0]);
        }
        foreach (var z in usable)
            samples._examples.Add(Around(z, source.Count, neighbours, excluded));
        return samples;
    }

    private static BlindSpotSamples Crops(
        ISectionViews source, int neighbours, IReadOnlySet<int> excluded, int[] usable, Random random, long largestPool, int cropEdge, CancellationToken cancellation)
    {
        // Sections of a stack out of line that fit are held whole, since what one of them sees of its neighbours serves no other.
        var planes = 2 * neighbours + 1;
        var whole = (long)planes * usable.Length * source.Height * source.Width <= largestPool;
        var samples = whole
            ? new BlindSpotSamples(source.Height, source.Width)
            : new BlindSpotSamples(Math.Min(cropEdge, source.Height), Math.Min(cropEdge, source.Width));
        var crops = samples.Height == source.Height && samples.Width == source.Width ? 1 : CropsASection;
        var centres = whole ? usable.Length : Math.Max(1, largestPool / ((long)planes * crops * samples.Height * samples.Width));
        for (var centre = 0; centre < centres; centre++)
        {
            cancellation.ThrowIfCancellationRequested();
            var shown = Around(whole ? usable[centre] : usable[random.Next(usable.Length)], source.Count, neighbours, excluded);
            var corners = Enumerable.Range(0, crops)
                .Select(_ => (Y: random.Next(source.Height - samples.Height + 1), X: random.Next(source.Width - samples.Width + 1))).ToArray();
            var first = samples._planes.Count;
            foreach (var section in ReadFinite(source, shown[neighbours], shown))
            {
                foreach (var (top, left) in corners)
                {
                    var crop = new float[samples.Height * samples.Width];
                    for (var y = 0; y < samples.Height; y++)
                        section.AsSpan((top + y) * source.Width + left, samples.Width).CopyTo(crop.AsSpan(y * samples.Width));
                    samples._planes.Add(crop);
                }
            }
            for (var corner = 0; corner < crops; corner++)
                samples._examples.Add([.. Enumerable.Range(0, planes).Select(p => first + p * crops + corner)]);
        }
        return samples;
    }

    private static float[][] ReadFinite(ISectionViews source, int frame, int[] sections)
    {
        var read = source.Read(frame, sections);
        foreach (var (z, section) in sections.Zip(read))
        {
            if (TensorPrimitives.IsFiniteAll<float>(section))
                continue;
            var at = Array.FindIndex(section, v => !float.IsFinite(v));
            throw new BadInputException(FormattableString.Invariant(
                $"section {z}, y {at / source.Width}, x {at % source.Width} is {section[at]}; replace such voxels before denoising"));
        }
        return read;
    }

    private void HoldOut()
    {
        var count = _examples.Count < ExamplesToHoldOut ? 0 : Math.Max(1, _examples.Count / 16);
        _heldOut = [.. Enumerable.Range(0, count).Select(i => (int)((i + 0.5) * _examples.Count / count))];
        _learnt = [.. Enumerable.Range(0, _examples.Count).Except(_heldOut)];
    }

    private void Standardise()
    {
        var (sum, squares, count) = (0.0, 0.0, 0L);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var plane in _examples.Select(e => _planes[e[e.Length / 2]]))
        {
            foreach (var value in plane)
            {
                sum += value;
                squares += (double)value * value;
            }
            count += plane.Length;
        }
        foreach (var plane in _planes)
            hash.AppendData(MemoryMarshal.AsBytes(plane.AsSpan()));
        var mean = sum / count;
        var deviation = Math.Sqrt(Math.Max(0, squares / count - mean * mean));
        if (deviation < 1e-6 * Math.Max(1, Math.Abs(mean)))
            throw new BadInputException(FormattableString.Invariant($"every voxel of the stack is {mean:0.###}: there is no noise to learn from; leave denoising out"));
        (Mean, Deviation, Hash) = ((float)mean, (float)deviation, Convert.ToHexStringLower(hash.GetHashAndReset()));
        foreach (var plane in _planes)
        {
            TensorPrimitives.Subtract(plane, Mean, plane);
            TensorPrimitives.Multiply(plane, 1 / Deviation, plane);
        }
    }
}
