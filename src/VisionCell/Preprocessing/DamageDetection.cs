using System.Globalization;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>What is done with damaged sections.</summary>
public enum DamageAction
{
    /// <summary>They are reported and stay.</summary>
    Keep,

    /// <summary>They stay where they are, but count neither in estimates nor as observed.</summary>
    Exclude,

    /// <summary>Their content is interpolated from the nearest good sections, and they do not count as observed.</summary>
    Replace,
}

/// <summary>What is wrong with a section.</summary>
public enum DamageKind
{
    /// <summary>One grey value: a missing section whose place was kept, or a lost frame.</summary>
    Blank,

    /// <summary>A good part of it is one grey value, which its neighbours are not: a hole, a cut-off tile, saturation.</summary>
    Empty,

    /// <summary>A copy of the section before it.</summary>
    Duplicate,

    /// <summary>The section before it again, imaged anew: alike beyond what neighbours are.</summary>
    Repeated,

    /// <summary>Its content agrees with none of its neighbours as they agree with each other.</summary>
    Unlike,

    /// <summary>Part of it does not: a fold, dirt, a tear, charging.</summary>
    PartlyUnlike,

    /// <summary>Much less fine detail than its neighbours: out of focus.</summary>
    Blurred,

    /// <summary>Much more fine detail than its neighbours: noise or stripes.</summary>
    Noisy,

    /// <summary>Brightness or contrast far from its neighbours'. Normalisation corrects it, so that by itself it does not make a section lost.</summary>
    Intensity,
}

/// <summary>How damage is looked for.</summary>
public sealed record DamageConfiguration
{
    /// <summary>Creates a configuration.</summary>
    /// <param name="action">What is done with sections that are lost to damage.</param>
    /// <param name="threshold">
    /// How far out a value must lie among its neighbours' to count, robust standard deviations; lower finds more and raises more false alarms.
    /// </param>
    /// <param name="window">Sections on either side that a section is judged by.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public DamageConfiguration(DamageAction action = DamageAction.Replace, double threshold = 6, int window = 12)
    {
        Action = action;
        Threshold = threshold is >= 2 and <= 100 ? threshold : throw new BadInputException($"damage threshold {threshold}: must be 2 to 100 robust deviations");
        Window = window is >= 3 and <= 1000 ? window : throw new BadInputException($"damage window of {window} sections: must be 3 to 1000");
    }

    /// <summary>What is done with sections that are lost to damage.</summary>
    public DamageAction Action { get; }

    /// <summary>How far out a value must lie, robust standard deviations.</summary>
    public double Threshold { get; }

    /// <summary>Sections on either side that a section is judged by.</summary>
    public int Window { get; }
}

/// <summary>One thing that is wrong with a section.</summary>
/// <param name="Kind">What.</param>
/// <param name="Text">In words, with the figures that show it.</param>
public sealed record DamageReason(DamageKind Kind, string Text);

/// <summary>A section that something is wrong with.</summary>
/// <param name="Z">Index of the section.</param>
/// <param name="Reasons">What.</param>
public sealed record DamagedSection(int Z, IReadOnlyList<DamageReason> Reasons)
{
    /// <summary>Whether its content cannot be trusted; false where only brightness or contrast is off, which normalisation corrects.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsLost => Reasons.Any(r => r.Kind != DamageKind.Intensity);

    /// <summary>The reasons in one line.</summary>
    public override string ToString() => string.Join("; ", Reasons.Select(r => r.Text));
}

/// <summary>A place where sections seem to be missing altogether.</summary>
/// <param name="After">Index of the section before the gap.</param>
/// <param name="Text">In words, with the figures that show it.</param>
public sealed record SectionGap(int After, string Text);

/// <summary>What was found in a stack.</summary>
/// <param name="Sections">Those that something is wrong with, in order.</param>
/// <param name="Gaps">Where sections seem to be missing between two good ones.</param>
/// <param name="Compared">Whether there were enough sections to compare; without, only blanks and copies are found.</param>
public sealed record DamageReport(IReadOnlyList<DamagedSection> Sections, IReadOnlyList<SectionGap> Gaps, bool Compared)
{
    /// <summary>Indices of the sections whose content cannot be trusted.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlySet<int> Lost => Sections.Where(s => s.IsLost).Select(s => s.Z).ToHashSet();
}

/// <summary>
/// Finds damaged and missing sections by what one pass over the stack keeps of each (<see cref="SectionFeatures"/>). A section is judged by the
/// sections around it: each feature against its running median, in units of the robust deviation from it, so that a stack whose neighbours
/// agree less (thick sections) is not all damage, and a slow change of the specimen, or a lasting one of the microscope, is none. Likeness is taken to the better side: a good
/// section beside a damaged one still agrees with its other neighbour, or with the next but one.
/// </summary>
public static class DamageDetection
{
    // Below this many sections a median over the neighbours says nothing.
    private const int FewestCompared = 5;

    // Fisher's z of a correlation, atanh r, varies by about this much where nothing is wrong, however steady the stack.
    private const double LikenessFloor = 0.03;

    // Fisher's z that sections without relation reach, since the best of many places is taken.
    private const double Chance = 0.4;

    /// <summary>Judges a stack.</summary>
    /// <param name="features">Of every section, in order.</param>
    /// <param name="configuration">How.</param>
    public static DamageReport Judge(IReadOnlyList<SectionFeatures> features, DamageConfiguration configuration)
    {
        var n = features.Count;
        var shown = Enumerable.Range(0, n).Where(z => features[z].HasContrast).ToArray();
        var found = new List<DamageReason>[n];
        for (var z = 0; z < n; z++)
            found[z] = [];
        void Add(int z, DamageKind kind, FormattableString text) => found[z].Add(new DamageReason(kind, text.ToString(CultureInfo.InvariantCulture)));

        for (var z = 0; z < n; z++)
        {
            if (!features[z].HasContrast)
                Add(z, DamageKind.Blank, $"blank: grey value {features[z].Mean:0.#} throughout");
        }
        var compared = shown.Length >= FewestCompared;
        var judge = new Outliers(configuration.Window);

        // 1. Copies. Noise differs from image to image, so that the fine detail of a copy alone agrees.
        var usual = judge.Around([.. shown.Select(z => features[z].Copied)]);
        for (var i = 1; i < shown.Length; i++)
        {
            var (z, copied) = (shown[i], features[shown[i]].Copied);
            if (copied > 0.995 || (compared && copied > 0.9 && Math.Atanh(copied) - Math.Atanh(Math.Clamp(usual[i].Median, 0, 0.99)) > 1))
                Add(z, DamageKind.Duplicate, $"copy of section {z - 1}: fine detail correlates by {copied:0.000}, {usual[i].Median:0.000} between neighbours here");
        }
        var gaps = new List<SectionGap>();
        if (compared)
        {
            // 2. One feature at a time, in logarithms where it is a factor.
            Compare(z => Math.Log(Math.Max(features[z].Sharpness, 1e-6)), 0.12, (z, out_, deviation) =>
            {
                if (out_ < -configuration.Threshold && deviation < Math.Log(0.8))
                    Add(z, DamageKind.Blurred, $"blurred: {Math.Exp(deviation):0.00} of the fine detail of its neighbours");
                else if (out_ > configuration.Threshold && deviation > Math.Log(1.3))
                    Add(z, DamageKind.Noisy, $"noisy: {Math.Exp(deviation):0.00} times the fine detail of its neighbours");
            });
            // A hundredth of the contrast is what rows may differ by.
            Compare(z => Math.Log(features[z].Lines + 0.01), 0.12, (z, out_, deviation) =>
            {
                if (out_ > configuration.Threshold && deviation > Math.Log(3) && !found[z].Any(r => r.Kind == DamageKind.Noisy))
                    Add(z, DamageKind.Noisy, $"lines across it stand out {Math.Exp(deviation):0.0} times as much as in its neighbours");
            });
            Compare(z => features[z].Flat, 0.005, (z, out_, deviation) =>
            {
                if (out_ > configuration.Threshold && deviation > 0.03)
                    Add(z, DamageKind.Empty, $"empty: {deviation:0 %} more of it is one grey value than of its neighbours");
            });
            var contrast = Ordered.Median(shown.Select(z => features[z].Deviation));
            Compare(z => features[z].Mean / contrast, 0.05, (z, out_, deviation) =>
            {
                if (Math.Abs(out_) > configuration.Threshold && Math.Abs(deviation) > 0.5)
                    Add(z, DamageKind.Intensity, $"brightness {deviation * contrast:+0.#;-0.#} grey values from its neighbours'");
            });
            Compare(z => Math.Log(features[z].Deviation), 0.05, (z, out_, deviation) =>
            {
                if (Math.Abs(out_) > configuration.Threshold && Math.Abs(deviation) > Math.Log(1.5))
                    Add(z, DamageKind.Intensity, $"contrast {Math.Exp(deviation):0.00} times its neighbours'");
            });

            // 3. Likeness, whole and block by block.
            var likeness = new LikenessSeries(features, judge, configuration.Threshold);
            for (var z = 0; z < n; z++)
            {
                if (!features[z].HasContrast)
                    continue;
                if (likeness.Whole(z) is { } whole && whole.Out < -configuration.Threshold && whole.Missing > 0.15)
                    Add(z, DamageKind.Unlike, $"unlike its neighbours: agrees with them by {whole.Value:0.00}, they with each other by {whole.Usual:0.00}");
                else if (likeness.Part(z, configuration.Threshold) is { } part && part.Share >= 0.08 && part.Blocks >= 2)
                    Add(z, DamageKind.PartlyUnlike, $"{part.Share:0 %} of it is unlike its neighbours");
                if (likeness.Before(z) is { } before && before.Out > 1.5 * configuration.Threshold && before.Value > 0.95 && before.Missing < -0.4 && found[z].Count == 0)
                    Add(z, DamageKind.Repeated, $"section {z - 1} again: agrees with it by {before.Value:0.000}, neighbours here by {before.Usual:0.000}");
            }
            // 4. Grey levels, field by field, of what likeness has not found: dirt where neighbours agree too little to miss it.
            var fields = new FieldSeries([.. shown.Select(z => features[z].Grid)], judge, contrast);
            for (var i = 0; i < shown.Length; i++)
            {
                if (found[shown[i]].Count == 0 && fields.Share(i, configuration.Threshold) is var share and >= 0.08)
                    Add(shown[i], DamageKind.PartlyUnlike, $"{share:0 %} of it is of another brightness than in its neighbours");
            }
            for (var z = 1; z < n; z++)
            {
                if (found[z].Count == 0 && found[z - 1].Count == 0 && likeness.Before(z) is { } step && step.Out < -configuration.Threshold && step.Missing > 0.1)
                    gaps.Add(new SectionGap(z - 1, FormattableString.Invariant($"sections {z - 1} and {z} agree by {step.Value:0.00} only, neighbours here by {step.Usual:0.00}: a section may be missing between them, or the specimen moved")));
            }

            void Compare(Func<int, double> value, double floor, Action<int, double, double> decide)
            {
                double[] values = [.. shown.Select(value)];
                var around = judge.Around(values);
                for (var i = 0; i < shown.Length; i++)
                {
                    var deviation = Outliers.BetterSide(values, i, around[i].Median);
                    decide(shown[i], deviation / Math.Max(floor / 3, around[i].Deviation), deviation);
                }
            }
        }
        return new DamageReport([.. Enumerable.Range(0, n).Where(z => found[z].Count > 0).Select(z => new DamagedSection(z, found[z]))], gaps, compared);
    }

    /// <summary>Running medians and robust deviations.</summary>
    private sealed class Outliers(int window)
    {
        // Of so few one or two may be damaged, and a change that began as many sections ago is still told.
        private const int Side = 5;

        /// <summary>Median of the values around each, itself left out, and 1.4826 times the median deviation from the running median in the same window.</summary>
        public (double Median, double Deviation)[] Around(double[] values)
        {
            var medians = Enumerable.Range(0, values.Length).Select(i => MedianAround(values, i)).ToArray();
            var rest = values.Zip(medians, (v, m) => Math.Abs(v - m)).ToArray();
            return [.. medians.Select((m, i) => (m, 1.4826 * MedianAround(rest, i)))];
        }

        /// <summary>
        /// Distance of a value from the median around it, of those before it or of those after it, whichever is least: where a lasting change begins, no section is
        /// an outlier. A side counts where it has three values.
        /// </summary>
        public static double BetterSide(double[] values, int i, double median)
        {
            var best = values[i] - median;
            foreach (var (from, to) in new[] { (Math.Max(0, i - Side), i), (i + 1, Math.Min(values.Length, i + 1 + Side)) })
            {
                if (to - from < 3)
                    continue;
                var distance = values[i] - Ordered.Median(values[from..to]);
                if (Math.Abs(distance) < Math.Abs(best))
                    best = distance;
            }
            return best;
        }

        private double MedianAround(double[] values, int i)
        {
            var around = Enumerable.Range(Math.Max(0, i - window), Math.Min(values.Length, i + window + 1) - Math.Max(0, i - window))
                .Where(k => k != i && !double.IsNaN(values[k])).Select(k => values[k]).ToArray();
            return around.Length == 0 ? double.IsNaN(values[i]) ? 0 : values[i] : Ordered.Median(around);
        }
    }

    /// <summary>Grey levels field by field, less the section's median, in units of the contrast.</summary>
    private sealed class FieldSeries
    {
        // A field of another brightness by less is structure.
        private const double Least = 1;

        // Many fields are out together, so that each need not be out as far as a section that is judged by one value.
        private const double PerField = 0.5;

        private readonly double[][] _values; // [field][section]
        private readonly (double Median, double Deviation)[][] _around;

        public FieldSeries(IReadOnlyList<double>[] grids, Outliers judge, double contrast)
        {
            var medians = grids.Select(g => Ordered.Median(g)).ToArray();
            _values = [.. Enumerable.Range(0, grids.Length == 0 ? 0 : grids[0].Count).Select(f => grids.Select((g, i) => (g[f] - medians[i]) / contrast).ToArray())];
            _around = [.. _values.Select(judge.Around)];
        }

        /// <summary>Share of the fields of a section that lie out.</summary>
        public double Share(int i, double threshold) => _values.Length == 0 ? 0 : (double)Enumerable.Range(0, _values.Length).Count(f =>
            Math.Abs(Outliers.BetterSide(_values[f], i, _around[f][i].Median)) > Math.Max(Least, PerField * threshold * _around[f][i].Deviation)) / _values.Length;
    }

    /// <summary>Likeness to neighbours over the stack, as Fisher's z, against what is usual around.</summary>
    private sealed class LikenessSeries
    {
        private readonly IReadOnlyList<SectionFeatures> _features;
        private readonly Series _near;
        private readonly Series _next;

        public LikenessSeries(IReadOnlyList<SectionFeatures> features, Outliers judge, double threshold)
        {
            _features = features;
            // The next but one may speak for a section only where, were it damaged, that would show.
            _near = new Series([.. features.Select(f => f.Near)], judge, 0);
            _next = new Series([.. features.Select(f => f.Next)], judge, threshold);
        }

        /// <summary>How far the best agreement with a neighbour lies from the usual.</summary>
        public (double Out, double Missing, double Value, double Usual)? Whole(int z)
        {
            (double Out, double Missing, double Value, double Usual)? best = null;
            foreach (var (series, at) in Pairs(z))
            {
                if (series.Whole(at) is { } pair && (best is null || pair.Out > best.Value.Out))
                    best = pair;
            }
            return best;
        }

        /// <summary>The agreement with the section before.</summary>
        public (double Out, double Missing, double Value, double Usual)? Before(int z) => z < 1 ? null : _near.Whole(z);

        /// <summary>Share of blocks that agree with none of the neighbours; null where blocks agree too little for it to mean anything.</summary>
        public (double Share, int Blocks)? Part(int z, double threshold)
        {
            var pairs = Pairs(z).ToArray();
            var (bad, all) = (0, 0);
            for (var b = 0; b < _near.Blocks; b++)
            {
                double? best = null;
                foreach (var (series, at) in pairs)
                {
                    if (series.Block(at, b) is { } value && !(value < best))
                        best = value;
                }
                if (best is null)
                    continue;
                all++;
                if (best < -threshold)
                    bad++;
            }
            return all < 4 ? null : ((double)bad / all, bad);
        }

        private IEnumerable<(Series Series, int At)> Pairs(int z)
        {
            if (z >= 1)
                yield return (_near, z);
            if (z + 1 < _features.Count)
                yield return (_near, z + 1);
            if (z >= 2)
                yield return (_next, z);
            if (z + 2 < _features.Count)
                yield return (_next, z + 2);
        }
    }

    /// <summary>Likeness at one distance: entry z is between z and the section that distance before it.</summary>
    private sealed class Series
    {
        private readonly double[][] _blocks;
        private readonly double[] _means;
        private readonly (double Median, double Deviation)[] _around;
        private readonly (double Median, double Deviation)[][] _blocksAround;

        private readonly double _power;

        public Series(IReadOnlyList<double>[] blocks, Outliers judge, double power)
        {
            _power = power;
            _blocks = [.. blocks.Select(b => b.Select(Fisher).ToArray())];
            Blocks = _blocks.Select(b => b.Length).DefaultIfEmpty(0).Max();
            // Sections of which hardly a block has its place in the other do not agree.
            _means = [.. _blocks.Select(b => b.Length == 0 ? double.NaN : 4 * b.Count(v => !double.IsNaN(v)) < b.Length ? 0 : b.Where(v => !double.IsNaN(v)).Average())];
            _around = judge.Around(_means);
            _blocksAround = [.. Enumerable.Range(0, Blocks).Select(b => judge.Around([.. _blocks.Select(v => v.Length > b ? v[b] : double.NaN)]))];
        }

        public int Blocks { get; }

        public (double Out, double Missing, double Value, double Usual)? Whole(int z) => double.IsNaN(_means[z]) || !Shows(_around[z]) ? null :
            ((_means[z] - _around[z].Median) / Math.Max(LikenessFloor, _around[z].Deviation), _around[z].Median - _means[z], Math.Tanh(_means[z]), Math.Tanh(_around[z].Median));

        /// <summary>How far out a block is; null where it has no place in the other section, or its place shows too little to be recognised.</summary>
        public double? Block(int z, int block)
        {
            if (_blocks[z].Length <= block || double.IsNaN(_blocks[z][block]))
                return null;
            var (median, deviation) = _blocksAround[block][z];
            // Without relation a block reaches about 0.3; less than that above it is no agreement to lose.
            return median < 0.6 ? null : (_blocks[z][block] - median) / Math.Max(3 * LikenessFloor, deviation);
        }

        private bool Shows((double Median, double Deviation) usual) => usual.Median - Chance > _power * Math.Max(LikenessFloor, usual.Deviation);

        private static double Fisher(double correlation) => correlation < -1 ? double.NaN : Math.Atanh(Math.Clamp(correlation, -0.999, 0.999));
    }
}
