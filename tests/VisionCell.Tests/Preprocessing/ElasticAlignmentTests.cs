using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

/// <summary>Displacement fields: their laws, what moves by them, and distortions put into real sections and found again.</summary>
public sealed class ElasticAlignmentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-elastic-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_field_goes_through_its_nodes_and_its_pixels_are_its_points()
    {
        var field = Wave(100, 90, 12, 3);
        var (y, x) = (new float[100 * 90], new float[100 * 90]);
        field.Expand(100, 90, y, x);
        Assert.Equal(field.Y[2 * field.Columns + 3], field.At(24, 36).Y, 1e-5);
        foreach (var (row, column) in ((int, int)[])[(0, 0), (99, 89), (17, 43), (60, 5)])
        {
            var at = field.At(row, column);
            Assert.Equal(at.Y, y[row * 90 + column], 1e-4);
            Assert.Equal(at.X, x[row * 90 + column], 1e-4);
        }
        // Twice as fine: the same places of the specimen move twice as many pixels.
        var fine = field.Scaled(2).At(2 * 20.5 - 0.5, 2 * 33.5 - 0.5);
        Assert.Equal(2 * field.At(20, 33).Y, fine.Y, 1e-4);
    }

    [Fact]
    public void The_jacobian_of_a_stretch_is_known_and_a_fold_is_seen()
    {
        var stretch = ElasticField.Zero(97, 97, 16);
        for (var n = 0; n < stretch.Y.Length; n++)
            stretch.X[n] = -0.25f * (n % stretch.Columns) * 16;
        Assert.Equal(0.75, stretch.MinimumJacobian(97, 97), 0.05);
        var fold = ElasticField.Zero(97, 97, 16);
        (fold.X[3 * fold.Columns + 2], fold.X[3 * fold.Columns + 3]) = (12, -12);
        Assert.True(fold.MinimumJacobian(97, 97) < 0);
    }

    [Fact]
    public void Points_labels_and_grey_values_go_there_and_back()
    {
        const int Edge = 140;
        var field = Wave(Edge, Edge, 16, 4);
        var transform = new SectionTransform(0, AffineMap.Rotation(0.03, 70, 70, 2.5, -1.5).Rows, "elastic/z00000.json", 1, SectionStatus.Kept, "");
        var random = new Random(2);
        for (var trial = 0; trial < 50; trial++)
        {
            var (y, x) = (20 + 100 * random.NextDouble(), 20 + 100 * random.NextDouble());
            var (sy, sx) = SectionResampling.Source(y, x, transform, field);
            var (ty, tx) = SectionResampling.Target(sy, sx, transform, field);
            Assert.Equal(y, ty, 1e-3);
            Assert.Equal(x, tx, 1e-3);
        }

        var section = PreprocessingFixture.Sample(1, Edge).Section(0).ToArray();
        var (moved, back) = (new float[section.Length], new float[section.Length]);
        SectionResampling.Apply(section, moved, Edge, Edge, transform, field, SectionInterpolation.Cubic);
        SectionResampling.Undo(moved, back, Edge, Edge, transform, field, SectionInterpolation.Cubic);
        var (put, left) = (0.0, 0.0);
        for (var y = 20; y < 120; y++)
        {
            for (var x = 20; x < 120; x++)
            {
                put += Math.Abs(moved[y * Edge + x] - section[y * Edge + x]);
                left += Math.Abs(back[y * Edge + x] - section[y * Edge + x]);
            }
        }
        Assert.True(left < 0.2 * put, $"{left / 1e4:0.##} grey values after going there and back, {put / 1e4:0.##} by going");

        // Labels are never mixed: none appears that was not there, and inside large ones all come back.
        var labels = Enumerable.Range(0, Edge * Edge).Select(i => (ushort)(1000 + 100 * (i / Edge / 35) + i % Edge / 35)).ToArray();
        var (movedLabels, backLabels) = (new ushort[labels.Length], new ushort[labels.Length]);
        SectionResampling.ApplyLabels<ushort>(labels, movedLabels, Edge, Edge, transform, field);
        SectionResampling.UndoLabels<ushort>(movedLabels, backLabels, Edge, Edge, transform, field);
        Assert.Subset(labels.Append((ushort)0).ToHashSet(), movedLabels.ToHashSet());
        for (var y = 52; y < 120; y += 35)
        {
            for (var x = 52; x < 120; x += 35)
                Assert.Equal(labels[y * Edge + x], backLabels[y * Edge + x]);
        }
        Assert.Contains((ushort)0, movedLabels);
        var outside = new byte[labels.Length];
        SectionResampling.MarkOutside(outside, Edge, Edge, transform, field);
        Assert.Equal(outside.Select(o => o == 1), movedLabels.Select(l => l == 0));
    }

    [Fact]
    public void A_mesh_between_two_fixed_ones_lies_between_and_where_nothing_matched_it_bends_least()
    {
        const int Rows = 5, Columns = 6;
        var mesh = new ElasticMesh(Rows, Columns, 0.1, 1e-6);
        float[] Tilt(float at, float slope) => [.. Enumerable.Range(0, Rows * Columns).Select(n => at + slope * (n % Columns))];
        var weights = Enumerable.Range(0, Rows * Columns).Select(n => n % Columns is 2 or 3 ? 0f : 1f).ToArray();
        var none = new float[Rows * Columns];
        var y = new Dictionary<int, float[]> { [0] = Tilt(0, 0), [1] = [.. none], [2] = Tilt(2, 1) };
        var x = new Dictionary<int, float[]> { [0] = Tilt(3, 0), [1] = [.. none], [2] = Tilt(1, 0) };
        mesh.Solve(y, x, [1], [new(0, 1, weights, none, weights, none, none), new(1, 2, weights, none, weights, none, none)]);

        // Halfway, tilted half as much, also where there is no match: a tilt bends nothing.
        Assert.All(Enumerable.Range(0, Rows * Columns), n => Assert.Equal(1 + 0.5f * (n % Columns), y[1][n], 0.03));
        Assert.All(x[1], v => Assert.Equal(2, v, 0.03));
    }

    [Fact]
    public void A_match_counts_only_in_the_direction_that_it_knows()
    {
        // One match knows the diagonal y = x only, another one the diagonal across it: together they say all.
        var mesh = new ElasticMesh(1, 1, 0, 1e-9);
        var (y, x) = (new Dictionary<int, float[]> { [0] = [0], [1] = [0] }, new Dictionary<int, float[]> { [0] = [0], [1] = [0] });
        mesh.Solve(y, x, [1], [new(0, 1, [0.5f], [0.5f], [0.5f], [3], [1])]);
        Assert.Equal((2f, 2f), (y[1][0], x[1][0]), Near(1e-3));
        mesh.Solve(y, x, [1], [new(0, 1, [0.5f], [0.5f], [0.5f], [3], [1]), new(0, 1, [0.5f], [-0.5f], [0.5f], [4], [0])]);
        Assert.Equal((4f, 0f), (y[1][0], x[1][0]), Near(1e-3));
    }

    [Fact]
    public void A_window_of_meshes_meets_contradicting_links_in_the_middle()
    {
        var mesh = new ElasticMesh(3, 3, 0, 1e-6);
        float[] All(float v) => [.. Enumerable.Repeat(v, 9)];
        Dictionary<int, float[]> Start() => new() { [0] = All(0), [1] = All(0), [2] = All(0) };
        ElasticLink Link(int from, int to, float target) => new(from, to, All(1), All(0), All(1), All(target), All(-2 * target));
        var (y, x) = (Start(), Start());
        mesh.Solve(y, x, [1, 2], [Link(0, 1, 1), Link(1, 2, 1), Link(0, 2, 2.3f)]);
        Assert.All(y[1], v => Assert.Equal(1.1f, v, 0.01f));
        Assert.All(y[2], v => Assert.Equal(2.2f, v, 0.01f));
        Assert.All(x[2], v => Assert.Equal(-4.4f, v, 0.02f));
    }

    [Theory]
    [InlineData(2.4, -1.7)]
    [InlineData(-5.3, 4.6)]
    public void Patches_are_found_where_they_went(double y, double x)
    {
        var one = PreprocessingFixture.Sample(1, 160);
        var moved = new float[160 * 160];
        SectionResampling.Apply(one.Section(0), moved, 160, 160, SectionTransform.Shift(0, -y, -x, 1, ""), null, SectionInterpolation.Cubic);
        var first = WarpedImage.Of(PreparedSection.Of(one.Section(0), 160, 160, 1).Levels[0], AffineMap.Identity, null);
        var second = WarpedImage.Of(PreparedSection.Of(moved, 160, 160, 1).Levels[0], AffineMap.Identity, null);
        var found = BlockMatching.Match(first, second, 6, 6, 32, 40, 9);
        var sure = Enumerable.Range(0, 36).Where(n => n / 6 is > 0 and < 5 && n % 6 is > 0 and < 5 && found.Confidence[n] > 0.3).ToArray();
        Assert.True(sure.Length >= 10, $"{sure.Length} of 16 nodes match");
        Assert.All(sure, n => Assert.Equal((y, x), (found.Y[n], found.X[n]), Near(0.25)));
    }

    [Fact]
    public void Steps_by_gradients_find_a_fraction_of_a_pixel_at_the_border_too_and_know_which_direction_they_know()
    {
        var one = PreprocessingFixture.Sample(1, 160);
        var moved = new float[160 * 160];
        SectionResampling.Apply(one.Section(0), moved, 160, 160, SectionTransform.Shift(0, -0.4, 0.3, 1, ""), null, SectionInterpolation.Cubic);
        WarpedImage Of(ReadOnlySpan<float> section) => WarpedImage.Of(PreparedSection.Of(section, 160, 160, 1).Levels[0], AffineMap.Identity, null);
        var found = PatchGradients.Measure(Of(one.Section(0)), Of(moved), 6, 6, 31.8, 36);
        Assert.All(Enumerable.Range(0, 36), n => Assert.Equal((0.4, -0.3), (found.Y[n], found.X[n]), Near(0.12)));

        // Upright stripes say where they are along x and nothing along y.
        float[] stripes = [.. Enumerable.Range(0, 160 * 160).Select(i => 100 + 50 * MathF.Sin(i % 160 * 0.4f))];
        var across = PatchGradients.Measure(Of(stripes), Of(stripes), 6, 6, 31.8, 36);
        Assert.All(Enumerable.Range(0, 36), n => Assert.True(across.XX[n] > 100 * across.YY[n]));
    }

    [Fact]
    public void Patches_of_noise_match_nowhere_with_confidence()
    {
        var flat = PreprocessingFixture.Sample(2, 128).Map(_ => 100f);
        var noise = PreprocessingFixture.Noisy(flat, 10, 4);
        var images = Enumerable.Range(0, 2).Select(z => WarpedImage.Of(PreparedSection.Of(noise.Section(z), 128, 128, 1).Levels[0], AffineMap.Identity, null)).ToArray();
        var found = BlockMatching.Match(images[0], images[1], 5, 5, 30, 36, 8);
        Assert.True(found.Confidence.Average() < 0.05, $"{found.Confidence.Average():0.###}");
    }

    [Fact]
    public void Distortions_put_into_real_sections_are_found_and_nothing_folds()
    {
        const int Margin = 8, Sections = 14;
        var truth = PreprocessingFixture.Sample(Sections, 176);
        var random = new Random(6);
        var put = Enumerable.Range(0, Sections).Select(_ => Wave(176, 176, 16, 3, 6.28 * random.NextDouble())).ToArray();
        var named = new SectionTransforms([.. put.Select((_, z) => SectionTransform.Shift(z, 0, 0, 1, "") with { Elastic = "put in" })]);
        var distorted = SectionResampling.Apply(truth, named, put, SectionInterpolation.Cubic).Crop(new Box(0, Margin, Margin, new Shape3(Sections, 160, 160)));

        var configuration = new AlignmentConfiguration(deadZone: 0, neighbours: 3, elastic: new ElasticConfiguration());
        var result = SectionAlignment.Estimate(new VolumeSections(distorted), configuration);

        Assert.True(result.MinimumJacobian >= 0.3);
        Assert.All(result.Fields, f => Assert.True(f is null || f.MinimumJacobian(160, 160) > 0));
        Assert.All(result.Maps, m => Assert.True(m!.Confidence.Average() > 0.15));
        Assert.All(result.Maps, m => Assert.InRange(m!.Residual.Where(r => !float.IsNaN(r)).Average(), 0, 1.5));
        var (before, after) = (Steps((z, y, x) => (y, x)), Steps((z, y, x) => SectionResampling.Source(y, x, result.Transforms.Sections[z], result.Fields[z])));
        Assert.True(after < 0.35 * before, $"{after:0.##} pixels from section to section, {before:0.##} before");

        double Steps(Func<int, double, double, (double Y, double X)> correct)
        {
            (double Y, double X) At(int z, double y, double x)
            {
                var (cy, cx) = correct(z, y, x);
                return SectionResampling.Source(cy + Margin, cx + Margin, named.Sections[z], put[z]);
            }
            return (from z in Enumerable.Range(1, Sections - 1) from y in (double[])[30, 55, 80, 105, 130] from x in (double[])[30, 55, 80, 105, 130]
                    let a = At(z - 1, y, x) let b = At(z, y, x) select Math.Sqrt((a.Y - b.Y) * (a.Y - b.Y) + (a.X - b.X) * (a.X - b.X))).Average();
        }
    }

    [Fact]
    public void Aligned_sections_are_hardly_warped()
    {
        var result = SectionAlignment.Estimate(new VolumeSections(PreprocessingFixture.Sample(16, 128)), new AlignmentConfiguration(elastic: new ElasticConfiguration()));
        var moved = (from z in Enumerable.Range(0, 16) from y in (double[])[20, 64, 108] from x in (double[])[20, 64, 108]
                     let s = SectionResampling.Source(y, x, result.Transforms.Sections[z], result.Fields[z]) select Math.Sqrt((s.Y - y) * (s.Y - y) + (s.X - x) * (s.X - x))).Average();
        Assert.True(moved < 0.15, $"{moved:0.###} pixels");
    }

    [Fact]
    public void Transforms_with_fields_are_written_and_read_back()
    {
        var path = Path.Combine(_folder, "transforms.json");
        var fields = new ElasticField?[] { null, Wave(64, 80, 16, 2) };
        AlignmentResult.Write(path, new SectionTransforms([SectionTransform.Shift(0, 0, 0, 1, "first"), SectionTransform.Shift(1, 1, 2, 1, "warped") with { Elastic = AlignmentResult.FieldPath(1) }]), fields);
        var (transforms, read) = AlignmentResult.Read(path);
        Assert.Equal("elastic/z00001.json", transforms.Sections[1].Elastic);
        Assert.Null(read[0]);
        Assert.Equal(fields[1]!.Y, read[1]!.Y);
        Assert.Equal(fields[1]!.X, read[1]!.X);
        Assert.Equal((16.0, 0.0, 5, 6), (read[1]!.Spacing, read[1]!.Origin, read[1]!.Rows, read[1]!.Columns));

        var stack = PreprocessingFixture.Sample(2, 64);
        Assert.Contains("section 1 has an elastic field", Assert.Throws<BadInputException>(() => SectionResampling.Apply(stack, transforms, SectionInterpolation.Linear)).Message, StringComparison.Ordinal);
        Assert.NotEqual(stack.Section(1).ToArray(), SectionResampling.Apply(stack, transforms, read, SectionInterpolation.Linear).Section(1).ToArray());
        File.Delete(Path.Combine(_folder, "elastic", "z00001.json"));
        Assert.Contains("z00001.json: no such file", Assert.Throws<BadInputException>(() => AlignmentResult.Read(path)).Message, StringComparison.Ordinal);
    }

    private static ElasticField Wave(int height, int width, double spacing, double amplitude, double phase = 0.4)
    {
        var field = ElasticField.Zero(height, width, spacing);
        for (var n = 0; n < field.Y.Length; n++)
        {
            var (y, x) = (n / field.Columns * spacing, n % field.Columns * spacing);
            field.Y[n] = (float)(amplitude * Math.Sin(2 * Math.PI * x / 150 + phase));
            field.X[n] = (float)(amplitude * Math.Cos(2 * Math.PI * y / 130 + 2 * phase));
        }
        return field;
    }

    private static Func<(double Y, double X), (double Y, double X), bool> Near(double tolerance) => (a, b) => Math.Abs(a.Y - b.Y) < tolerance && Math.Abs(a.X - b.X) < tolerance;
}
