using OpenCvSharp;
using VisionCell.Meshing;
using VisionCell.Scenes;
using VisionCell.Tests.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Scenes;

/// <summary>Scenes rendered by the real Blender (environment/packages-test.txt) and measured in the picture.</summary>
public sealed class BlenderTests : IDisposable
{
    // 4 nm a pixel.
    private const int Width = 200, Height = 150;
    private const double NmPerPixel = 4;

    private static readonly SceneRender s_small = new(Width, Height, 16, Transparent: true);
    private static readonly SceneEnvironment s_night = new(Strength: 0);
    private static readonly SceneMaterial s_orange = new("#ff8000", Specular: 0, Emission: 1);

    private readonly string _folder = Directory.CreateTempSubdirectory("vc-blender").FullName;
    private readonly List<string> _said = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string PathOf(string name) => Path.Combine(_folder, name);

    /// <summary>A ball of 200 nm about (9300, 7300, 5300), glowing orange in the dark.</summary>
    private BlenderScene Ball(Func<float, float, int>? paint = null)
    {
        var ball = Shapes.Ball(200, new VoxelSize(10, 10, 10), new Position(5300, 7300, 9300), new Position(5050, 7050, 9050), new Shape3(51, 51, 51));
        var mesh = MarchingCubes.Extract(ball, 0);
        if (paint is not null)
            mesh = new VisionCell.Meshing.Mesh(mesh.Positions, mesh.Triangles, mesh.Normals,
                [.. Enumerable.Range(0, mesh.VertexCount).SelectMany(v => paint(mesh.Positions[3 * v] - 9300, mesh.Positions[3 * v + 1] - 7300) is var c ? new byte[] { (byte)(c >> 16), (byte)(c >> 8), (byte)c, 255 } : [])]);
        MeshFile.Write(mesh, PathOf("ball.ply"), new MeshMetadata(ball.VoxelSize));
        return new BlenderScene(
            new SceneBox(new(9100, 7100, 5100), new(9500, 7500, 5500)), "ball", Meshes: [new SceneMesh("ball.ply", Material: s_orange with { VertexColours = paint is not null })],
            Lights: [], Environment: s_night, Camera: new SceneCamera(WidthNm: Width * NmPerPixel), Render: s_small);
    }

    private void Run(BlenderScene scene, BlenderJob? job = null)
    {
        SceneFile.Write(PathOf("scene.json"), scene);
        _said.Clear();
        Blender.Run(PathOf("scene.json"), job, _said.Add);
    }

    private Mat Render(BlenderScene scene)
    {
        Run(scene);
        return Cv2.ImRead(PathOf("picture.png"), ImreadModes.Unchanged);
    }

    /// <summary>Covered area, pixels: the sum of alpha.</summary>
    private static double Covered(Mat picture) => picture.ExtractChannel(3).Sum().Val0 / 255;

    private static double Disk(double radiusNm) => Math.PI * Math.Pow(radiusNm / NmPerPixel, 2);

    private static void Coloured(Vec4b pixel, byte r, byte g, byte b, int tolerance = 2) =>
        Assert.True(Math.Abs(pixel.Item2 - r) <= tolerance && Math.Abs(pixel.Item1 - g) <= tolerance && Math.Abs(pixel.Item0 - b) <= tolerance && pixel.Item3 == 255,
            $"RGBA {pixel.Item2} {pixel.Item1} {pixel.Item0} {pixel.Item3}, wanted {r} {g} {b} 255");

    [Fact]
    public void A_ball_has_its_size_place_and_colour_and_the_scale_bar_its_length()
    {
        using var picture = Render(Ball() with { ScaleBar = new SceneScaleBar(200, SceneCorner.TopLeft, "#00ff00", Label: false) });
        Assert.Equal((Width, Height), (picture.Width, picture.Height));
        Coloured(picture.At<Vec4b>(Height / 2, Width / 2), 255, 128, 0);

        var green = Enumerable.Range(0, Height * Width).Where(i => picture.At<Vec4b>(i / Width, i % Width) is { Item1: > 200, Item2: < 50, Item3: > 128 }).ToList();
        var columns = green.Select(i => i % Width).Distinct().ToList();
        Assert.Equal(200 / NmPerPixel, columns.Count, 1.0);
        Assert.True(columns.Max() < Width / 2 && green.Max(i => i / Width) < Height / 2, "the bar is not at the top left");
        Assert.Equal(Disk(200), Covered(picture) - green.Count, 0.01 * Disk(200));

        // What was rendered stays for further work, and the same again renders nothing.
        Assert.True(new FileInfo(PathOf("scene.blend")).Length > 10_000);
        Run(SceneFile.Read(PathOf("scene.json")));
        Assert.Equal(["import: unchanged", "animate: unchanged", "frame 1 of 1: unchanged"], _said[..3]);
    }

    [Fact]
    public void A_view_of_another_viewer_is_what_the_camera_sees()
    {
        // From behind, 100 nm beside the ball, all that lies below its middle cut away.
        var view = new ViewState
        {
            PositionNm = [9400, 7300, 5300], Orientation = [0, 1, 0, 0], HeightNm = Height * NmPerPixel, ClipPlanes = [new ClipPlane { Normal = [0, 2, 0], OffsetNm = 7300 }],
        };
        using (var picture = Seen(view))
        {
            Coloured(picture.At<Vec4b>(Height / 2 - 10, Width / 2 + 25), 255, 128, 0);
            Assert.Equal(0, picture.At<Vec4b>(Height / 2 + 10, Width / 2 + 25).Item3);
            Assert.Equal(Disk(200) / 2, Covered(picture), 0.02 * Disk(200));
        }
        // 45 degrees from the lower to the upper edge: 600 nm high at the middle, seen from 724 nm, from where the ball's outline is wider.
        using (var picture = Seen(view with { Orthographic = false, PositionNm = [9300, 7300, 5300], ClipPlanes = [] }))
        {
            var distance = Height * NmPerPixel / 2 / Math.Tan(Math.PI / 8);
            Assert.Equal(Disk(200 * distance / Math.Sqrt(distance * distance - 200 * 200)), Covered(picture), 0.02 * Disk(200));
        }
        using (var picture = Seen(view with { Layers = [new ViewLayer { Name = "surface", Visible = false }, new ViewLayer { Name = "labels", Opacity = 0.5 }] }))
            Assert.Equal(0, Covered(picture));

        File.WriteAllText(PathOf("view.json"), """{ "hightNm": 3 }""");
        Assert.Contains("unknown key 'hightNm'", Assert.Throws<BadInputException>(() => Blender.Run(PathOf("scene.json"), new BlenderJob(View: PathOf("view.json")))).Message, StringComparison.Ordinal);
        Assert.Contains("No such file", Assert.Throws<BadInputException>(() => Blender.Run(PathOf("scene.json"), new BlenderJob(View: PathOf("nowhere.json")))).Message, StringComparison.Ordinal);
    }

    private Mat Seen(ViewState view)
    {
        view.Write(PathOf("view.json"));
        Run(Ball(), new BlenderJob(View: PathOf("view.json")));
        return Cv2.ImRead(PathOf("picture.png"), ImreadModes.Unchanged);
    }

    [Fact]
    public void A_section_stands_as_the_image_does_with_its_own_grey_values_and_mirrored_from_behind()
    {
        // 4 x 3 patches of 40 pixels, all different.
        using var image = new Mat(120, 160, MatType.CV_8UC1);
        for (var y = 0; y < 120; y++)
        {
            for (var x = 0; x < 160; x++)
                image.Set(y, x, (byte)(20 * (y / 40 * 4 + x / 40) + 10));
        }
        Cv2.ImWrite(PathOf("section.png"), image);
        var scene = new BlenderScene(
            new SceneBox(new(1000, 2000, 3000), new(1640, 2480, 3100)), Sections: [new SceneSection("section.png", new(1000, 2000, 3050), new(640, 0, 0), new(0, 480, 0))],
            // Bright light that must not change anything.
            Lights: [new SceneLight(new(0, 0, 1), 20)], Environment: new SceneEnvironment(Strength: 2), Camera: new SceneCamera(WidthNm: Width * NmPerPixel), Render: s_small);
        foreach (var behind in (bool[])[false, true])
        {
            using var picture = Render(scene with { Camera = scene.Camera! with { Direction = new(0, 0, behind ? -1 : 1) } });
            Assert.Equal(160 * 120, Covered(picture), 40.0);
            for (var row = 0; row < 3; row++)
            {
                for (var column = 0; column < 4; column++)
                {
                    var grey = (byte)(20 * (row * 4 + (behind ? 3 - column : column)) + 10);
                    Coloured(picture.At<Vec4b>(15 + 40 * row + 20, 20 + 40 * column + 20), grey, grey, grey, 1);
                }
            }
        }
    }

    [Fact]
    public void Cutaways_take_away_what_they_say()
    {
        var ball = Ball();
        // Beyond the plane x = 9400: a circular segment of half chord at 100 nm from the centre is gone.
        var segment = Disk(200) * (Math.Acos(0.5) - 0.5 * Math.Sqrt(0.75)) / Math.PI;
        using var plane = Render(ball with { Cutaways = [new SceneCutaway(SceneCutawayKind.Plane, new(9400, 0, 0), new(1, 0, 0))] });
        Assert.Equal(Disk(200) - segment, Covered(plane), 0.015 * Disk(200));
        Assert.Equal(0, plane.At<Vec4b>(Height / 2, Width / 2 + 40).Item3);

        // The upper left quarter, through all depth.
        using var box = Render(ball with { Cutaways = [new SceneCutaway(SceneCutawayKind.Box, MinNm: new(9000, 7000, 5000), MaxNm: new(9300, 7300, 5600))] });
        Assert.Equal(0.75 * Disk(200), Covered(box), 0.015 * Disk(200));
        Assert.Equal(0, box.At<Vec4b>(Height / 2 - 20, Width / 2 - 20).Item3);
        Assert.Equal(255, box.At<Vec4b>(Height / 2 + 20, Width / 2 - 20).Item3);
    }

    [Fact]
    public void Vertex_colours_come_out_where_they_were_put()
    {
        using var picture = Render(Ball((x, y) => x < 0 ? 0xC81E3C : y < 0 ? 0x0AB45A : 0x2832DC));
        Coloured(picture.At<Vec4b>(Height / 2 - 20, Width / 2 - 25), 200, 30, 60);
        Coloured(picture.At<Vec4b>(Height / 2 - 20, Width / 2 + 25), 10, 180, 90);
        Coloured(picture.At<Vec4b>(Height / 2 + 20, Width / 2 + 25), 40, 50, 220);
    }

    [Fact]
    public void A_glb_lies_where_the_ply_does()
    {
        var scene = Ball();
        // A quarter of a ball has no symmetry that would hide a turn.
        var ball = Shapes.Sample(new Shape3(51, 51, 51), new VoxelSize(10, 10, 10), new Position(5050, 7050, 9050),
            (x, y, z) => Math.Min(200 - Math.Sqrt(Math.Pow(x - 9300, 2) + Math.Pow(y - 7300, 2) + Math.Pow(z - 5300, 2)), Math.Min(x - 9320, y - 7360)));
        foreach (var name in (string[])["part.ply", "part.glb"])
            MeshFile.Write(MarchingCubes.Extract(ball, 0), PathOf(name), new MeshMetadata(ball.VoxelSize));
        using var ply = Render(scene with { Meshes = [new SceneMesh("part.ply", Material: s_orange)] });
        using var glb = Render(scene with { Meshes = [new SceneMesh("part.glb", Material: s_orange)] });
        Assert.InRange(Covered(ply), 100, 0.25 * Disk(200));
        using var difference = new Mat();
        Cv2.Absdiff(ply, glb, difference);
        Assert.True(Covered(difference) < 0.02 * Covered(ply), $"{Covered(difference)} of {Covered(ply)} pixels differ");
        Assert.Equal(255, glb.At<Vec4b>(Height / 2 + 30, Width / 2 + 15).Item3);
    }

    [Fact]
    public void Fog_covers_what_is_behind_it_by_the_law_of_Beer_and_Lambert()
    {
        // The right half is at the full value: 200 nm of extinction 0.005 / nm.
        var volume = new Volume<byte>(new Shape3(20, 30, 40), new VoxelSize(10, 16, 16), new Position(5, 8, 8), Provenance.Of("slab"));
        for (var i = 0; i < volume.Data.Length; i++)
            volume.Data[i] = (byte)(i % 40 >= 20 ? 200 : 50);
        NumpyFile.Write(PathOf("slab.npy"), volume);
        var scene = new BlenderScene(
            new SceneBox(default, new(640, 480, 200)), Volumes: [new SceneVolume("slab.npy", default, new(16, 16, 10), Low: 50, High: 200, Extinction: 0.005, Colour: "#ffffff")],
            Lights: [], Environment: s_night, Camera: new SceneCamera(WidthNm: Width * NmPerPixel), Render: s_small);
        using var picture = Render(scene);
        double Alpha(int x) => picture.ExtractChannel(3).SubMat(50, 100, x, x + 20).Mean().Val0 / 255;
        Assert.Equal(1 - Math.Exp(-1), Alpha(130), 0.03);
        Assert.Equal(0, Alpha(40), 0.01);
    }

    [Fact]
    public void In_perspective_a_ball_has_the_outline_of_its_tangent_cone()
    {
        using var picture = Render(Ball() with { Camera = new SceneCamera(SceneProjection.Perspective, WidthNm: Width * NmPerPixel, FieldOfViewDegrees: 40) });
        var distance = Width * NmPerPixel / 2 / Math.Tan(20 * Math.PI / 180);
        var outline = distance * 200 / Math.Sqrt(distance * distance - 200 * 200);
        Assert.Equal(Disk(outline), Covered(picture), 0.01 * Disk(outline));
    }

    [Theory]
    [InlineData(SceneProjection.Orthographic)]
    [InlineData(SceneProjection.Perspective)]
    public void Left_to_itself_the_camera_frames_the_data(SceneProjection projection)
    {
        // A box, seen obliquely: it fills the picture along one axis, within the margin, and is nowhere cut off.
        var block = new Volume<float>(new Shape3(20, 30, 60), new VoxelSize(10, 10, 10), new Position(5, 5, 5), Provenance.Of("block"));
        Array.Fill(block.Data, 1f);
        MeshFile.Write(MarchingCubes.Extract(block, 0.5, new MarchingCubesOptions(CloseBorder: true)), PathOf("block.ply"), new MeshMetadata(block.VoxelSize));
        using var picture = Render(new BlenderScene(
            new SceneBox(default, new(600, 300, 200)), Meshes: [new SceneMesh("block.ply", Material: s_orange)], Lights: [], Environment: s_night,
            Camera: new SceneCamera(projection, new(0.6, 0.5, 0.75), Margin: 1.05), Render: s_small));
        using var alpha = picture.ExtractChannel(3);
        using var points = new Mat();
        Cv2.FindNonZero(alpha, points);
        var seen = Cv2.BoundingRect(points);
        Assert.True(seen.Left > 0 && seen.Top > 0 && seen.Right < Width && seen.Bottom < Height, $"{seen} touches the edge");
        Assert.True(seen.Width > 0.8 * Width || seen.Height > 0.8 * Height, $"{seen} leaves the picture empty");
    }

    [Fact]
    public void A_flight_goes_from_view_to_view_and_goes_on_where_it_was_stopped()
    {
        var scene = Ball() with
        {
            ScaleBar = new SceneScaleBar(100, SceneCorner.BottomLeft, "#00ff00", Label: false),
            Animation = new SceneAnimation(5, 10, Keyframes: [new SceneKeyframe(1), new SceneKeyframe(5, Direction: new(1, 0, 0), WidthNm: 2 * Width * NmPerPixel)]),
        };
        // As a farm does it: the scene once, the frames in ranges, the video last.
        Run(scene, new BlenderJob(["import", "animate"]));
        Assert.False(Directory.Exists(PathOf("frames")));
        Run(scene, new BlenderJob(["render"], 4, 5));
        Assert.Equal(["0004.png", "0005.png"], Directory.EnumerateFiles(PathOf("frames")).Select(Path.GetFileName).Order());
        var error = Assert.Throws<BadInputException>(() => Run(scene, new BlenderJob(["assemble"])));
        Assert.Contains("3 of 5 frames are missing, the first is 1", error.Message, StringComparison.Ordinal);
        var written = File.GetLastWriteTimeUtc(PathOf("frames/0004.png"));
        Run(scene);
        Assert.Equal(written, File.GetLastWriteTimeUtc(PathOf("frames/0004.png")));
        Assert.Equal(5, Directory.EnumerateFiles(PathOf("frames")).Count());

        using var first = Cv2.ImRead(PathOf("frames/0001.png"), ImreadModes.Unchanged);
        using var last = Cv2.ImRead(PathOf("frames/0005.png"), ImreadModes.Unchanged);
        Coloured(first.At<Vec4b>(Height / 2, Width / 2), 255, 128, 0);
        int Bar(Mat picture) => Enumerable.Range(0, Width).Count(x => Enumerable.Range(0, Height).Any(y => picture.At<Vec4b>(y, x) is { Item1: > 200, Item2: < 50, Item3: > 128 }));
        Assert.Equal(100 / NmPerPixel, Bar(first), 1.0);
        Assert.Equal(50 / NmPerPixel, Bar(last), 1.0);
        Assert.InRange(Covered(last), 0.23 * Disk(200), 0.30 * Disk(200));
        using var video = new VideoCapture(PathOf("video.mp4"));
        Assert.Equal((5, Width, Height), (video.FrameCount, video.FrameWidth, video.FrameHeight));
    }

    [Fact]
    public void On_a_turntable_the_scale_stays_and_the_far_side_comes_round()
    {
        using var _ = Render(Ball((x, _) => x < 0 ? 0xC81E3C : 0x2832DC) with
        {
            Camera = new SceneCamera(),
            Animation = new SceneAnimation(2, Turntable: new SceneTurntable()),
        });
        using var front = Cv2.ImRead(PathOf("frames/0001.png"), ImreadModes.Unchanged);
        using var back = Cv2.ImRead(PathOf("frames/0002.png"), ImreadModes.Unchanged);
        Coloured(front.At<Vec4b>(Height / 2, Width / 2 - 20), 200, 30, 60);
        Coloured(back.At<Vec4b>(Height / 2, Width / 2 - 20), 40, 50, 220);
        Assert.Equal(Covered(front), Covered(back), 0.01 * Covered(front));
    }

    [Theory]
    [InlineData("\"name\"", "\"nmae\"", "unknown key 'nmae'")]
    [InlineData("\"ball.ply\"", "\"gone.ply\"", "meshes[0].path")]
    [InlineData("\"#ff8000\"", "\"orange\"", "meshes[0].material.colour: 'orange' must be a colour '#rrggbb'")]
    [InlineData("\"samples\": 16", "\"samples\": 0", "render.samples: 0 must be 1 to 65536")]
    [InlineData("\"orthographic\"", "\"isometric\"", "camera.projection: \"isometric\" is none of orthographic, perspective")]
    public void The_script_itself_names_the_field_of_a_scene_that_was_edited(string from, string to, string expected)
    {
        SceneFile.Write(PathOf("scene.json"), Ball());
        var text = File.ReadAllText(PathOf("scene.json"));
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(PathOf("scene.json"), text.Replace(from, to, StringComparison.Ordinal));
        var error = Assert.Throws<BadInputException>(() => Blender.Run(PathOf("scene.json")));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(PathOf("scene.json"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stopping_ends_Blender_and_keeps_the_frames_that_are_there()
    {
        SceneFile.Write(PathOf("scene.json"), Ball() with { Animation = new SceneAnimation(500, Turntable: new SceneTurntable()) });
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => Blender.Run(PathOf("scene.json"), null, line =>
        {
            if (line.StartsWith("frame 2 of 500", StringComparison.Ordinal))
                stop.Cancel();
        }, null, stop.Token));
        var done = Directory.EnumerateFiles(PathOf("frames")).Select(f => Path.GetFileName(f)!).Where(f => f[0] != '.').Order().ToList();
        Assert.InRange(done.Count, 2, 20);
        Assert.Equal("0001.png", done[0]);
    }
}
