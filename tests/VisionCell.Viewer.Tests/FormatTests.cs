using System.Text;
using K4os.Compression.LZ4;
using VisionCell.Formats;
using VisionCell.Scenes;
using VisionCell.Volumes;

namespace VisionCell.Viewer.Tests;

/// <summary>What the export writes is what the package reads, voxel by voxel; what is damaged is refused.</summary>
public sealed class FormatTests(SceneFixture scene) : IClassFixture<SceneFixture>
{
    private static int Stored(VolumeInfo volume, BrickFile file, byte[] brick, int x, int y, int z)
    {
        Assert.Equal(volume.Edge, file.Edge);
        var at = ((z + file.Border) * file.Side + y + file.Border) * file.Side + x + file.Border;
        return file.BytesPerVoxel == 1 ? brick[at] : brick[2 * at] | brick[2 * at + 1] << 8;
    }

    [Theory]
    [InlineData(VolumeKind.Image)]
    [InlineData(VolumeKind.Labels)]
    [InlineData(VolumeKind.Uncertainty)]
    public void Every_voxel_comes_back_with_the_borders_of_its_neighbours(VolumeKind kind)
    {
        var volume = scene.Manifest.Volumes.Single(v => v.Kind == kind);
        Volume original = kind switch { VolumeKind.Image => scene.Specimen, VolumeKind.Labels => scene.Labels, _ => scene.Uncertainty };
        var level = volume.Levels[0];
        Assert.Equal([75, 50, 31], level.Shape);
        Assert.Equal((8.0, 10.0, 20.0), (volume.VoxelSizeNm.X, volume.VoxelSizeNm.Y, volume.VoxelSizeNm.Z));
        Assert.Equal((45.0, -70.0, 300.0), (volume.OriginNm.X, volume.OriginNm.Y, volume.OriginNm.Z));
        using var file = scene.Open(volume, 0);
        Assert.Equal((6, 4, 3), (file.BricksX, file.BricksY, file.BricksZ));
        var step = kind == VolumeKind.Uncertainty ? volume.Factor : 0;
        for (var b = 0; b < file.Count; b++)
        {
            var brick = file.Read(b);
            var (bx, by, bz) = (b % file.BricksX * file.Edge, b / file.BricksX % file.BricksY * file.Edge, b / (file.BricksX * file.BricksY) * file.Edge);
            int low = int.MaxValue, high = int.MinValue;
            for (var z = -1; z <= file.Edge; z++)
            {
                for (var y = -1; y <= file.Edge; y++)
                {
                    for (var x = -1; x <= file.Edge; x++)
                    {
                        var stored = Stored(volume, file, brick, x, y, z);
                        (low, high) = (Math.Min(low, stored), Math.Max(high, stored));
                        var expected = original.ValueAt(Math.Clamp(bz + z, 0, 30), Math.Clamp(by + y, 0, 49), Math.Clamp(bx + x, 0, 74));
                        Assert.InRange(volume.ValueOf(stored), expected - step * 0.51, expected + step * 0.51);
                    }
                }
            }
            Assert.Equal((low, high), file.RangeOf(b));
        }
    }

    [Fact]
    public void Coarser_levels_are_those_of_the_pyramid()
    {
        Assert.True(scene.Image.Levels.Count >= 2);
        Volume level = scene.Specimen;
        for (var l = 1; l < scene.Image.Levels.Count; l++)
        {
            level = Pyramid.Halve(level, Pyramid.NextFactors(level.Shape, level.VoxelSize), TestContext.Current.CancellationToken);
            var info = scene.Image.Levels[l];
            Assert.Equal([level.Shape.X, level.Shape.Y, level.Shape.Z], info.Shape);
            Assert.Equal(level.VoxelSize.X, info.Factor[0] * scene.Specimen.VoxelSize.X);
            using var file = scene.Open(scene.Image, l);
            Assert.Equal(level.ValueAt(5, 7, 9), Stored(scene.Image, file, file.Read(file.IndexOf(0, 0, 0)), 9, 7, 5));
        }
        Assert.Single(scene.Manifest.Volumes.Single(v => v.Kind == VolumeKind.Labels).Levels);
    }

    [Fact]
    public void Raw_sections_keep_their_own_grid()
    {
        var raw = scene.Manifest.Volumes.Single(v => v.Kind == VolumeKind.Raw);
        Assert.Equal([75, 50, 8], raw.Levels[0].Shape);
        Assert.Equal((80.0, 300.0), (raw.VoxelSizeNm.Z, raw.OriginNm.Z));
        using var file = scene.Open(raw, 0);
        Assert.Equal(scene.Raw[6, 3, 5], Stored(raw, file, file.Read(file.IndexOf(0, 0, 0)), 5, 3, 6));
    }

    [Fact]
    public void A_file_read_by_sections_gives_the_scene_of_the_volume_in_memory()
    {
        var (zarr, there, here) = (Path.Combine(scene.Folder, "u.zarr"), Path.Combine(scene.Folder, "there"), Path.Combine(scene.Folder, "here"));
        // Past the coarsest edge, so that levels go through temporary files; floats, so that they are converted on the way.
        var floats = new Volume<float>(new Shape3(40, 90, 150), new VoxelSize(20, 10, 8), default, Provenance.Of("u"));
        var random = new Random(1);
        for (var i = 0; i < floats.Data.Length; i++)
            floats.Data[i] = random.NextSingle() * 3 - 1;
        VolumeFormats.Write(floats, zarr);
        using (var sections = SectionedVolume.Open(zarr))
            UnityScene.Write(new UnityInput(sections, Uncertainty: sections), there);
        UnityScene.Write(new UnityInput(floats, Uncertainty: floats), here);
        var files = Directory.GetFiles(here).Select(Path.GetFileName).Order().ToArray();
        Assert.Contains("volume.1.bricks", files);
        Assert.Equal(files, Directory.GetFiles(there).Select(Path.GetFileName).Order());
        Assert.All(files.Where(f => f!.EndsWith(".bricks", StringComparison.Ordinal)), f => Assert.Equal(File.ReadAllBytes(Path.Combine(here, f!)), File.ReadAllBytes(Path.Combine(there, f!))));
        Assert.Equal(SceneManifest.Parse(File.ReadAllText(Path.Combine(here, "scene.json"))).Volumes[0].High, SceneManifest.Parse(File.ReadAllText(Path.Combine(there, "scene.json"))).Volumes[0].High);
    }

    [Fact]
    public void A_constant_volume_takes_no_room()
    {
        var folder = Path.Combine(scene.Folder, "constant");
        var flat = new Volume<ushort>(new Shape3(40, 40, 40), new VoxelSize(1, 1, 1), default, Provenance.Of("flat"));
        flat.Data.AsSpan().Fill(777);
        UnityScene.Write(new UnityInput(flat), folder);
        using var file = new BrickFile(File.OpenRead(Path.Combine(folder, "volume.0.bricks")));
        Assert.Equal(32 + 16 * file.Count, new FileInfo(Path.Combine(folder, "volume.0.bricks")).Length);
        var brick = file.Read(0);
        Assert.Equal(777, brick[^2] | brick[^1] << 8);
    }

    [Fact]
    public void Lz4_blocks_are_decoded_as_the_library_encodes_them()
    {
        var random = new Random(3);
        foreach (var length in (int[])[1, 2, 15, 16, 17, 300, 4096, 70_001])
        {
            foreach (var letters in (int[])[1, 2, 5, 256])
            {
                var data = new byte[length];
                for (var i = 0; i < length; i++)
                    data[i] = (byte)random.Next(letters);
                var buffer = new byte[LZ4Codec.MaximumOutputSize(length)];
                var block = buffer.AsSpan(0, LZ4Codec.Encode(data, buffer));
                var result = new byte[length];
                Lz4Block.Decode(block, result);
                Assert.Equal(data, result);
                // Damage is refused or changes values; it never reads or writes beyond, which would throw something else.
                for (var n = 0; n < 50; n++)
                {
                    var broken = block.ToArray();
                    broken[random.Next(broken.Length)] ^= (byte)(1 << random.Next(8));
                    try
                    {
                        Lz4Block.Decode(broken.AsSpan(0, random.Next(2) == 0 ? broken.Length : random.Next(broken.Length)), result);
                    }
                    catch (InvalidDataException)
                    {
                        // As it should.
                    }
                }
            }
        }
    }

    [Fact]
    public void Damaged_files_are_refused()
    {
        var path = Path.Combine(scene.Folder, scene.Image.Levels[0].File);
        var good = File.ReadAllBytes(path);
        foreach (var (at, value) in ((int, byte)[])[(0, 0), (4, 9), (8, 0), (16, 3), (20, 255), (32 + 7, 255)])
        {
            var bad = (byte[])good.Clone();
            bad[at] = value;
            Assert.Throws<InvalidDataException>(() => new BrickFile(new MemoryStream(bad)));
        }
        Assert.Throws<InvalidDataException>(() => new BrickFile(new MemoryStream(good[..40])));
        Assert.Throws<InvalidDataException>(() => new BrickFile(new MemoryStream(good[..(good.Length / 2)])));
    }

    [Theory]
    [InlineData("{}", "no scene")]
    [InlineData("""{"format": "visioncell-scene", "version": 2, "volumes": []}""", "version 2")]
    [InlineData("""{"format": "visioncell-scene", "version": 1, "volumes": []}""", "no volume")]
    [InlineData("""{"format": "visioncell-scene", "version": 1, "volumes": [""", "too early")]
    public void Manifests_that_are_none_are_refused(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => SceneManifest.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_manifest_reaches_no_file_elsewhere()
    {
        var text = File.ReadAllText(Path.Combine(scene.Folder, "scene.json"));
        Assert.Throws<InvalidDataException>(() => SceneManifest.Parse(text.Replace("volume.0.bricks", "../volume.0.bricks", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("""{"a": [1, -2.5e-3, true, false, null, "x\n\u00e9\"\\"], "b": {}}""", true)]
    [InlineData("""{"a": 1,}""", false)]
    [InlineData("""{"a": 01x}""", false)]
    [InlineData("""{"a": 1} 2""", false)]
    [InlineData("""{"a": 1, "a": 2}""", false)]
    [InlineData("[1]", false)]
    [InlineData("{\"a\": \"\t\"}", false)]
    [InlineData("""{"a": tru}""", false)]
    public void Json_is_read_as_the_standard_says(string text, bool isRight)
    {
        if (!isRight)
        {
            Assert.Throws<InvalidDataException>(() => Json.ParseObject(text));
            return;
        }
        var list = Json.List(Json.ParseObject(text), "a");
        Assert.Equal([1.0, -0.0025, true, false, null, "x\n\u00e9\"\\"], list);
    }

    [Fact]
    public void A_view_goes_to_the_library_and_back()
    {
        var view = new ViewState
        {
            PositionNm = [1.5, 2, -3], Orientation = [0.5, 0.5, -0.5, 0.5], Orthographic = false, HeightNm = 1234.5,
            Layers = [new ViewLayer { Name = "vol\"ume", Visible = false, Opacity = 0.25, Window = [3, 200] }, new ViewLayer { Name = "labels" }],
            ClipPlanes = [new Scenes.ClipPlane { Normal = [0, 0, -1], OffsetNm = 17 }],
        };
        var path = Path.Combine(scene.Folder, "there.json");
        view.Write(path);
        var read = ViewFile.Parse(File.ReadAllText(path));
        Assert.Equal((-3, 0.5, 1234.5, false), (read.Camera.TargetNm.Z, read.Camera.Orientation.X, read.Camera.HeightNm, read.Camera.Orthographic));
        Assert.Equal(("vol\"ume", false, 0.25), (read.Layers[0].Name, read.Layers[0].Visible, read.Layers[0].Opacity));
        File.WriteAllText(path, read.ToString(), Encoding.UTF8);
        var back = ViewState.Read(path);
        Assert.Equal(view.PositionNm, back.PositionNm);
        Assert.Equal(view.Orientation, back.Orientation);
        Assert.Equal([3, 200], back.Layers[0].Window!);
        Assert.Null(back.Layers[1].Window);
        Assert.Equal([0, 0, -1], back.ClipPlanes[0].Normal);
        Assert.Equal(17, back.ClipPlanes[0].OffsetNm);
    }
}
