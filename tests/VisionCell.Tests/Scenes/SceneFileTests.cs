using VisionCell.Runs;
using VisionCell.Scenes;
using VisionCell.Volumes;

namespace VisionCell.Tests.Scenes;

/// <summary>scene.json as C# holds it: what is written is read back, what is wrong is named.</summary>
public sealed class SceneFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("vc-scene").FullName, "scene.json");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Fact]
    public void A_scene_is_read_back_as_it_was_written()
    {
        var scene = new BlenderScene(
            new SceneBox(new(0, -1, 2.5), new(10, 20, 30)), "everything", 500,
            [new SceneMesh("a.ply", "a", new SceneMaterial("#102030", true, 0.5), false)],
            [new SceneSection("s.png", new(1, 2, 3), new(4, 0, 0), new(0, 5, 0), Opacity: 0.25)],
            [new SceneVolume("v.npy", default, new(1, 1, 1), Low: 200, High: 10)],
            new SceneCamera(SceneProjection.Perspective, new(1, 0, 0), WidthNm: 12),
            [new SceneLight(new(0, 0, 1), 2, "#ffeedd", 3, false)], new SceneEnvironment("#000000", 0),
            [new SceneCutaway(SceneCutawayKind.Plane, new(1, 1, 1), new(0, 0, -1))],
            new SceneScaleBar(5, SceneCorner.TopLeft), new SceneAxes(2), [new SceneLabel("soma", new(1, 2, 3))],
            new SceneAnimation(10, 12.5, Keyframes: [new SceneKeyframe(1), new SceneKeyframe(10, WidthNm: 3)]), new SceneRender(64, 48, 8, SceneDevice.Gpu, true));
        SceneFile.Write(_path, scene);
        // Lists compare by reference within records: the texts say it.
        Assert.Equal(Configuration.ToJson(scene), Configuration.ToJson(SceneFile.Read(_path)));
    }

    [Theory]
    [InlineData("""{"boundsNm": {"min": [0, 0, 0], "max": [1, 1, 1]}, "meshs": []}""", "unknown key 'meshs'; did you mean 'meshes'")]
    [InlineData("""{"boundsNm": {"min": [0, 0, 0], "max": [1, 1, 1]}, "camera": {"zoom": 2}}""", "unknown key 'camera.zoom'")]
    [InlineData("""{"boundsNm": {"min": [0, 0], "max": [1, 1, 1]}}""", "three numbers [x, y, z]")]
    [InlineData("""{"boundsNm": {"min": [0, 0, 0], "max": [1, 0, 1]}}""", "must lie below max")]
    [InlineData("""{"boundsNm": {"min": [0, 0, 0], "max": [1, 1, 1]}, "meshes": [{"path": "a.ply", "material": {"opacity": 1.5}}]}""", "meshes[0].material.opacity: 1.5 must be 0 to 1")]
    [InlineData("""{"boundsNm": {"min": [0, 0, 0], "max": [1, 1, 1]}, "scaleBar": {"colour": "red"}}""", "scaleBar.colour: 'red' must be a colour '#rrggbb'")]
    [InlineData("""{"boundsNm": {"min": [0, 0, 0], "max": [1, 1, 1]}, "meshes": [{"name": "x"}]}""", "path")]
    public void What_is_wrong_in_a_scene_is_named(string json, string expected)
    {
        File.WriteAllText(_path, json);
        var error = Assert.Throws<BadInputException>(() => SceneFile.Read(_path));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(_path, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void The_schema_that_Blender_checks_by_is_the_one_of_the_records()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "VisionCell.slnx")))
            folder = Path.GetDirectoryName(folder)!;
        Assert.Equal(SceneFile.Schema(), File.ReadAllText(Path.Combine(folder, "src", "blender", "scene.schema.json")));
    }
}
