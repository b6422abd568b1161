using System.Globalization;
using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>
/// Aligns the sections of a stack, reading them one by one: whole sections first (<see cref="AlignmentModel"/>), then local distortions
/// where asked (<see cref="ElasticConfiguration"/>). Each section is compared with the few before it; the maps that fit all comparisons
/// best are solved for over the whole stack; their slow part is reported and, unless told otherwise, left in the data. The result is
/// data: nothing is resampled here, see <see cref="SectionResampling"/>. Memory: the sections of one window, and a few numbers for each
/// section of the stack.
/// </summary>
public static class SectionAlignment
{
    /// <summary>Sections with longer edges are compared at a whole fraction of their resolution; results are in full pixels.</summary>
    internal const int WorkingEdge = 2048;

    /// <summary>
    /// A match below this share of the usual correlation between neighbours starts no other one: a false match handed on would find
    /// itself confirmed.
    /// </summary>
    private const double Doubt = 0.6;

    /// <summary>
    /// Share of the shorter edge from which on sections that were moved are compared a second time. At an eighth of the edge what two sections share changes the
    /// map between them by 0.05 pixels (medulla-1, FIB-SEM sections of 10 nm); below a hundredth it changes thousandths.
    /// </summary>
    private const double LeastReach = 0.01;

    /// <summary>Estimates where each section must be moved.</summary>
    /// <param name="sections">Sections <c>[Y, X]</c>; two with contrast at least.</param>
    /// <param name="configuration">How.</param>
    /// <param name="excluded">Sections that are damaged or missing: compared with nothing, placed between their neighbours, bridged.</param>
    /// <param name="progress">Told the number of sections done, in all the passes together: it ends at the number of sections.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">Fewer than two sections, sections smaller than 16 pixels along an edge, fewer than two usable sections, or a voxel that is not a number (named).</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static AlignmentResult Estimate(
        ISectionSource sections, AlignmentConfiguration configuration, IReadOnlySet<int>? excluded = null, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        var (count, height, width) = (sections.Count, sections.Height, sections.Width);
        if (count < 2)
            throw new BadInputException($"a stack of {count} section cannot be aligned: at least 2 are needed");
        if (height < 16 || width < 16)
            throw new BadInputException($"sections of {height} x {width} pixels cannot be aligned: at least 16 x 16 are needed");
        if (excluded?.Where(z => z < 0 || z >= count).ToArray() is { Length: > 0 } outside)
            throw new BadInputException($"section {outside[0]} is to be left out: the stack has sections 0 to {count - 1}");
        var reduction = PreparedSection.Reduction(height, width, WorkingEdge);
        var passes = configuration.Elastic is null ? 2 : 3;
        var logarithm = new AffineLogarithm(height, width);

        // 1. Maps between each section and those before it that have contrast.
        var (usable, matches) = Compare(sections, configuration, excluded, reduction, z => progress?.Report(z / passes), cancellation);

        // 2. Maps that fit all of them; what is slow stays, or goes.
        var (moved, drift) = Solve(count, ref matches, usable, configuration, logarithm);

        // 3. Once more through one window of the frame that this makes known, where sections were moved far enough to have shown different parts of the specimen.
        if (moved.Any(m => m.Reach(height, width) > LeastReach * Math.Min(height, width)))
        {
            matches = Compare(sections, configuration, usable, matches, moved, reduction, z => progress?.Report((count + z) / passes), cancellation);
            (moved, drift) = Solve(count, ref matches, usable, configuration, logarithm);
        }

        // 4. Local distortions.
        var still = usable.Where(z => moved[z].Reach(height, width) < configuration.DeadZone).ToHashSet();
        foreach (var z in still)
            moved[z] = AffineMap.Identity;
        IReadOnlyList<ElasticField?> fields = new ElasticField?[count];
        IReadOnlyList<MatchMap?> confidences = new MatchMap?[count];
        var jacobian = 1.0;
        if (configuration.Elastic is not null)
            (fields, confidences, jacobian) = ElasticAlignment.Estimate(sections, usable, moved, configuration, reduction, Level(matches), z => progress?.Report(((passes - 1) * count + z) / passes), cancellation);

        // 5. One transform a section, with its reason.
        var transforms = new SectionTransforms([.. Enumerable.Range(0, count).Select(z => Describe(z, moved[z], fields[z], matches, usable, excluded, still))]);
        progress?.Report(count);
        return new AlignmentResult(transforms, fields, matches, confidences, drift, jacobian);
    }

    /// <summary>Reads a section and prepares it.</summary>
    internal static PreparedSection Read(ISectionSource sections, int z, int reduction, int levels = int.MaxValue)
    {
        var values = new float[sections.Height * sections.Width];
        sections.Read(z, values);
        if (!TensorPrimitives.IsFiniteAll<float>(values))
        {
            var at = Array.FindIndex(values, v => !float.IsFinite(v));
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"section {z}: pixel y {at / sections.Width}, x {at % sections.Width} is {values[at]}; replace such pixels before aligning"));
        }
        return PreparedSection.Of(values, sections.Height, sections.Width, reduction, levels);
    }

    private static (List<int> Usable, IReadOnlyList<PairMatch> Matches) Compare(
        ISectionSource sections, AlignmentConfiguration configuration, IReadOnlySet<int>? excluded, int reduction, Action<int> done, CancellationToken cancellation)
    {
        var batch = Math.Clamp(Environment.ProcessorCount, 2, 8);
        var options = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = batch };
        var usable = new List<int>();
        var matches = new List<PairMatch>();
        var adjacent = new Dictionary<int, AffineMap>(); // the map to a section from the usable one before it, where it is beyond doubt
        var correlations = new List<double>();
        var window = new Dictionary<int, PreparedSection>();
        for (var begin = 0; begin < sections.Count; begin += batch)
        {
            var members = Enumerable.Range(begin, Math.Min(batch, sections.Count - begin)).Where(z => excluded?.Contains(z) != true).ToArray();
            var prepared = new PreparedSection[members.Length];
            Unwrap(() => Parallel.For(0, members.Length, options, i => prepared[i] = Read(sections, members[i], reduction)));
            var first = usable.Count;
            for (var i = 0; i < members.Length; i++)
            {
                if (!prepared[i].HasContrast)
                    continue;
                usable.Add(members[i]);
                window[members[i]] = prepared[i];
            }

            // Neighbours first: their maps, one after the other, are good guesses for the others.
            foreach (var near in (bool[])[true, false])
            {
                var pairs = (from i in Enumerable.Range(first, usable.Count - first)
                             from k in near ? Enumerable.Range(1, 1) : Enumerable.Range(2, configuration.Neighbours - 1)
                             where i >= k
                             select (From: usable[i - k], To: usable[i], Guess: near ? null : Guess(usable, adjacent, i - k, i))).ToArray();
                var found = new PairMatch[pairs.Length];
                Unwrap(() => Parallel.For(0, pairs.Length, options, p =>
                {
                    var (from, to, guess) = pairs[p];
                    var reach = configuration.MaxShift / reduction * (to - from);
                    found[p] = (guess is { } map ? PairRegistration.Refine(from, to, window[from], window[to], map, configuration, reach) : null)
                        ?? PairRegistration.Search(from, to, window[from], window[to], configuration, reach);
                }));
                matches.AddRange(found);
                if (!near)
                    continue;
                correlations.AddRange(found.Where(m => m.IsReliable).Select(m => m.Correlation));
                foreach (var match in found.Where(m => m.IsReliable && m.Correlation > Doubt * Ordered.Median(correlations)))
                    adjacent[match.To] = match.Map;
            }
            foreach (var old in window.Keys.Where(z => usable.Count > configuration.Neighbours && z < usable[^configuration.Neighbours]).ToArray())
                window.Remove(old);
            done(begin + batch);
        }
        if (usable.Count < 2)
            throw new BadInputException($"{usable.Count} of {sections.Count} sections can be compared (the others show one grey value only, or were left out): at least 2 are needed");
        return (usable, [.. matches.Select(m => m with { Map = m.Map.Scaled(reduction) })]);
    }

    /// <summary>Refines the matches through one window of the common frame.</summary>
    private static PairMatch[] Compare(
        ISectionSource sections, AlignmentConfiguration configuration, List<int> usable, IReadOnlyList<PairMatch> matches, AffineMap[] moved, int reduction, Action<int> done, CancellationToken cancellation)
    {
        var batch = Math.Clamp(Environment.ProcessorCount, 2, 8);
        var options = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = batch };
        var (height, width) = (sections.Height / reduction, sections.Width / reduction);
        var byLast = Enumerable.Range(0, matches.Count).Where(i => matches[i].IsReliable).ToLookup(i => matches[i].To);
        var refined = matches.ToArray();
        var window = new Dictionary<int, (PreparedSection Section, CommonWindow Window)>();
        foreach (var members in usable.Chunk(batch))
        {
            var prepared = new PreparedSection[members.Length];
            Unwrap(() => Parallel.For(0, members.Length, options, i => prepared[i] = Read(sections, members[i], reduction)));
            for (var i = 0; i < members.Length; i++)
                window[members[i]] = (prepared[i], new CommonWindow(moved[members[i]].Scaled(1.0 / reduction), height, width));
            var pairs = members.SelectMany(z => byLast[z]).ToArray();
            Unwrap(() => Parallel.For(0, pairs.Length, options, p =>
            {
                var match = matches[pairs[p]];
                var ((first, weights), second) = (window[match.From], window[match.To].Section);
                refined[pairs[p]] = PairRegistration.Through(weights, match with { Map = match.Map.Scaled(1.0 / reduction) }, first, second, configuration.Model) is { } found
                    ? found with { Map = found.Map.Scaled(reduction) } : match;
            }));
            var oldest = usable[Math.Max(0, usable.IndexOf(members[^1]) - configuration.Neighbours)];
            foreach (var old in window.Keys.Where(z => z < oldest).ToArray())
                window.Remove(old);
            done(members[^1] + 1);
        }
        return refined;
    }

    /// <summary>Maps of all sections that fit the matches best, and what of them is corrected.</summary>
    private static (AffineMap[] Moved, DriftReport Drift) Solve(
        int count, ref IReadOnlyList<PairMatch> matches, IReadOnlyList<int> usable, AlignmentConfiguration configuration, AffineLogarithm logarithm)
    {
        var (maps, residuals) = TransformChain.Solve(count, matches, logarithm);
        PairMatch[] judged = [.. matches.Select((m, i) => m with { Residual = residuals[i] })];
        matches = judged;
        var compared = judged.Where(m => m.IsReliable).SelectMany(m => (int[])[m.From, m.To]).ToHashSet();
        return DriftSeparation.Of(maps, [.. usable.Where(compared.Contains)], configuration, logarithm);
    }

    /// <summary>Finest level at which most neighbours resemble each other.</summary>
    private static int Level(IReadOnlyList<PairMatch> matches)
    {
        var levels = matches.Where(m => m.IsReliable).Select(m => m.Level).Order().ToArray();
        return levels.Length == 0 ? 0 : levels[levels.Length / 2];
    }

    /// <summary>The maps of neighbours from one usable section to another, one after the other; null where one of them is unknown.</summary>
    private static AffineMap? Guess(List<int> usable, Dictionary<int, AffineMap> adjacent, int from, int to)
    {
        var map = AffineMap.Identity;
        for (var i = from + 1; i <= to; i++)
        {
            if (!adjacent.TryGetValue(usable[i], out var next))
                return null;
            map = next.After(map);
        }
        return map;
    }

    private static SectionTransform Describe(
        int z, AffineMap map, ElasticField? field, IReadOnlyList<PairMatch> matches, IReadOnlyList<int> usable, IReadOnlySet<int>? excluded, HashSet<int> still)
    {
        var confidence = matches.Where(m => (m.From == z || m.To == z) && m.IsReliable).Select(m => Math.Clamp(m.Correlation, 0, 1)).DefaultIfEmpty().Max();
        var isExcluded = excluded?.Contains(z) == true;
        var reason = isExcluded ? "left out of the comparisons: placed between its neighbours"
            : !usable.Contains(z) ? "constant grey value: placed between its neighbours"
            : confidence == 0 ? "matches none of its neighbours: placed between them"
            : field is not null ? "moved and warped onto its neighbours"
            : still.Contains(z) ? "in place within the dead zone"
            : "moved onto its neighbours";
        return new SectionTransform(z, map.Rows, field is null ? null : AlignmentResult.FieldPath(z), confidence, isExcluded ? SectionStatus.Excluded : SectionStatus.Kept, reason);
    }

    /// <summary>Runs parallel work and throws what it threw as it was.</summary>
    private static void Unwrap(Action work)
    {
        try
        {
            work();
        }
        catch (AggregateException e) when (e.InnerExceptions.Count > 0)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }
}
