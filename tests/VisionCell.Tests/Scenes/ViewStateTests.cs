using VisionCell.Scenes;
using VisionCell.Volumes;

namespace VisionCell.Tests.Scenes;

/// <summary>The file that viewers share, and its way to Neuroglancer and back.</summary>
public sealed class ViewStateTests
{
    private static readonly VoxelSize _size = new(40, 8, 5);

    private static ViewState Turned() => new()
    {
        PositionNm = [123.5, -40, 900],
        Orientation = [0.5, -0.5, 0.5, 0.5],
        Orthographic = false,
        HeightNm = 4321,
        Layers = [new ViewLayer { Name = "volume", Opacity = 0.25, Window = [10, 200] }, new ViewLayer { Name = "surface", Visible = false, Opacity = 0.5 }],
        ClipPlanes = [new ClipPlane { Normal = [0, 3, 4], OffsetNm = 12 }],
    };

    private static NeuroglancerLayer[] Layers() =>
    [
        new("volume", NeuroglancerKind.Image, "v.zarr", (0, 255)),
        new("raw", NeuroglancerKind.Raw, "r.zarr", (0, 255)),
        new("uncertainty", NeuroglancerKind.Uncertainty, "u.zarr", (0, 9)),
        new("labels", NeuroglancerKind.Labels, "l.zarr", (0, 1)),
        new("surface", NeuroglancerKind.Mesh, "m", (0, 1)),
    ];

    [Fact]
    public void A_view_survives_its_file()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("vc-view").FullName, "view.json");
        var view = Turned();
        view.Write(path);
        var read = ViewState.Read(path);
        Assert.Equal(view.PositionNm, read.PositionNm);
        Assert.Equal(view.Orientation, read.Orientation);
        Assert.Equal((view.Orthographic, view.HeightNm, 1), (read.Orthographic, read.HeightNm, read.Version));
        Assert.Equal(view.Layers.Select(l => (l.Name, l.Visible, l.Opacity)), read.Layers.Select(l => (l.Name, l.Visible, l.Opacity)));
        Assert.Equal([10, 200], read.Layers[0].Window!);
        Assert.Null(read.Layers[1].Window);
        Assert.Equal([0, 0.6, 0.8], read.ClipPlanes[0].Normal);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(0, 0, -2)]
    [InlineData(0.6, 0.5, 0.75)]
    [InlineData(-1, 0, 0)]
    [InlineData(3, -4, -0.1)]
    [InlineData(0, 5, 0)]
    public void A_view_along_a_direction_looks_along_it_with_y_down(double x, double y, double z)
    {
        var view = new ViewState { PositionNm = [1, 2, 3] }.Towards(new Vector3(x, y, z));
        Assert.Equal([1, 2, 3], view.PositionNm);
        var q = view.Orientation;
        // q v q*, written out: v + 2 w (u × v) + 2 u × (u × v).
        double[] Turned(double[] v)
        {
            double[] Cross(double[] a, double[] b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
            var once = Cross(q[..3], v);
            var twice = Cross(q[..3], once);
            return [.. v.Select((c, i) => c + 2 * q[3] * once[i] + 2 * twice[i])];
        }
        var length = Math.Sqrt(x * x + y * y + z * z);
        Assert.Equal([x / length, y / length, z / length], Turned([0, 0, 1]), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(0, Turned([1, 0, 0])[1], 1e-6);
        Assert.True(Turned([0, 1, 0])[1] > -1e-6);
        Assert.Throws<BadInputException>(() => view.Towards(default));
    }

    [Theory]
    [InlineData("""{"heigthNm": 1}""", "heightNm")]
    [InlineData("""{"heightNm": -1}""", "heightNm -1: must be a positive number")]
    [InlineData("""{"version": 2}""", "version 2")]
    [InlineData("""{"orientation": [1, 1, 0, 0]}""", "unit quaternion")]
    [InlineData("""{"positionNm": [1, 2]}""", "positionNm of 2 number(s)")]
    [InlineData("""{"layers": [{"name": "a"}, {"name": "a"}]}""", "each name once")]
    [InlineData("""{"layers": [{"name": "a", "opacity": 1.5}]}""", "must be 0 to 1")]
    [InlineData("""{"clipPlanes": [{"normal": [0, 0, 0]}]}""", "not all zero")]
    public void What_no_viewer_could_show_is_refused_by_name(string json, string expected)
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, json);
        var error = Assert.Throws<BadInputException>(() => ViewState.Read(path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        File.Delete(path);
    }

    [Fact]
    public void A_view_comes_back_from_Neuroglancer_as_it_was_put_in()
    {
        var view = Turned();
        var state = NeuroglancerState.Create(Layers(), _size, view);
        // Positions are multiples of the voxel edges, lengths of the smallest one.
        Assert.Equal(123.5 / 5, (double)state["position"]![0]!, 1e-9);
        Assert.Equal(900.0 / 40, (double)state["position"]![2]!, 1e-9);
        Assert.Equal(4321.0 / 5, (double)state["projectionScale"]!, 1e-9);
        var back = NeuroglancerState.ToView(state);
        Assert.Equal(view.PositionNm, back.PositionNm, (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Equal(view.Orientation, back.Orientation);
        Assert.Equal(view.HeightNm, back.HeightNm, 1e-9);
        Assert.False(back.Orthographic);
        Assert.Equal([("volume", true, 0.25), ("raw", false, 1), ("uncertainty", true, 0.6), ("labels", true, 0.4), ("surface", false, 0.5)], back.Layers.Select(l => (l.Name, l.Visible, l.Opacity)));
        Assert.Equal([10, 200], back.Layers[0].Window!);
    }

    [Fact]
    public void Only_what_a_view_speaks_of_changes()
    {
        var state = NeuroglancerState.Create(Layers(), _size, Turned());
        state["layout"] = "3d";
        state["layers"]![3]!["segments"] = new System.Text.Json.Nodes.JsonArray("7");
        var moved = NeuroglancerState.Apply(state, new ViewState { Layers = [new ViewLayer { Name = "unknown" }] });
        Assert.Equal("3d", (string)moved["layout"]!["type"]!);
        Assert.True((bool)moved["layout"]!["orthographicProjection"]!);
        Assert.Equal("7", (string)moved["layers"]![3]!["segments"]![0]!);
        Assert.Equal(state["layers"]!.ToJsonString(), moved["layers"]!.ToJsonString());
    }

    [Fact]
    public void A_state_of_other_units_is_refused()
    {
        var state = NeuroglancerState.Create(Layers(), _size);
        state["dimensions"]!["x"] = new System.Text.Json.Nodes.JsonArray(1, "s");
        Assert.Throws<BadInputException>(() => NeuroglancerState.ToView(state));
    }
}
