using VisionCell.Acquisition;

namespace VisionCell.Preprocessing;

/// <summary>
/// Local distortions of the sections of a stack that has been aligned as a whole. Sections pass one by one: each is warped by what is
/// known of it, its patches are looked for in the few sections before it (coarsely by <see cref="BlockMatching"/>, then by
/// <see cref="PatchGradients"/> on the warped section), and the meshes of a sliding window are solved together (<see cref="ElasticMesh"/>). Last, motion that is slow from
/// section to section is taken out of every node's path, by the same rule for all: it belongs to the specimen.
/// </summary>
internal sealed class ElasticAlignment
{
    /// <summary>Patches of the search, in mesh spacings.</summary>
    private const double SearchPatch = 2;

    /// <summary>Half the edge of the windows of the steps by gradients, in mesh spacings.</summary>
    private const double StepReach = 1.5;

    /// <summary>Least edge of a patch, pixels of its level: smaller ones hold too little to be told from others.</summary>
    private const int MinPatch = 24;

    /// <summary>Steps by gradients on the coarse level, then on the fine one, each on the section warped by what is known so far.</summary>
    private const int CoarseSteps = 1, FineSteps = 2;

    /// <summary>
    /// How far a good match may be off because the specimen moves in itself, standard deviation, pixels: 1 / (1 + variance / this²) is its weight, direction by direction.
    /// Where the ordinary match of two sections is worse (serial sections of 50 nm share membranes and no grain), that takes its place: weights tell good matches from bad ones of one stack.
    /// </summary>
    private const double Own = 0.3;

    /// <summary>
    /// Sections over which a node forgets where it was: links pull with weights up to 1 each. What it forgets is lost to the telling of slow from fast, so that it must
    /// be longer than what counts as fast (at 12 sections a quarter of a wave of 30 was lost).
    /// </summary>
    private const double Memory = 30;

    /// <summary>Sections that are solved together; the older half of them is final after that.</summary>
    private const int Window = 32;

    /// <summary>
    /// The dead zone of fields, root mean square over the section, against that of whole sections: it must not be below the error of fields, 0.8 to 1 pixel on distorted
    /// stacks, nor below what a specimen does of itself: medulla-1, which is aligned, has steps of 1 to 1.5 pixels. At three times that of whole sections fields moved it by 0.24 pixels, at four times by 0.21.
    /// </summary>
    private const double FieldDeadZone = 6;

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
        return work.Finish(sections, usable, [.. maps.Select(m => m.Scaled(1.0 / reduction))]);
    }

    /// <summary>Matches one section with those before it, and places it by that until its window is solved.</summary>
    private Reference Pass(PreparedSection section, int z, AffineMap map, IReadOnlyList<Reference> references)
    {
        var field = _grid with { };
        var (fineLevel, coarseLevel) = (Math.Min(_fine, section.Levels.Count - 1), Math.Min(_fine + 1, section.Levels.Count - 1));
        for (var round = 0; round <= CoarseSteps + FineSteps && references.Count > 0; round++)
        {
            var fine = round > CoarseSteps;
            var level = fine ? fineLevel : coarseLevel;
            var size = 1 << level;
            var warped = Warp(section, level, map, field);
            var links = references.Select(r => round == 0
                ? Link(r, z, field, BlockMatching.Match(r.Coarse, warped, _grid.Rows, _grid.Columns, _spacing / size, Math.Max(MinPatch, (int)Math.Round(SearchPatch * _spacing / size)),
                    (int)Math.Ceiling(_elastic.MaxDisplacement / _reduction / size) + 1), size)
                : Link(r, z, field, PatchGradients.Measure(fine ? r.Fine : r.Coarse, warped, _grid.Rows, _grid.Columns, _spacing / size, Math.Max(0.5 * MinPatch, StepReach * _spacing / size)), size)).ToArray();
            var (y, x) = (references.ToDictionary(r => r.Z, r => r.Field.Y), references.ToDictionary(r => r.Z, r => r.Field.X));
            (y[z], x[z]) = ([.. field.Y], [.. field.X]);
            _mesh.Solve(y, x, [z], links);
            field = new ElasticField(_grid.Spacing, _grid.Origin, _grid.Rows, _grid.Columns, y[z], x[z]);
            if (round == CoarseSteps + FineSteps)
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

    /// <summary>What the matches of the search ask of the fields.</summary>
    private ElasticLink Link(Reference reference, int z, ElasticField field, PatchMatches found, int size)
    {
        var link = ElasticLink.Empty(reference.Z, z, found.Y.Length);
        for (var n = 0; n < found.Y.Length; n++)
        {
            if (found.Confidence[n] < _elastic.MinConfidence)
                continue;
            link.YY[n] = link.XX[n] = found.Confidence[n] * found.Confidence[n] / (z - reference.Z);
            Ask(link, n, reference, field, size * (double)found.Y[n], size * (double)found.X[n]);
        }
        return link;
    }

    /// <summary>What steps by gradients ask of the fields.</summary>
    private ElasticLink Link(Reference reference, int z, ElasticField field, PatchShifts found, int size)
    {
        var link = ElasticLink.Empty(reference.Z, z, found.Y.Length);
        double[] variances = [.. Enumerable.Range(0, found.Y.Length).Where(n => found.YY[n] + found.XX[n] > 0).Select(n => 2.0 / (found.YY[n] + found.XX[n]))];
        var variance = Math.Max(Own * Own / (size * (double)size), variances.Length == 0 ? 0 : Ordered.Median(variances)); // pixels of the level
        for (var n = 0; n < found.Y.Length; n++)
        {
            // With information Λ the weight is own² (own² + Λ⁻¹)⁻¹ = own² Λ (1 + own² Λ)⁻¹, a matrix between 0 and 1.
            var (yy, yx, xx) = (variance * found.YY[n], variance * found.YX[n], variance * found.XX[n]);
            var determinant = (1 + yy) * (1 + xx) - yx * yx;
            if (!(yy + xx > 0))
                continue;
            var (wyy, wyx, wxx) = ((yy * (1 + xx) - yx * yx) / determinant, yx / determinant, (xx * (1 + yy) - yx * yx) / determinant);
            if (Math.Sqrt(0.5 * (wyy + wxx)) < _elastic.MinConfidence)
                continue;
            var gap = z - reference.Z;
            (link.YY[n], link.YX[n], link.XX[n]) = ((float)(wyy / gap), (float)(wyx / gap), (float)(wxx / gap));
            Ask(link, n, reference, field, size * (double)found.Y[n], size * (double)found.X[n]);
        }
        return link;
    }

    /// <summary>Where a reference shows at node u what the warped section shows at u + d, the section's field should be d + field(u + d) at u.</summary>
    private void Ask(ElasticLink link, int node, Reference reference, ElasticField field, double dy, double dx)
    {
        var (fy, fx) = field.At(node / _grid.Columns * _spacing + dy, node % _grid.Columns * _spacing + dx);
        link.Y[node] = (float)(dy + fy - reference.Field.Y[node]);
        link.X[node] = (float)(dx + fx - reference.Field.X[node]);
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
            _mesh.Solve(_y, _x, _open, links);
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
        var trust = Enumerable.Range(0, link.Y.Length).Select(n =>
        {
            var (y, x) = Rest(link, n);
            return (float)(1 / (1 + y * y + x * x));
        }).ToArray();
        float[] Less(float[] weights) => [.. weights.Zip(trust, (w, t) => w * t)];
        return link with { YY = Less(link.YY), YX = Less(link.YX), XX = Less(link.XX) };
    }

    private void Rate(ElasticLink link)
    {
        for (var n = 0; n < link.Y.Length; n++)
        {
            var weight = link.Weight(n);
            if (weight == 0)
                continue;
            var (y, x) = Rest(link, n);
            foreach (var z in (int[])[link.From, link.To])
            {
                if (!_quality.TryGetValue(z, out var quality))
                    _quality[z] = quality = (new float[link.Y.Length], new double[link.Y.Length], new double[link.Y.Length]);
                quality.Confidence[n] = Math.Max(quality.Confidence[n], MathF.Sqrt(weight * (link.To - link.From)));
                quality.Squares[n] += link.YY[n] * y * y + 2 * link.YX[n] * y * x + link.XX[n] * x * x;
                quality.Weights[n] += weight;
            }
        }
    }

    /// <summary>Takes out what is slow, smooths what would fold, and brings everything to full pixels.</summary>
    private (IReadOnlyList<ElasticField?> Fields, IReadOnlyList<MatchMap?> Maps, double MinimumJacobian) Finish(ISectionSource sections, IReadOnlyList<int> usable, AffineMap[] maps)
    {
        // Of the whole way of a node, not of what its section's map left of it: what is slow is told once, not twice.
        AddMaps(1);
        var window = _configuration.KeepSlowMotion ? _configuration.DriftWindow : -1;
        SteadyTrend.SubtractFromMeshes([.. usable.Select(z => _y[z])], [.. usable.Select(z => _x[z])], window);
        AddMaps(-1);
        foreach (var z in usable)
            Reframe(z);
        var fields = new ElasticField?[sections.Count];
        var confidences = new MatchMap?[sections.Count];
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
                confidences[z] = new MatchMap(_spacing * _reduction, _grid.Rows, _grid.Columns, quality.Confidence,
                    [.. quality.Squares.Select((s, n) => quality.Weights[n] > 0 ? (float)(_reduction * Math.Sqrt(s / quality.Weights[n])) : float.NaN)]);
            }
        });
        return (fields, confidences, jacobian);

        void AddMaps(int sign)
        {
            foreach (var z in usable)
            {
                for (var n = 0; n < _y[z].Length; n++)
                {
                    var (row, column) = (n / _grid.Columns * _spacing, n % _grid.Columns * _spacing);
                    var (toY, toX) = maps[z].Apply(row, column);
                    _y[z][n] += (float)(sign * (toY - row));
                    _x[z][n] += (float)(sign * (toX - column));
                }
            }
        }
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
