using OpenCvSharp;
using VisionCell.Formats;
using VisionCell.Scenes;
using VisionCell.Volumes;

namespace VisionCell.Cli.Tests;

/// <summary><c>export blender</c> and the surfaces of <c>mesh</c>, as a user gives them.</summary>
public sealed class ExportBlenderTests
{
    private static string Crop(TemporaryFolder folder)
    {
        var path = folder.File("crop.tif");
        VolumeFormats.Write(((Volume<byte>)VolumeFormats.Read(Command.Sample, new VoxelSize(10, 10, 10))).Crop(new VisionCell.Volumes.Box(20, 40, 40, new Shape3(32, 40, 48))), path);
        return path;
    }

    [Fact]
    public void A_volume_becomes_a_scene_and_a_picture_of_the_size_asked_for()
    {
        using var folder = new TemporaryFolder();
        var scene = folder.File("scene");
        string[] arguments = ["export", "blender", Crop(folder), "--dark", "--out", scene, "--render", "--size", "160x120", "--samples", "4", "--triangles", "20000", "--preset", "neuropil", "--fog"];
        var outcome = Command.Run(arguments);
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Empty(outcome.Output);
        Assert.Contains("Otsu's threshold", outcome.Error, StringComparison.Ordinal);
        Assert.All((string[])["scene.json", "scene.blend", "picture.png", "meshes/surface.ply", "volumes/volume.npy", "volume.vdb", "blender/visioncell_scene.py", "blender/scene.schema.json"],
            name => Assert.True(File.Exists(Path.Combine(scene, name)), name));
        using var picture = Cv2.ImRead(Path.Combine(scene, "picture.png"));
        Assert.Equal((160, 120), (picture.Width, picture.Height));
        // Of the dark preset: a dark corner, and something bright in the middle.
        Assert.True(picture.At<Vec3b>(0, 0).Item0 < 40 && picture.SubMat(40, 80, 60, 100).Mean().Val0 > 40, "the picture is empty");

        var again = Command.Run(arguments);
        Assert.Contains("frame 1 of 1: unchanged", again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_view_of_another_viewer_is_what_is_rendered()
    {
        using var folder = new TemporaryFolder();
        // A ball of 150 nm about (300, 300, 300).
        var ball = new Volume<byte>(new Shape3(61, 61, 61), new VoxelSize(10, 10, 10), default, Provenance.Of("ball"));
        for (var i = 0; i < ball.Data.Length; i++)
            ball.Data[i] = (byte)Math.Clamp(115 - Math.Sqrt(Math.Pow(i / 3721 - 30, 2) + Math.Pow(i / 61 % 61 - 30, 2) + Math.Pow(i % 61 - 30, 2)), 0, 255);
        VolumeFormats.Write(ball, folder.File("ball.tif"));
        // From behind and 60 nm beside it, 5 nm a pixel, with what lies below its middle cut away; then without it.
        var view = new ViewState
        {
            PositionNm = [360, 300, 300], Orientation = [0, 1, 0, 0], HeightNm = 600, ClipPlanes = [new ClipPlane { Normal = [0, 1, 0], OffsetNm = 300 }],
        };
        Mat Seen(ViewState seen)
        {
            seen.Write(folder.File("view.json"));
            var outcome = Command.Run("export", "blender", folder.File("ball.tif"), "--iso", "100", "--sections", "none", "--out", folder.File("scene"), "--render", "--size", "160x120", "--samples", "8", "--view", folder.File("view.json"));
            Assert.True(outcome.Code == 0, outcome.Error);
            Assert.Equal(seen.PositionNm, ViewState.Read(folder.File("scene/view.json")).PositionNm);
            return Cv2.ImRead(folder.File("scene/picture.png"), ImreadModes.Grayscale);
        }
        using var with = Seen(view);
        using var without = Seen(view with { Layers = [new ViewLayer { Name = "surface", Visible = false }] });
        using var difference = new Mat();
        Cv2.Absdiff(with, without, difference);
        var covered = Enumerable.Range(0, 160 * 120).Where(i => difference.At<byte>(i / 160, i % 160) > 8).Select(i => (X: i % 160, Y: i / 160)).ToList();
        Assert.Equal(Math.PI * 30 * 30 / 2, covered.Count, 0.06 * 1414);
        // Seen from behind x runs to the left, so that the ball stands 12 pixels right of the middle.
        Assert.Equal(80 + 12, covered.Average(p => p.X), 1.5);
        Assert.True(covered.Count(p => p.Y > 61) < 20, "what lies below the plane is there");
    }

    [Fact]
    public void Without_Blender_the_scene_is_written_and_rendering_names_the_package()
    {
        using var folder = new TemporaryFolder();
        var input = Crop(folder);
        // All programs but this one.
        const string Bare = "mkdir -p bin; IFS=:; for d in $PATH; do ln -sf \"$d\"/* bin/ 2>/dev/null; done; unset IFS; rm -f bin/blender*; export PATH=$PWD/bin";
        Outcome In(params string[] arguments) => Command.RunAfter($"cd '{folder.Path}'; {Bare}", arguments);
        var refused = In("export", "blender", input, "--out", folder.File("a"), "--render");
        Assert.Equal(3, refused.Code);
        Assert.Contains("apt-get install --no-install-recommends blender", refused.FailureLine, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("a")));

        var written = In("export", "blender", input, "--out", folder.File("b"), "--triangles", "5000");
        Assert.True(written.Code == 0, written.Error);
        Assert.Contains("Blender is not installed here", written.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(folder.File("b/scene.json")));
    }

    [Theory]
    [InlineData("--size 640: give width and height", "--size", "640")]
    [InlineData("preset 'cells': known are cell-biology, neuropil, materials", "--preset", "cells")]
    [InlineData("iso value 300 lies outside the data", "--iso", "300")]
    [InlineData("--triangles 2: must be at least 4", "--triangles", "2")]
    [InlineData("--turntable -1: must be 0 or more pictures", "--turntable", "-1")]
    public void Bad_input_is_named_in_one_line(string expected, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        var outcome = Command.Run(["export", "blender", Command.Sample, "--out", folder.File("scene"), .. arguments]);
        Assert.Equal(3, outcome.Code);
        Assert.Contains(expected, outcome.FailureLine, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("scene")));
    }

    [Fact]
    public void Labels_become_objects_with_a_table_and_coarser_levels()
    {
        using var folder = new TemporaryFolder();
        var labels = new Volume<byte>(new Shape3(16, 30, 30), new VoxelSize(20, 10, 10), default, Provenance.Of("labels"));
        for (var i = 0; i < labels.Data.Length; i++)
        {
            var (z, y, x) = (i / 900, i / 30 % 30, i % 30);
            labels.Data[i] = (byte)(Math.Pow(2 * (z - 8), 2) + Math.Pow(y - 8, 2) + Math.Pow(x - 8, 2) < 49 ? 1 : Math.Pow(2 * (z - 8), 2) + Math.Pow(y - 21, 2) + Math.Pow(x - 21, 2) < 49 ? 4 : 0);
        }
        VolumeFormats.Write(labels, folder.File("labels.tif"));
        var outcome = Command.Run("mesh", folder.File("labels.tif"), "--labels", "--out", folder.File("cells.glb"), "--table", folder.File("cells.csv"), "--lod", "1");
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains("2 objects", outcome.Error, StringComparison.Ordinal);
        var rows = File.ReadAllLines(folder.File("cells.csv"));
        Assert.Equal(["name", "1", "4"], rows.Select(r => r.Split(',')[0]));
        // Balls of 70 nm, without handles.
        Assert.All(rows[1..], row => Assert.Equal(4.0 / 3 * Math.PI * 343_000, double.Parse(row.Split(',')[4], System.Globalization.CultureInfo.InvariantCulture), 0.1 * 1.437e6));
        Assert.All(rows[1..], row => Assert.Equal(("1", "0"), (row.Split(',')[5], row.Split(',')[6])));
        Assert.True(new FileInfo(folder.File("cells.lod1.glb")).Length < 0.5 * new FileInfo(folder.File("cells.glb")).Length);

        var grey = Command.Run("mesh", Command.Sample, "--labels", "--iso", "3", "--voxel-size", "10,10,10", "--out", folder.File("x.stl"), "--max-error", "-1");
        Assert.Equal(3, grey.Code);
        Assert.Contains("--max-error -1: must be above 0 nm", grey.FailureLine, StringComparison.Ordinal);
    }
}
