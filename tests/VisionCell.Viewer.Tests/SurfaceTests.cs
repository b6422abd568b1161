using System.Diagnostics;
using System.Runtime.InteropServices;
using VisionCell.Meshing;
using VisionCell.Scenes;
using VisionCell.Volumes;

namespace VisionCell.Viewer.Tests;

/// <summary>Colours of the surface from the export to the shader, which runs on Mesa's software Vulkan.</summary>
public sealed class SurfaceTests(SceneFixture scene) : IClassFixture<SceneFixture>
{
    private const int Points = 64;

    [Fact]
    public void Colours_by_uncertainty_and_by_label_come_back_as_they_were_written()
    {
        var mesh = MarchingCubes.Extract(scene.Specimen.ToFloat32(), 120, cancellation: TestContext.Current.CancellationToken);
        var painted = MeshColours.ByQuantity([mesh], scene.Uncertainty, TestContext.Current.CancellationToken).Meshes[0];
        var (r, g, b) = MeshColours.Label(7);
        foreach (var coloured in (Mesh[])[painted, mesh.WithColour(r, g, b)])
        {
            var folder = Path.Combine(scene.Folder, $"coloured-{Guid.NewGuid():N}");
            UnityScene.Write(new UnityInput(scene.Specimen, Surface: coloured), folder);
            var manifest = SceneManifest.Parse(File.ReadAllText(Path.Combine(folder, "scene.json")));
            var surface = GlbSurface.Parse(File.ReadAllBytes(Path.Combine(folder, manifest.Mesh!)));
            Assert.Equal(mesh.Triangles, surface.Indices);
            Assert.Equal(4 * mesh.VertexCount, surface.Colours!.Length);
            // Linear light in the file, sRGB in the library: a dark level of the one spans several of the other.
            for (var i = 0; i < surface.Colours.Length; i++)
            {
                var c = coloured.Colours![i] / 255.0;
                Assert.Equal(i % 4 == 3 ? 255 * c : 255 * (c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4)), surface.Colours[i], 0.5001);
            }
            // And the library reads them back, to what rounding leaves.
            var back = GlbMesh.Read(Path.Combine(folder, manifest.Mesh!));
            Assert.All(coloured.Colours!.Zip(back.Colours!), p => Assert.InRange(p.Second - p.First, -7, 7));
        }
        Assert.True(painted.Colours!.Distinct().Count() > 50, "uncertainty shows in many colours");
        MeshFile.Write(mesh, Path.Combine(scene.Folder, "plain.glb"), new MeshMetadata(new VoxelSize(20, 10, 8)));
        Assert.Null(GlbSurface.Parse(File.ReadAllBytes(Path.Combine(scene.Folder, "plain.glb"))).Colours);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    [InlineData(true, 0.4)]
    public void The_shader_lights_and_cuts_as_the_formula_says(bool vertexColours, double opacity)
    {
        var (random, surface) = (new Random(5), GlbSurface.Parse(Coloured()));
        var look = new SurfaceLook { VertexColours = vertexColours, Colour = (0.2, 0.5, 0.8) };
        var how = new RayMarchParameters { Light = new Double3(-0.3, 0.8, -0.5) };
        var clip = new ClipVolume(scene.Image.LowCornerNm, scene.Image.HighCornerNm);
        clip.Planes.Add(new ClipPlane(new Double3(1, 1, 0), new Double3(1, 1, 0).Unit().Dot(clip.Low) + 300));
        clip.Planes.Add(new ClipPlane(new Double3(0, 0, -1), -500));
        Double3 Random(double scale) => new((random.NextDouble() - 0.5) * scale, (random.NextDouble() - 0.5) * scale, (random.NextDouble() - 0.5) * scale);
        var extent = scene.Image.HighCornerNm - scene.Image.LowCornerNm;
        var points = Enumerable.Range(0, Points).Select(_ => (
            Colour: Random(1) + new Double3(0.5, 0.5, 0.5), Normal: Random(3), Direction: Random(1).Unit(),
            Position: new Double3(random.NextDouble() * extent.X, random.NextDouble() * extent.Y, random.NextDouble() * extent.Z))).ToArray();
        float[] Packed(Func<(Double3 Colour, Double3 Normal, Double3 Direction, Double3 Position), Double3> of) => [.. points.Select(of).SelectMany(v => (float[])[(float)v.X, (float)v.Y, (float)v.Z, 0])];
        float[] parameters =
        [
            .. how.ToVectors(scene.Image, new BrickAtlas(scene.Image, 2, 2, 2), clip), .. look.ToVectors(surface, opacity),
            .. Packed(p => p.Colour), .. Packed(p => p.Normal), .. Packed(p => p.Direction), .. Packed(p => p.Position),
        ];
        using var vulkan = new VulkanCompute();
        var result = MemoryMarshal.Cast<byte, float>(vulkan.Run(Compile(), MemoryMarshal.AsBytes(parameters.AsSpan()).ToArray(), [], [16 * Points], (1, 1))[0]).ToArray();

        var (light, gone) = (how.Light.Unit(), 0);
        for (var i = 0; i < Points; i++)
        {
            var (colour, normal, direction, position) = points[i];
            var own = vertexColours ? colour : new Double3(0.2, 0.5, 0.8);
            var n = normal.Unit();
            var lit = how.Ambient + how.Diffuse * Math.Abs(n.Dot(light));
            var specular = how.Specular * Math.Pow(Math.Abs(n.Dot((light - direction).Unit())), how.Shininess);
            for (var c = 0; c < 3; c++)
                Assert.Equal(own[c] * lit + specular, result[4 * i + c], 2e-3);
            var noise = 52.9829189 * (i * 0.06711056 % 1) % 1;
            var cut = clip.Planes.Any(p => p.Outside(position + scene.Image.LowCornerNm) > 0) || noise >= opacity;
            Assert.Equal(cut ? 1 : 0, result[4 * i + 3]);
            gone += cut ? 1 : 0;
        }
        Assert.InRange(gone, Points / 4, Points - 4);
    }

    private byte[] Coloured()
    {
        var path = Path.Combine(scene.Folder, $"{Guid.NewGuid():N}.glb");
        MeshFile.Write(new Mesh([0, 0, 0, 1, 0, 0, 0, 1, 0], [0, 1, 2]).WithColour(1, 2, 3), path, new MeshMetadata(new VoxelSize(1, 1, 1)));
        return File.ReadAllBytes(path);
    }

    private static byte[] Compile()
    {
        var output = Path.GetTempFileName();
        var harness = Directory.EnumerateFiles(AppContext.BaseDirectory, "SurfaceHarness.hlsl", SearchOption.AllDirectories).First();
        using var process = Process.Start(new ProcessStartInfo("glslangValidator", ["-D", "-V", "-S", "comp", "-e", "main", harness, $"-I{Path.Combine(AppContext.BaseDirectory, "Shaders")}", "-o", output]) { RedirectStandardOutput = true })!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, said);
        var code = File.ReadAllBytes(output);
        File.Delete(output);
        return code;
    }
}
