namespace VisionCell.Preprocessing;

/// <summary>
/// Local distortions of the sections of a stack that has been aligned as a whole. Sections pass one by one: each is warped by what is
/// known of it, its patches are looked for in the few sections before it (<see cref="BlockMatching"/>; coarsely, then finely on the
/// warped section), and the meshes of a sliding window are solved together (<see cref="ElasticMesh"/>). Last, motion that is slow from
/// section to section is taken out of every node's path, by the same rule for all: it belongs to the specimen.
/// </summary>
internal sealed class ElasticAlignment
{
    /// <summary>Patches of the coarse search, and of the fine one, in mesh spacings.</summary>
    private const double CoarsePatch = 2, FinePatch = 1.5;

    /// <summary>Least edge of a patch, pixels of its level: smaller ones hold too little to be told from others.</summary>
    private const int MinPatch = 24;

    /// <summary>Reach of the fine search, pixels of its level.</summary>
    private const int FineRadius = 3;

    /// <summary>Fine searches, each on the section warped by what the one before found.</summary>
    private const int FineRounds = 2;

    /// <summary>Sections over which a node forgets where it was: links pull with weights up to 1 each.</summary>
    private const double Memory = 12;

    /// <summary>Sections that are solved together; the older half of them is final after that.</summary>
    private const int Window = 32;

    /// <summary>
    /// The dead zone of fields, root mean square over the section, against that of whole sections: on distorted stacks half a pixel of
    /// error was left, twice what whole sections leave. Without it fields of a quarter of a pixel were made for an aligned stack.
    /// </summary>
    private const double FieldDeadZone = 2;

    private readonly AlignmentConfiguration _configuration;
    private readonly ElasticConfiguration _elastic;
    private readonly ElasticField _grid;
    private readonly ElasticMesh _mesh;
    private readonly double _spacing;
    private readonly int _height, _width, _reduction, _fine;
    private readonly Dictionary<int, float[]> _y = [], _x = []; // solutions
    private readonly Dictionary<int, ElasticField> _passed = []; // what sections were warped by when they were compared
    private readonly Dictionary<int, (float[] Confidence, double[] Squares, double[] Weights)> _quality = [];
    private readonly List<ElasticLink> _links = [];
    private readonly List<int> _open = [];

    /// <summary>A section that later ones are compared with: warped by the field that was known when it passed.</summary>
    private sealed record Reference(int Z, ElasticField Field, WarpedImage Fine, WarpedImage Coarse);

    private ElasticAlignment(ISectionSource sections, AlignmentConfiguration configuration, int reduction, int level)
    {
        (_configuration, _elastic, _reduction, _fine) = (configuration, configuration.Elastic!, reduction, level);
        (_height, _width) = (sections.Height / reduction, sections.Width / reduction);
        _spacing = Math.Max(8, _elastic.Spacing / reduction);
        _grid = ElasticField.Zero(_height, _width, _spacing);
        _mesh = new ElasticMesh(_grid.Rows, _grid.Columns, _elastic.Stiffness, 1 / (Memory * Memory));
    }

    /// <summary>Estimates the fields.</summary>
    /// <param name="sections">The sections as they came.</param>
    /// <param name="usable">Those that can be compared, in order.</param>
    /// <param name="maps">Affine map of each section.</param>
    /// <param name="configuration">How.</param>
    /// <param name="reduction">By how much sections are reduced for it.</param>
    /// <param name="level">Finest level of the pyramids at which sections resemble each other.</param>
    /// <param name="done">Told each section done.</param>
    /// <param name="cancellation">Stops between sections.</param>
    public static (IReadOnlyList<ElasticField?> Fields, IReadOnlyList<MatchMap?> Maps, double MinimumJacobian) Estimate(
        ISectionSource sections, IReadOnlyList<int> usable, AffineMap[] maps, AlignmentConfiguration configuration, int reduction, int level, Action<int> done, CancellationToken cancellation)
    {
        var work = new ElasticAlignment(sections, configuration, reduction, level);
        var references = new List<Reference>();
        foreach (var z in usable)
        {
            cancellation.ThrowIfCancellationRequested();
            references.Add(work.Pass(SectionAlignment.Read(sections, z, reduction, level + 2), z, maps[z].Scaled(1.0 / reduction), references));
            if (references.Count > configuration.Neighbours)
                references.RemoveAt(0);
            if (work._open.Count == Window)
                work.SolveWindow(Window / 2);
            done(z);
        }
        work.SolveWindow(work._open.Count);
        return work.Finish(sections, usable);
    }

    /// <summary>Matches one section with those before it, and places it by that until its window is solved.</summary>
    private Reference Pass(PreparedSection section, int z, AffineMap map, IReadOnlyList<Reference> references)
    {
        var field = _grid with { };
        var (fineLevel, coarseLevel) = (Math.Min(_fine, section.Levels.Count - 1), Math.Min(_fine + 1, section.Levels.Count - 1));
        var ratios = new Dictionary<int, float[]>();
        for (var round = 0; round <= FineRounds; round++)
        {
            if (references.Count == 0)
                break;
            var fine = round > 0;
            var level = fine ? fineLevel : coarseLevel;
            var size = 1 << level;
            var patch = Math.Max(MinPatch, (int)Math.Round((fine ? FinePatch : CoarsePatch) * _spacing / size));
            var radius = fine ? FineRadius : (int)Math.Ceiling(_elastic.MaxDisplacement / _reduction / size) + 1;
            var warped = Warp(section, level, map, field);
            var links = new List<ElasticLink>();
            foreach (var reference in references)
            {
                var found = BlockMatching.Match(fine ? reference.Fine : reference.Coarse, warped, _grid.Rows, _grid.Columns, _spacing / size, patch, radius);
                if (!fine)
                    ratios[reference.Z] = found.Confidence;
                links.Add(Link(reference, z, field, found, size, fine ? ratios[reference.Z] : null));
            }
            var (y, x) = (new float[_grid.Y.Length], new float[_grid.X.Length]);
            field.Y.CopyTo(y, 0);
            field.X.CopyTo(x, 0);
            var known = references.ToDictionary(r => r.Z, r => r.Field);
            _mesh.Solve(known.ToDictionary(k => k.Key, k => k.Value.Y).With(z, y), [z], [.. links.Select(l => (l.From, l.To, l.Weight, l.Y))]);
            _mesh.Solve(known.ToDictionary(k => k.Key, k => k.Value.X).With(z, x), [z], [.. links.Select(l => (l.From, l.To, l.Weight, l.X))]);
            field = new ElasticField(_grid.Spacing, _grid.Origin, _grid.Rows, _grid.Columns, y, x);
            if (round == FineRounds)
                _links.AddRange(links);
        }
        (_y[z], _x[z]) = ([.. field.Y], [.. field.X]);
        _passed[z] = field;
        _open.Add(z);
        return new Reference(z, field,
            Warp(section, fineLevel, map, field), Warp(section, coarseLevel, map, field));
    }

    private static WarpedImage Warp(PreparedSection section, int level, AffineMap map, ElasticField field) =>
        WarpedImage.Of(section.Levels[level], map.Scaled(1.0 / (1 << level)), field.Scaled(1.0 / (1 << level)));

    /// <summary>
    /// What matches ask of the fields. Where a reference shows at node u what the warped section shows at u + d, the section's field
    /// should be d + field(u + d) at u.
    /// </summary>
    private ElasticLink Link(Reference reference, int z, ElasticField field, PatchMatches found, int size, float[]? earlier)
    {
        var count = found.Y.Length;
        var link = new ElasticLink(reference.Z, z, new float[count], new float[count], new float[count]);
        for (var n = 0; n < count; n++)
        {
            // The fine search is too short to see a second peak: the coarse one has.
            var confidence = earlier is null ? found.Confidence[n] : MathF.Sqrt(found.Confidence[n] * earlier[n]);
            found.Confidence[n] = confidence;
            if (confidence < _elastic.MinConfidence)
                continue;
            var (dy, dx) = (size * (double)found.Y[n], size * (double)found.X[n]);
            var (fy, fx) = field.At(n / _grid.Columns * _spacing + dy, n % _grid.Columns * _spacing + dx);
            link.Weight[n] = confidence * confidence / (z - reference.Z);
            link.Y[n] = (float)(dy + fy - reference.Field.Y[n]);
            link.X[n] = (float)(dx + fx - reference.Field.X[n]);
        }
        return link;
    }

    /// <summary>Solves all open sections against those before them and closes the oldest.</summary>
    private void SolveWindow(int close)
    {
        if (_open.Count == 0)
            return;

        // Twice: matches that the first solution leaves far behind lose their weight.
        var links = _links;
        for (var round = 0; round < 2; round++)
        {
            _mesh.Solve(_y, _open, [.. links.Select(l => (l.From, l.To, l.Weight, l.Y))]);
            _mesh.Solve(_x, _open, [.. links.Select(l => (l.From, l.To, l.Weight, l.X))]);
            if (round == 0)
                links = [.. _links.Select(Doubted)];
        }
        var closed = _open[..close].ToHashSet();
        foreach (var link in _links.Where(l => closed.Contains(l.To)))
            Rate(link);
        _links.RemoveAll(l => closed.Contains(l.To));
        _open.RemoveRange(0, close);
    }

    private (double Y, double X) Rest(ElasticLink link, int node) => (
        _y[link.To][node] - _y[link.From][node] - link.Y[node], _x[link.To][node] - _x[link.From][node] - link.X[node]);

    private ElasticLink Doubted(ElasticLink link)
    {
        var weights = new float[link.Weight.Length];
        for (var n = 0; n < weights.Length; n++)
        {
            var (y, x) = Rest(link, n);
            weights[n] = (float)(link.Weight[n] / (1 + y * y + x * x));
        }
        return link with { Weight = weights };
    }

    private void Rate(ElasticLink link)
    {
        for (var n = 0; n < link.Weight.Length; n++)
        {
            if (link.Weight[n] == 0)
                continue;
            var (y, x) = Rest(link, n);
            foreach (var z in (int[])[link.From, link.To])
            {
                if (!_quality.TryGetValue(z, out var quality))
                    _quality[z] = quality = (new float[link.Weight.Length], new double[link.Weight.Length], new double[link.Weight.Length]);
                quality.Confidence[n] = Math.Max(quality.Confidence[n], MathF.Sqrt(link.Weight[n] * (link.To - link.From)));
                quality.Squares[n] += link.Weight[n] * (y * y + x * x);
                quality.Weights[n] += link.Weight[n];
            }
        }
    }

    /// <summary>Takes out what is slow, smooths what would fold, and brings everything to full pixels.</summary>
    private (IReadOnlyList<ElasticField?> Fields, IReadOnlyList<MatchMap?> Maps, double MinimumJacobian) Finish(ISectionSource sections, IReadOnlyList<int> usable)
    {
        SteadyTrend.Subtract([.. usable.Select(z => _y[z])], [.. usable.Select(z => _x[z])], _configuration.KeepSlowMotion ? _configuration.DriftWindow : -1);
        foreach (var z in usable)
            Reframe(z);
        var fields = new ElasticField?[sections.Count];
        var maps = new MatchMap?[sections.Count];
        var jacobian = 1.0;
        Parallel.For(0, sections.Count, z =>
        {
            var field = Between(usable, z);
            var unfolded = Unfold(field, out var least);
            lock (fields)
                jacobian = Math.Min(jacobian, least);
            if (unfolded.Length * _reduction >= FieldDeadZone * _configuration.DeadZone)
                fields[z] = unfolded.Scaled(_reduction);
            if (_quality.TryGetValue(z, out var quality))
            {
                maps[z] = new MatchMap(_spacing * _reduction, _grid.Rows, _grid.Columns, quality.Confidence,
                    [.. quality.Squares.Select((s, n) => quality.Weights[n] > 0 ? (float)(_reduction * Math.Sqrt(s / quality.Weights[n])) : float.NaN)]);
            }
        });
        return (fields, maps, jacobian);
    }

    /// <summary>
    /// Sections were compared in the frame of what was known of them when they passed, P, and the solution E is known there, at u. What
    /// was taken out since then moves the frame: u + P(u) is the place v + E(u) of the section, hence the field at v is E at u = v - (P - E)(u).
    /// </summary>
    private void Reframe(int z)
    {
        var (y, x, passed) = (_y[z], _x[z], _passed[z]);
        var solution = new ElasticField(_grid.Spacing, _grid.Origin, _grid.Rows, _grid.Columns, [.. y], [.. x]);
        for (var n = 0; n < y.Length; n++)
        {
            var (row, column) = (n / _grid.Columns * _spacing, n % _grid.Columns * _spacing);
            var (u, v) = (row, column);
            for (var round = 0; round < 8; round++)
            {
                var (p, q) = (passed.At(u, v), solution.At(u, v));
                (u, v) = (row - p.Y + q.Y, column - p.X + q.X);
            }
            var at = solution.At(u, v);
            (y[n], x[n]) = ((float)at.Y, (float)at.X);
        }
    }

    /// <summary>The field of a section; of one that was not compared, what lies between those of its neighbours.</summary>
    private ElasticField Between(IReadOnlyList<int> usable, int z)
    {
        var after = usable.FirstOrDefault(u => u >= z, usable[^1]);
        var before = usable.LastOrDefault(u => u <= z, usable[0]);
        var share = after > before ? (float)(z - before) / (after - before) : 0f;
        float[] Mix(float[] a, float[] b) => [.. a.Zip(b, (u, v) => u + share * (v - u))];
        return new ElasticField(_grid.Spacing, _grid.Origin, _grid.Rows, _grid.Columns, Mix(_y[before], _y[after]), Mix(_x[before], _x[after]));
    }

    private ElasticField Unfold(ElasticField field, out double least)
    {
        for (var round = 0; ; round++)
        {
            least = field.MinimumJacobian(_height, _width);
            if (least >= _elastic.MinJacobian)
                return field;
            var strength = round < 20 ? 1f : 0.5f;
            field = new ElasticField(field.Spacing, field.Origin, field.Rows, field.Columns, Smoothed(field.Y, strength), Smoothed(field.X, strength));
        }
    }

    /// <summary>Each node the mean of itself and its four neighbours; shrunk where that alone does not help.</summary>
    private float[] Smoothed(float[] values, float strength)
    {
        var result = new float[values.Length];
        for (var r = 0; r < _grid.Rows; r++)
        {
            for (var c = 0; c < _grid.Columns; c++)
            {
                float At(int y, int x) => values[Math.Clamp(y, 0, _grid.Rows - 1) * _grid.Columns + Math.Clamp(x, 0, _grid.Columns - 1)];
                result[r * _grid.Columns + c] = strength * 0.2f * (At(r, c) + At(r - 1, c) + At(r + 1, c) + At(r, c - 1) + At(r, c + 1));
            }
        }
        return result;
    }
}

file static class DictionaryExtensions
{
    public static Dictionary<int, float[]> With(this Dictionary<int, float[]> dictionary, int key, float[] value)
    {
        dictionary[key] = value;
        return dictionary;
    }
}
