using VisionCell.Acquisition;
using VisionCell.Kernels;
using VisionCell.Kernels.Simd;
using VisionCell.Meshing;
using VisionCell.NeuralField;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.NeuralField;

/// <summary>Fields fitted to views and sections of specimens with closed forms.</summary>
public sealed class FieldTrainingTests
{
    private const double Radius = 60;

    private static readonly HashFieldConfiguration Small = new()
    {
        Grid = new HashGridConfiguration { Levels = 8, Features = 2, Log2TableSize = 13, CoarsestResolution = 4, FinestResolution = 32 },
        HiddenWidth = 32,
    };

    private static readonly FieldBounds Box = new(new Position(1000, -120, 0), new Position(1200, 80, 240));
    private static readonly VoxelSize Voxel = new(10, 10, 10);
    private static readonly Position Middle = new(1100, -20, 120);

    private static readonly FieldTrainingConfiguration Quick = new() { Steps = 300, Pixels = 256, WarmUpSteps = 64, CheckpointSteps = 1000 };

    [Fact]
    public void A_ball_is_found_from_the_projections_of_a_tilt_series()
    {
        var views = TiltSeries(Enumerable.Range(0, 25).Select(i => -60 + 5.0 * i), Middle);
        var field = FieldTraining.NewField(Small, Box, Voxel, views);
        var training = new FieldTraining(field, Quick, views);
        var losses = new List<double>();
        training.Run(progress: new Direct(p => losses.Add(p.Loss)));
        Assert.Equal(300, losses.Count);
        Assert.True(losses[^1] < losses[0] / 20, $"{losses[0]} to {losses[^1]}");
        // Most of the box is empty, and rays came to skip it.
        Assert.InRange(training.OccupiedShare, 0.02, 0.6);

        // A projection that was not seen, between two that were, and the volume itself.
        var unseen = Camera.Tilt(12.5, Middle, 10, 24, 24);
        Assert.InRange(RootMeanSquare(FieldRenderer.Project(field, unseen), Projection(unseen, Middle)), 0, 0.04 * 4 * Radius);
        var volume = field.Query(Box, Voxel);
        float[] truth = [.. Enumerable.Range(0, volume.Data.Length).Select(i => Inside(volume, i) ? 2f : 0)];
        Assert.InRange(RootMeanSquare(volume.Data, truth), 0, 0.3);
        Assert.All(volume.Data, v => Assert.True(v >= 0));
    }

    [Fact]
    public void A_shining_ball_is_found_from_perspective_views()
    {
        // Opaque, brighter towards larger y: what is seen is the surface, whose brightness is that of its place.
        Camera From(double degrees, double height) => Camera.LookAt(new Position(Middle.Z + 400 * Math.Cos(degrees * Math.PI / 180), Middle.Y + height, Middle.X + 400 * Math.Sin(degrees * Math.PI / 180)), Middle, 40, 32, 32);
        List<Camera> cameras = [.. Enumerable.Range(0, 16).Select(i => From(22.5 * i, i % 3 * 100 - 100))];
        var views = new ViewSet(ViewKind.Emission, [.. cameras.Select(c => Shining(c).Image)], cameras, background: 0.25);
        var field = FieldTraining.NewField(Small, Box, Voxel, views);
        new FieldTraining(field, Quick with { Steps = 500 }, views).Run();

        var unseen = From(33, 40);
        var (image, depth, normals) = Shining(unseen);
        var seen = FieldRenderer.Render(field, unseen, views.Background);
        var error = RootMeanSquare(seen.Intensity, image);
        Assert.True(-20 * Math.Log10(error) > 25, $"{-20 * Math.Log10(error):F1} dB");
        // Where the ray meets the ball well inside its outline: depth within a voxel or two, normals away from the middle.
        int[] inner = [.. Enumerable.Range(0, depth.Length).Where(i => depth[i] < 400 - Radius * 0.7)];
        Assert.True(inner.Length > 50);
        Assert.InRange(inner.Select(i => Math.Abs(seen.Depth[i] - depth[i])).Order().ElementAt(inner.Length / 2), 0, 20);
        var alike = inner.Average(i => Enumerable.Range(0, 3).Sum(a => seen.Normals[3 * i + a] * normals[3 * i + a]));
        Assert.True(alike > 0.8, $"cosine {alike:F3}, {-20 * Math.Log10(error):F1} dB");
        Assert.All(inner, i => Assert.InRange(seen.Opacity[i], 0.5f, 1));
        Assert.Equal(0, seen.Normals[0]);
    }

    [Fact]
    public void Sections_and_views_together_are_fitted_by_one_field()
    {
        var views = TiltSeries(Enumerable.Range(0, 13).Select(i => -60 + 10.0 * i), Middle);
        var fine = new Volume<float>(new Shape3(20, 20, 24), Voxel, new Position(1005, -115, 5), Provenance.Of("test"));
        for (var i = 0; i < fine.Data.Length; i++)
            fine.Data[i] = Inside(fine, i) ? 2 : 0;
        var sections = AxialSampling.Pool(4).Acquire(fine);
        var field = FieldTraining.NewField(Small, Box, Voxel, views, sections);
        var training = new FieldTraining(field, Quick with { Voxels = 1024 }, views, sections);
        training.Run();
        Assert.InRange(RootMeanSquare(field.Query(Box, Voxel).Data, fine.Data), 0, 0.3);
        // Each voxel of a section is the mean over its four rows.
        var asked = AxialSampling.Pool(4).Acquire(field.Query(Box, Voxel));
        Assert.InRange(RootMeanSquare(asked.Observed.Data, sections.Observed.Data), 0, 0.2);
    }

    [Fact]
    public void A_training_that_was_ended_and_gone_on_with_gives_the_same_bits()
    {
        var folder = Directory.CreateTempSubdirectory("visioncell-training").FullName;
        try
        {
            var views = TiltSeries([-40, 0, 40], Middle);
            var configuration = Quick with { Steps = 40, Pixels = 64, WarmUpSteps = 8, OccupancySteps = 8 };
            HashField New(int threads) => FieldTraining.NewField(Small, Box, Voxel, views, kernels: SimdKernels.Create(threads: threads));
            var whole = New(1);
            new FieldTraining(whole, configuration, views).Run();

            var path = Path.Combine(folder, "training.safetensors");
            using var cancellation = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => new FieldTraining(New(2), configuration, views)
                .Run(path, new Direct(p => { if (p.Step == 23) cancellation.Cancel(); }), cancellation.Token));
            var resumed = New(3);
            var training = new FieldTraining(resumed, configuration, views);
            var steps = new List<int>();
            training.Run(path, new Direct(p => steps.Add(p.Step)));
            Assert.Equal(Enumerable.Range(24, 17), steps);
            Assert.Equal(whole.Query(Box, Voxel).Data, resumed.Query(Box, Voxel).Data);

            Assert.Contains("another training", Assert.Throws<BadInputException>(() => new FieldTraining(New(1), configuration with { Seed = 2 }, views).Run(path)).Message, StringComparison.Ordinal);
            resumed.Save(path);
            Assert.Equal(resumed.Query(Box, Voxel).Data, HashField.Load(path).Query(Box, Voxel).Data);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Moving_specimen_and_cameras_alike_changes_nothing()
    {
        float[] Fitted(double by)
        {
            var (middle, box) = (new Position(1100 + by, by - 20, 120 + by), new FieldBounds(new Position(1000 + by, by - 120, by), new Position(1200 + by, 80 + by, 240 + by)));
            var views = TiltSeries([0, 90], middle);
            var field = FieldTraining.NewField(Small, box, Voxel, views);
            new FieldTraining(field, Quick with { Steps = 20 }, views).Run();
            return field.Query(box, Voxel).Data;
        }
        // Positions are exact in double precision as far as a rotation by a right angle is: 6e-17 of it.
        Assert.InRange(RootMeanSquare(Fitted(0), Fitted(512)), 0, 1e-3);
    }

    [Fact]
    public void A_specimen_that_fills_the_box_is_told_about_its_mean()
    {
        var fine = new Volume<float>(new Shape3(20, 20, 24), Voxel, new Position(1005, -115, 5), Provenance.Of("test"));
        for (var i = 0; i < fine.Data.Length; i++)
            fine.Data[i] = 100 + (Inside(fine, i) ? 20 : 0);
        Camera[] cameras = [.. Enumerable.Range(0, 25).Select(i => Camera.Tilt(-60 + 5.0 * i, Middle, 10, 20, 36))];
        var views = VolumeViews.Project(fine, cameras);
        var field = FieldTraining.NewField(Small, Box, Voxel, views);
        Assert.Equal(FieldActivation.Linear, field.Configuration.Activation);
        Assert.InRange(field.Offset, 95, 115);
        new FieldTraining(field, Quick, views).Run();
        Assert.InRange(RootMeanSquare(field.Query(Box, Voxel).Data, fine.Data), 0, 4);
        // One with empty space about it stays one that is never negative.
        Assert.Equal(FieldActivation.Softplus, FieldTraining.NewField(Small, Box, Voxel, TiltSeries([0, 40], Middle)).Configuration.Activation);
    }

    [Fact]
    public void What_a_field_has_below_nothing_is_empty_where_it_is_rendered()
    {
        HashField About(double density) => new(Small with { Activation = FieldActivation.Linear, Emits = false }, Box, Voxel, density, 0.05, 1);
        var camera = Camera.LookAt(new Position(Middle.Z + 400, Middle.Y, Middle.X), Middle, 40, 24, 24);
        var (none, mixed, full) = (FieldRenderer.Render(About(-1), camera), FieldRenderer.Render(About(0), camera), FieldRenderer.Render(About(1), camera));
        Assert.All(none.Opacity, opacity => Assert.Equal(0, opacity));
        Assert.All(none.Depth, depth => Assert.Equal(float.NaN, depth));
        Assert.All(mixed.Opacity, opacity => Assert.InRange(opacity, 0, 1));
        Assert.All(mixed.Normals, part => Assert.InRange(part, -1.001f, 1.001f));
        Assert.InRange(full.Opacity[12 * 24 + 12], 0.999f, 1.001f);
    }

    [Fact]
    public void Views_of_a_volume_are_its_integrals_and_the_light_of_its_surface()
    {
        // A slab of density 2 and 60 nm: seen from straight above and at 60 degrees twice as long.
        var slab = new Volume<float>(new Shape3(6, 40, 40), Voxel, new Position(5, 5, 5), Provenance.Of("slab"));
        Array.Fill(slab.Data, 2);
        var middle = new Position(30, 200, 200);
        var views = VolumeViews.Project(slab, [Camera.Tilt(0, middle, 10, 3, 3), Camera.Tilt(60, middle, 10, 3, 3)]);
        Assert.Equal(120, views.Image(0)[4], 0.01f);
        Assert.Equal(240, views.Image(1)[4], 0.01f);
        // Opaque: its own light; a thousandth a nanometre: 1 - exp(-0.06) of it, and the rest of the background.
        var (light, dense) = (slab.Map(_ => 0.75f), slab.Map(_ => 1f));
        var camera = Camera.LookAt(new Position(-500, 200, 200.001), middle, 5, 3, 3);
        Assert.Equal(0.75f, VolumeViews.Render(dense, light, [camera], 0.5).Image(0)[4], 1e-4f);
        var thin = 1 - Math.Exp(-0.06);
        Assert.Equal(thin * 0.75 + (1 - thin) * 0.5, VolumeViews.Render(slab.Map(_ => 0.001f), light, [camera], 0.5).Image(0)[4], 1e-4);
        Assert.Throws<BadInputException>(() => VolumeViews.Render(slab, slab.Crop(new Box(0, 0, 0, new Shape3(1, 1, 1))), [camera]));
    }

    [Fact]
    public void A_turntable_sees_the_whole_box_and_a_surface_has_the_fields_own_normals()
    {
        var views = TiltSeries(Enumerable.Range(0, 13).Select(i => -60 + 10.0 * i), Middle);
        var field = FieldTraining.NewField(Small, Box, Voxel, views);
        new FieldTraining(field, Quick, views).Run();
        var video = Turntable.Video(field, 3, 24);
        Assert.Equal((3, 24, 24), (video.Frames.Count, video.Height, video.Width));
        Assert.Equal(["0°", "120°", "240°"], video.Labels!);
        Assert.All(Turntable.Cameras(Box, 3, 24), c => Assert.Equal(0, new Direction(Middle.Z - c.Centre!.Value.Z, Middle.Y - c.Centre.Value.Y, Middle.X - c.Centre.Value.X).Cross(c.Ray(12, 12).Direction).Length, 40.0));

        var surface = field.Surface(1, new VoxelSize(8, 8, 8), new MarchingCubesOptions(CloseBorder: true));
        double radius = 0, facing = 0;
        for (var v = 0; v < surface.VertexCount; v++)
        {
            var from = new Direction(surface.Positions[3 * v + 2] - Middle.Z, surface.Positions[3 * v + 1] - Middle.Y, surface.Positions[3 * v] - Middle.X);
            var normal = new Direction(surface.Normals[3 * v + 2], surface.Normals[3 * v + 1], surface.Normals[3 * v]);
            Assert.Equal(1, normal.Length, 1e-3);
            (radius, facing) = (radius + from.Length / surface.VertexCount, facing + from.Unit().Dot(normal) / surface.VertexCount);
        }
        Assert.InRange(radius, 0.8 * Radius, 1.2 * Radius);
        Assert.True(facing > 0.7, $"cosine {facing:F2}");
    }

    [Fact]
    public void The_prior_of_variation_finds_more_in_few_noisy_views()
    {
        var clean = TiltSeries(Enumerable.Range(0, 9).Select(i => -60 + 15.0 * i), Middle);
        var random = new Random(5);
        // The longest chord counts 240.
        var views = new ViewSet(ViewKind.Absorption, [.. Enumerable.Range(0, clean.Count).Select(v => clean.Image(v).ToArray().Select(p => p + 120 * (random.NextSingle() - 0.5f)).ToArray())], clean.Cameras);
        (double Error, double Variation) Fitted(double weight)
        {
            var field = FieldTraining.NewField(Small, Box, Voxel, views);
            new FieldTraining(field, Quick with { Steps = 200, VariationWeight = weight }, views).Run();
            var volume = field.Query(Box, Voxel);
            float[] truth = [.. Enumerable.Range(0, volume.Data.Length).Select(i => Inside(volume, i) ? 2f : 0)];
            return (RootMeanSquare(volume.Data, truth), volume.Data.Zip(volume.Data.Skip(1), (p, q) => Math.Abs(p - q)).Average());
        }
        var (free, flat) = (Fitted(0), Fitted(0.1));
        Assert.True(flat.Error < 0.95 * free.Error && flat.Variation < 0.8 * free.Variation, $"{free} to {flat}");
    }

    [Fact]
    public void Views_are_read_from_a_stack_and_its_description()
    {
        var folder = Directory.CreateTempSubdirectory("visioncell-views").FullName;
        try
        {
            var path = Path.Combine(folder, "views.json");
            Camera[] cameras = [Camera.Tilt(0, Middle, 10, 2, 3), Camera.LookAt(new Position(0, 0, 0), Middle, 40, 2, 3)];
            Configuration.Write(path, new ViewDescription { Kind = ViewKind.Emission, Background = 0.5, Cameras = cameras });
            var stack = new Volume<float>([.. Enumerable.Range(0, 12).Select(i => i / 16f)], new Shape3(2, 2, 3), Voxel, default, Provenance.Of("test"));
            var views = ViewSet.Of(stack, Configuration.Read<ViewDescription>(path));
            Assert.Equal((2, ViewKind.Emission, 0.5), (views.Count, views.Kind, views.Background));
            Assert.Equal([6 / 16f, 7 / 16f, 8 / 16f, 9 / 16f, 10 / 16f, 11 / 16f], views.Image(1).ToArray());
            Assert.Equal(cameras, views.Cameras);

            File.WriteAllText(path, """{"cameras": [{"height": 2, "width": 3, "centre": {"z": 0, "y": 0, "x": 0}, "pixelNm": 10}]}""");
            Assert.Contains("view 0: no pose", Assert.Throws<BadInputException>(() => ViewSet.Of(stack.Crop(new Box(0, 0, 0, new Shape3(1, 2, 3))), Configuration.Read<ViewDescription>(path))).Message, StringComparison.Ordinal);
            File.WriteAllText(path, """{"cameras": [{"hight": 2}]}""");
            Assert.Contains("height", Assert.Throws<BadInputException>(() => Configuration.Read<ViewDescription>(path)).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void An_oblique_section_has_the_values_of_its_plane()
    {
        var field = FieldTraining.NewField(Small, Box, Voxel, TiltSeries([0], Middle));
        var (right, down) = (new Direction(1, 0, 1), new Direction(0, 2, 0));
        var plane = field.Oblique(Middle, right, down, 7, 5, 41);
        var values = new float[1];
        field.Evaluate([new Position(1100 + 7 * 3 / Math.Sqrt(2), -20 - 7, 120 + 7 * 3 / Math.Sqrt(2))], values);
        Assert.Equal(values[0], plane[1 * 41 + 23], 1e-6f);
        // 20 pixels of 7 nm to the left are 99 nm along z, within the box; of 9 nm they are 127, outside.
        Assert.False(float.IsNaN(plane[0]));
        Assert.True(float.IsNaN(field.Oblique(Middle, right, down, 9, 5, 41)[0]));
        Assert.Throws<BadInputException>(() => field.Oblique(Middle, right, new Direction(1, 0, 1), 7, 5, 5));
        Assert.Throws<BadInputException>(() => field.Oblique(Middle, right, down, 0, 5, 5));
    }

    [Fact]
    public void Cameras_look_where_they_are_told()
    {
        var tilt = Camera.Tilt(30, Middle, 10, 5, 7);
        var (origin, direction) = tilt.Ray(2, 3);
        Assert.Equal(Middle, origin);
        Assert.Equal((0.5, Math.Cos(Math.PI / 6)), (direction.X, direction.Z), new Near());
        Assert.Equal(-10, tilt.Ray(1, 3).Origin.Y - Middle.Y, 1e-9);

        var eye = new Position(500, 100, 20);
        var look = Camera.LookAt(eye, Middle, 30, 11, 11);
        var (from, towards) = look.Ray(5, 5);
        Assert.Equal(eye, from);
        Assert.Equal(0, new Direction(Middle.Z - eye.Z, Middle.Y - eye.Y, Middle.X - eye.X).Cross(towards).Length, 1e-9);
        // Half the angle at the edge of the image, and rows run down.
        Assert.Equal(Math.Cos(15 * Math.PI / 180), look.Ray(5, 5).Direction.Dot(Edge(look)), 1e-9);
        Assert.True(look.Ray(10, 5).Direction.Y > look.Ray(0, 5).Direction.Y);
    }

    [Fact]
    public void Bad_views_end_in_one_clear_line()
    {
        var camera = Camera.Tilt(0, Middle, 10, 2, 3);
        var image = new float[6];
        void Refused(string part, Func<object> make) => Assert.Contains(part, Assert.Throws<BadInputException>(make).Message, StringComparison.Ordinal);
        Refused("no views", () => new ViewSet(ViewKind.Absorption, [], []));
        Refused("every view needs its pose", () => new ViewSet(ViewKind.Absorption, [image, image], [camera]));
        Refused("view 1: no pose", () => new ViewSet(ViewKind.Absorption, [image, image], [camera, camera with { Right = null }]));
        Refused("right angle", () => new ViewSet(ViewKind.Absorption, [image], [camera with { Down = new Direction(0, 2, 0) }]));
        Refused("one size", () => new ViewSet(ViewKind.Absorption, [image, new float[12]], [camera, camera with { Height = 4 }]));
        Refused("holds 5 pixels", () => new ViewSet(ViewKind.Absorption, [new float[5]], [camera]));
        Refused("NaN", () => new ViewSet(ViewKind.Absorption, [[0, 0, 0, float.NaN, 0, 0]], [camera]));
        Refused("between 0 and 1", () => new ViewSet(ViewKind.Emission, [[0, 0, 0, 1.5f, 0, 0]], [camera]));
        Refused("pixelNm", () => new ViewSet(ViewKind.Absorption, [image], [camera with { PixelNm = 0 }]));
        Refused("focalPixels", () => new ViewSet(ViewKind.Absorption, [image], [camera with { Projection = CameraProjection.Perspective }]));

        var views = new ViewSet(ViewKind.Emission, [image], [camera]);
        var plain = new HashField(Small, Box, Voxel, 0, 1, 1);
        Refused("neither views nor sections", () => new FieldTraining(plain, Quick, null));
        Refused("need a field that emits", () => new FieldTraining(plain, Quick, views));
        Refused("pixels", () => new FieldTraining(plain, Quick with { Pixels = 0 }, views));
        var outside = new SparseVolume(new Volume<float>(new Shape3(2, 2, 2), new VoxelSize(40, 10, 10), new Position(0, 0, 0), Provenance.Of("test")), AxialSampling.Decimate(4));
        Refused("the field", () => new FieldTraining(plain, Quick, null, outside));
        var emitting = FieldTraining.NewField(Small, Box, Voxel, views);
        Assert.Throws<InvalidOperationException>(() => emitting.Step([Middle], [1], []));
    }

    private static Direction Edge(Camera camera)
    {
        // Half a pixel beyond the last row.
        var (inner, outer) = (camera.Ray(9, 5).Direction, camera.Ray(10, 5).Direction);
        Direction OnPlane(Direction d) => Direction.Sum(1 / d.Dot(camera.Ray(5, 5).Direction), d, 0, d);
        return Direction.Sum(1.5, OnPlane(outer), -0.5, OnPlane(inner)).Unit();
    }

    private static bool Inside(Volume<float> volume, int i)
    {
        var (z, y, x) = (i / volume.Shape.SectionCount, i / volume.Shape.X % volume.Shape.Y, i % volume.Shape.X);
        return Distance(new Position(volume.Origin.Z + 10 * z, volume.Origin.Y + 10 * y, volume.Origin.X + 10 * x)) < Radius;
    }

    private static double Distance(Position p) => new Direction(p.Z - Middle.Z, p.Y - Middle.Y, p.X - Middle.X).Length;

    private static ViewSet TiltSeries(IEnumerable<double> degrees, Position middle)
    {
        List<Camera> cameras = [.. degrees.Select(d => Camera.Tilt(d, middle, 10, 24, 24))];
        return new ViewSet(ViewKind.Absorption, [.. cameras.Select(c => Projection(c, middle))], cameras);
    }

    /// <summary>A ball of value 2: chords times 2.</summary>
    private static float[] Projection(Camera camera, Position middle) => [.. Enumerable.Range(0, camera.Height * camera.Width).Select(i =>
    {
        var (origin, direction) = camera.Ray(i / camera.Width, i % camera.Width);
        var square = Radius * Radius - Math.Pow(new Direction(origin.Z - middle.Z, origin.Y - middle.Y, origin.X - middle.X).Cross(direction).Length, 2);
        return (float)(4 * Math.Sqrt(Math.Max(0, square)));
    })];

    /// <summary>An opaque ball before a background of a quarter: its image, depth (infinite beside it) and normals.</summary>
    private static (float[] Image, float[] Depth, float[] Normals) Shining(Camera camera)
    {
        var count = camera.Height * camera.Width;
        var (image, depth, normals) = (new float[count], new float[count], new float[3 * count]);
        for (var i = 0; i < count; i++)
        {
            var (origin, direction) = camera.Ray(i / camera.Width, i % camera.Width);
            var from = new Direction(origin.Z - Middle.Z, origin.Y - Middle.Y, origin.X - Middle.X);
            var along = -from.Dot(direction);
            var square = Radius * Radius - from.Dot(from) + along * along;
            (image[i], depth[i]) = (0.25f, float.PositiveInfinity);
            if (square < 0)
                continue;
            depth[i] = (float)(along - Math.Sqrt(square));
            var normal = Direction.Sum(1 / Radius, from, depth[i] / Radius, direction);
            image[i] = (float)(0.6 + 0.3 * normal.Y);
            (normals[3 * i], normals[3 * i + 1], normals[3 * i + 2]) = ((float)normal.Z, (float)normal.Y, (float)normal.X);
        }
        return (image, depth, normals);
    }

    private static double RootMeanSquare(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => ((double)x - y) * ((double)x - y)).Average());

    /// <summary>Told at once, on the thread that reports.</summary>
    private sealed class Direct(Action<FieldProgress> told) : IProgress<FieldProgress>
    {
        public void Report(FieldProgress value) => told(value);
    }

    private sealed class Near : IEqualityComparer<(double, double)>
    {
        public bool Equals((double, double) a, (double, double) b) => Math.Abs(a.Item1 - b.Item1) < 1e-12 && Math.Abs(a.Item2 - b.Item2) < 1e-12;

        public int GetHashCode((double, double) value) => 0;
    }
}
