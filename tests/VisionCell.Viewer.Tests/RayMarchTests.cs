using System.Diagnostics;
using System.Runtime.InteropServices;
using Silk.NET.Vulkan;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Viewer.Tests;

/// <summary>
/// The package's shader, compiled by glslang and run on Vulkan (Mesa's lavapipe), against the ray marcher on the processor: picture by
/// picture, with every mode, light, clipping and level of detail.
/// </summary>
public sealed class RayMarchTests(SceneFixture scene) : IClassFixture<SceneFixture>
{
    private const int Width = 96, Height = 64;

    private static readonly Lazy<byte[]> Spirv = new(Compile);

    private static byte[] Compile()
    {
        var shaders = Path.Combine(AppContext.BaseDirectory, "Shaders");
        var output = Path.GetTempFileName();
        var start = new ProcessStartInfo("glslangValidator", ["-D", "-V", "-S", "comp", "-e", "main", Directory.EnumerateFiles(AppContext.BaseDirectory, "RayMarchHarness.hlsl", SearchOption.AllDirectories).First(), $"-I{shaders}", "-o", output])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, said);
        var code = File.ReadAllBytes(output);
        File.Delete(output);
        return code;
    }

    private (float[] Picture, int[] Samples) Draw(RayMarchParameters how, TransferFunction transfer, OrbitCamera camera, ClipVolume clip, IReadOnlyList<BrickId> bricks, bool skip = true)
    {
        var volume = scene.Image;
        // 1. The atlas as the viewer fills it.
        var atlas = new BrickAtlas(volume, 6, 5, 3);
        var files = volume.Levels.Select((_, l) => scene.Open(volume, l)).ToArray();
        var side = files[0].Side;
        int w = atlas.SlotsX * side, h = atlas.SlotsY * side, d = atlas.SlotsZ * side;
        var texels = new byte[w * h * d];
        foreach (var id in bricks)
        {
            var file = files[id.Level];
            var index = file.IndexOf(id.X, id.Y, id.Z);
            Assert.True(atlas.TryPlace(id, file.RangeOf(index), [], out var sx, out var sy, out var sz));
            var brick = file.Read(index);
            for (var z = 0; z < side; z++)
            {
                for (var y = 0; y < side; y++)
                    brick.AsSpan((z * side + y) * side, side).CopyTo(texels.AsSpan(((sz * side + z) * h + sy * side + y) * w + sx * side));
            }
        }
        foreach (var file in files)
            file.Dispose();
        var occupancy = atlas.Occupancy(transfer, how.Window.Low, how.Window.High);
        if (!skip)
            occupancy.AsSpan().Fill(255);
        var table = transfer.Table.SelectMany(c => (float[])[c.R, c.G, c.B, c.A]).ToArray();

        // 2. Parameters and camera, less the corner of the volume.
        var corner = volume.LowCornerNm;
        const double Aspect = (double)Width / Height;
        var right = camera.Right * (Aspect * camera.HeightNm / 2);
        var down = camera.Down * (camera.HeightNm / 2);
        var origin = (camera.Orthographic ? camera.TargetNm - camera.Forward * camera.HeightNm : camera.EyeNm) - corner;
        var forward = camera.Orthographic ? camera.Forward : camera.Forward * camera.DistanceNm;
        float[] parameters =
        [
            .. how.ToVectors(volume, atlas, clip), (float)origin.X, (float)origin.Y, (float)origin.Z, camera.Orthographic ? 0 : 1,
            (float)right.X, (float)right.Y, (float)right.Z, 0, (float)down.X, (float)down.Y, (float)down.Z, 0, (float)forward.X, (float)forward.Y, (float)forward.Z, 0, Width, Height, 0, 0,
        ];
        using var vulkan = new VulkanCompute();
        var results = vulkan.Run(
            Spirv.Value,
            MemoryMarshal.AsBytes(parameters.AsSpan()).ToArray(),
            [
                new Texture(Format.R8Unorm, 1, w, h, d, texels),
                new Texture(Format.R8G8B8A8Uint, 4, atlas.CellsX, atlas.CellsY, atlas.CellsZ, atlas.PageTable()),
                new Texture(Format.R8Unorm, 1, atlas.CellsX, atlas.CellsY, atlas.CellsZ, occupancy),
                new Texture(Format.R32G32B32A32Sfloat, 16, TransferFunction.Values, transfer.Gradients, 0, MemoryMarshal.AsBytes(table.AsSpan()).ToArray()),
            ],
            [Width * Height * 16, Width * Height * 4],
            ((Width + 7) / 8, (Height + 7) / 8));
        return (MemoryMarshal.Cast<byte, float>(results[0]).ToArray(), MemoryMarshal.Cast<byte, int>(results[1]).ToArray());
    }

    private static float[] Expected(Volume<byte> volume, RayMarchParameters how, TransferFunction transfer, OrbitCamera camera, ClipVolume clip, Double3? unit = null)
    {
        var marcher = new ReferenceRayMarcher(volume, how, transfer, clip) { Unit = unit ?? new Double3(volume.VoxelSize.X, volume.VoxelSize.Y, volume.VoxelSize.Z) };
        var picture = new float[4 * Width * Height];
        Parallel.For(0, Height, y =>
        {
            for (var x = 0; x < Width; x++)
            {
                var pixel = marcher.March(camera.RayAt((x + 0.5) / Width * 2 - 1, (y + 0.5) / Height * 2 - 1, (double)Width / Height), x, y);
                for (var c = 0; c < 4; c++)
                    picture[4 * (y * Width + x) + c] = (float)pixel[c];
            }
        });
        return picture;
    }

    /// <summary>What stands on black: colour by opacity. Mean and largest difference, and the share of pixels that differ by more than 4 levels of 255.</summary>
    private static (double Mean, double Most, double Off) Compare(float[] a, float[] b)
    {
        double sum = 0, most = 0;
        var off = 0;
        for (var i = 0; i < a.Length; i += 4)
        {
            var pixel = 0.0;
            for (var c = 0; c < 4; c++)
                pixel = Math.Max(pixel, Math.Abs(c == 3 ? a[i + 3] - b[i + 3] : a[i + c] * a[i + 3] - b[i + c] * b[i + 3]));
            sum += pixel;
            most = Math.Max(most, pixel);
            if (pixel > 4 / 255.0)
                off++;
        }
        return (sum / (a.Length / 4), most, off / (a.Length / 4.0));
    }

    private List<BrickId> All(int level)
    {
        using var file = scene.Open(scene.Image, level);
        return [.. Enumerable.Range(0, file.Count).Select(i => new BrickId(level, i % file.BricksX, i / file.BricksX % file.BricksY, i / (file.BricksX * file.BricksY)))];
    }

    private OrbitCamera Camera(bool orthographic)
    {
        var camera = new OrbitCamera { Orthographic = orthographic };
        camera.Frame(scene.Image.LowCornerNm, scene.Image.HighCornerNm);
        camera.HeightNm *= 0.6;
        camera.Orbit(0.35, -0.22);
        camera.Roll(0.15);
        return camera;
    }

    private ClipVolume Whole() => new(scene.Image.LowCornerNm, scene.Image.HighCornerNm);

    private static TransferFunction Bright() => TransferFunction.OfPoints((0.3, new Rgba(0.1f, 0.2f, 0.8f, 0)), (0.6, new Rgba(0.9f, 0.4f, 0.1f, 0.15f)), (0.95, new Rgba(1, 1, 0.8f, 0.6f)));

    private static RayMarchParameters How(RenderMode mode) => new() { Mode = mode, Window = (10, 220), IsoValue = 120, SamplesPerVoxel = 1.5, Jitter = true, EndOpacity = 0.999 };

    private static void AssertAlike(float[] expected, float[] drawn, double mean, double off)
    {
        var lit = Enumerable.Range(0, Width * Height).Count(i => expected[4 * i + 3] > 0.05);
        Assert.True(lit > Width * Height / 15, $"the picture shows something: {lit} pixels");
        var difference = Compare(expected, drawn);
        TestContext.Current.TestOutputHelper?.WriteLine($"mean {difference.Mean * 255:0.000}, most {difference.Most * 255:0.0} of 255, {difference.Off:P2} of the pixels off by more than 4; {lit} lit");
        Assert.True(difference.Mean < mean / 255 && difference.Off < off, $"mean {difference.Mean * 255:0.000}, most {difference.Most * 255:0.0} of 255, {difference.Off:P2} of the pixels off by more than 4");
    }

    [Theory]
    [InlineData(RenderMode.Translucent, true)]
    [InlineData(RenderMode.Translucent, false)]
    [InlineData(RenderMode.Maximum, true)]
    [InlineData(RenderMode.Maximum, false)]
    [InlineData(RenderMode.Surface, true)]
    [InlineData(RenderMode.Surface, false)]
    public void The_shader_draws_what_the_processor_draws(RenderMode mode, bool orthographic)
    {
        var (how, transfer, camera) = (How(mode), Bright(), Camera(orthographic));
        AssertAlike(Expected(scene.Specimen, how, transfer, camera, Whole()), Draw(how, transfer, camera, Whole(), All(0)).Picture, 0.5, 0.01);
    }

    [Fact]
    public void Gradients_shadows_planes_and_the_box_too()
    {
        var (how, transfer, camera, clip) = (How(RenderMode.Translucent), Bright().WithGradient(0.02, 0.2), Camera(false), Whole());
        how.Shadow = 0.8;
        clip.Planes.Add(new ClipPlane(new Double3(1, 0.4, -0.3), new Double3(1, 0.4, -0.3).Unit().Dot((clip.Low + clip.High) * 0.5) + 60));
        clip.High = new Double3(clip.High.X, clip.High.Y, clip.High.Z - 90);
        var drawn = Draw(how, transfer, camera, clip, All(0)).Picture;
        AssertAlike(Expected(scene.Specimen, how, transfer, camera, clip), drawn, 0.5, 0.01);
        // Each of them does something.
        how.Shadow = 0;
        Assert.True(Compare(drawn, Draw(how, transfer, camera, clip, All(0)).Picture).Mean > 1 / 255.0);
        how.Shadow = 0.8;
        Assert.True(Compare(drawn, Draw(how, transfer, camera, Whole(), All(0)).Picture).Mean > 1 / 255.0);
        Assert.True(Compare(drawn, Draw(how, Bright(), camera, clip, All(0)).Picture).Mean > 1 / 255.0);
    }

    [Fact]
    public void A_coarser_level_is_drawn_in_its_place()
    {
        var (how, transfer, camera) = (How(RenderMode.Translucent), Bright(), Camera(true));
        var fine = scene.Specimen;
        var halved = (Volume<byte>)Pyramid.Halve(fine, Pyramid.NextFactors(fine.Shape, fine.VoxelSize), TestContext.Current.CancellationToken);
        // The frame stays that of the finest level, where the halved one reaches half a voxel further.
        var expected = Expected(halved, how, transfer, camera, Whole(), new Double3(8, 10, 20));
        AssertAlike(expected, Draw(how, transfer, camera, Whole(), All(1)).Picture, 1.0, 0.03);
    }

    [Fact]
    public void Fine_and_coarse_bricks_meet_without_a_seam()
    {
        var (how, transfer, camera) = (How(RenderMode.Translucent), Bright(), Camera(true));
        var mixed = BrickChoice.Choose(scene.Image, camera, 1000, 1.5, 45);
        Assert.Contains(mixed, b => b.Level == 0);
        Assert.Contains(mixed, b => b.Level == 1);
        // No hole and no doubled border: everywhere between what the two levels draw, or near it.
        var fine = Draw(how, transfer, camera, Whole(), All(0)).Picture;
        var coarse = Draw(how, transfer, camera, Whole(), All(1)).Picture;
        var drawn = Draw(how, transfer, camera, Whole(), mixed).Picture;
        var apart = Compare(fine, coarse);
        Assert.True(Compare(fine, drawn).Mean < apart.Mean, "nearer to the fine picture than the coarse one is");
        Assert.True(Compare(fine, drawn).Most < apart.Most + 12 / 255.0, $"{Compare(fine, drawn).Most * 255} against {apart.Most * 255}");
    }

    [Fact]
    public void Empty_bricks_are_skipped_and_opaque_rays_end_without_another_picture()
    {
        var (how, transfer, camera) = (How(RenderMode.Translucent), Bright(), Camera(true));
        how.EndOpacity = 1;
        var whole = Draw(how, transfer, camera, Whole(), All(0), skip: false);
        var skipped = Draw(how, transfer, camera, Whole(), All(0));
        Assert.True(Compare(whole.Picture, skipped.Picture).Mean < 0.05 / 255, $"{Compare(whole.Picture, skipped.Picture)}");
        Assert.True(skipped.Samples.Sum() < 0.8 * whole.Samples.Sum(), $"{skipped.Samples.Sum()} samples of {whole.Samples.Sum()}");
        how.EndOpacity = 0.98;
        var ended = Draw(how, transfer, camera, Whole(), All(0));
        Assert.True(ended.Samples.Sum() < 0.95 * skipped.Samples.Sum(), $"{ended.Samples.Sum()} samples of {skipped.Samples.Sum()}");
        Assert.True(Compare(skipped.Picture, ended.Picture).Most < 0.04);
        TestContext.Current.TestOutputHelper?.WriteLine($"samples {whole.Samples.Sum()}, without empty bricks {skipped.Samples.Sum()}, ended at 0.98 {ended.Samples.Sum()}");
    }

    [Fact]
    public void Where_nothing_is_loaded_nothing_is_drawn()
    {
        foreach (var mode in Enum.GetValues<RenderMode>())
            Assert.All(Draw(How(mode), Bright(), Camera(true), Whole(), []).Picture, v => Assert.Equal(0, v));
    }
}
