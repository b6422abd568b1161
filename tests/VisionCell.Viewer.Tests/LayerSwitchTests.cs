using VisionCell.Scenes;

namespace VisionCell.Viewer.Tests;

/// <summary>Raw sections, reconstruction, uncertainty and surface are switched as a user does, and view.json says what is shown.</summary>
public sealed class LayerSwitchTests(SceneFixture scene) : IClassFixture<SceneFixture>
{
    private static string[] Shown(LayerSwitch layers) => [.. layers.Layers.Where(l => l.Visible).Select(l => l.Name)];

    [Fact]
    public void A_scene_opens_with_the_reconstruction()
    {
        var layers = new LayerSwitch(scene.Manifest);
        Assert.Equal(["volume", "raw", "uncertainty", "labels"], layers.Layers.Select(l => l.Name));
        Assert.Equal(["volume"], Shown(layers));
        Assert.True(layers.HasRaw);
        Assert.Equal(VolumeKind.Image, layers.Grey.Kind);
        Assert.False(layers.IsShown("surface"));
    }

    [Fact]
    public void Raw_sections_take_the_place_of_the_reconstruction_and_give_it_back()
    {
        var layers = new LayerSwitch(scene.Manifest);
        layers.SwapRaw();
        Assert.Equal(["raw"], Shown(layers));
        Assert.Equal(VolumeKind.Raw, layers.Grey.Kind);
        layers.Toggle(VolumeKind.Uncertainty);
        Assert.Equal(["raw", "uncertainty"], Shown(layers));
        layers.SwapRaw();
        Assert.Equal(["volume", "uncertainty"], Shown(layers));
        Assert.Equal(VolumeKind.Image, layers.Grey.Kind);
        // Both switched on by hand: the reconstruction is what is read, and the swap leaves one.
        layers.Find("raw")!.Visible = true;
        Assert.Equal(VolumeKind.Image, layers.Grey.Kind);
        layers.SwapRaw();
        Assert.Equal(["raw", "uncertainty"], Shown(layers));
        layers.Find("raw")!.Visible = false;
        layers.SwapRaw();
        Assert.Equal(["volume", "uncertainty"], Shown(layers));
    }

    [Fact]
    public void A_scene_without_raw_sections_has_nothing_to_swap()
    {
        var folder = Path.Combine(scene.Folder, "bare");
        UnityScene.Write(new UnityInput(scene.Specimen), folder);
        var layers = new LayerSwitch(SceneManifest.Parse(File.ReadAllText(Path.Combine(folder, "scene.json"))));
        layers.SwapRaw();
        Assert.False(layers.HasRaw);
        Assert.Equal(["volume"], Shown(layers));
    }

    [Fact]
    public void The_shared_view_says_which_is_shown()
    {
        // Written as the library writes it, with a layer that this scene has not got.
        var path = Path.Combine(scene.Folder, "shown.json");
        new ViewState
        {
            Layers =
            [
                new ViewLayer { Name = "volume", Visible = false }, new ViewLayer { Name = "raw", Opacity = 0.5, Window = [7, 90] },
                new ViewLayer { Name = "uncertainty" }, new ViewLayer { Name = "surface" },
            ],
        }.Write(path);
        var layers = new LayerSwitch(scene.Manifest);
        layers.Apply(ViewFile.Parse(File.ReadAllText(path)).Layers);
        Assert.Equal(["raw", "uncertainty"], Shown(layers));
        Assert.Equal((0.5, 7.0, 90.0), (layers.Find("raw")!.Opacity, layers.Find("raw")!.Window![0], layers.Find("raw")!.Window![1]));
        Assert.Equal(VolumeKind.Raw, layers.Grey.Kind);
        var view = new ViewFile();
        view.Layers.AddRange(layers.Layers);
        File.WriteAllText(path, view.ToString());
        Assert.Equal([("volume", false), ("raw", true), ("uncertainty", true), ("labels", false)], ViewState.Read(path).Layers.Select(l => (l.Name, l.Visible)));
    }

    [Fact]
    public void A_point_is_found_in_volumes_of_any_grid()
    {
        var raw = scene.Manifest.Volumes.Single(v => v.Kind == VolumeKind.Raw);
        // Centre of voxel x 10, y 20, z 9 of the reconstruction: the third section of 80 nm, whose middle is at 300 + 2 · 80.
        var point = new Double3(45 + 10 * 8, -70 + 20 * 10, 300 + 9 * 20);
        Assert.Equal((10, 20, 9), scene.Image.VoxelAt(point));
        Assert.Equal((10, 20, 2), raw.VoxelAt(point));
        Assert.Equal((74, 49, 30), scene.Image.VoxelAt(scene.Image.HighCornerNm));
        Assert.Null(scene.Image.VoxelAt(scene.Image.LowCornerNm - new Double3(0, 0, 1e-6)));
        Assert.Null(scene.Image.VoxelAt(scene.Image.HighCornerNm + new Double3(1e-6, 0, 0)));
    }
}
