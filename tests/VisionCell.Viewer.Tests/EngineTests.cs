using System.Diagnostics;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Viewer.Tests;

/// <summary>What the engine's side builds on: frames, ruler, surface, and that its shaders compile.</summary>
public sealed class EngineTests(SceneFixture scene) : IClassFixture<SceneFixture>
{
    [Fact]
    public void The_frame_of_Unity_is_that_of_the_volume_unmirrored()
    {
        var frame = new UnityFrame(new Double3(100, 200, 300));
        var p = new Double3(1100, -800, 350);
        Assert.Equal(new Double3(1, 1, 0.05), frame.ToUnity(p));
        Assert.True((frame.ToVolume(frame.ToUnity(p)) - p).Length < 1e-9);
        // A turned vector is the turned vector's image: Unity multiplies quaternions by the same formula in its own frame.
        var q = (Rotation.About(new Double3(1, 2, 3), 0.7) * Rotation.About(new Double3(-1, 0, 2), 2)).Unit();
        var v = new Double3(0.3, -0.4, 0.8);
        static Double3 Flip(Double3 a) => new(a.X, -a.Y, a.Z);
        Assert.True((UnityFrame.ToUnity(q).Apply(Flip(v)) - Flip(q.Apply(v))).Length < 1e-12);
        var m = frame.WorldToNm(new Double3(10, 20, 30));
        var world = frame.ToUnity(p);
        for (var row = 0; row < 3; row++)
            Assert.Equal((p - new Double3(10, 20, 30))[row], m[4 * row] * world.X + m[4 * row + 1] * world.Y + m[4 * row + 2] * world.Z + m[4 * row + 3], 1e-9);
    }

    [Theory]
    [InlineData(1, 200, 200, "200 nm")]
    [InlineData(3.7, 200, 500, "500 nm")]
    [InlineData(10, 250, 2000, "2 µm")]
    [InlineData(2000, 700, 1e6, "1 mm")]
    [InlineData(0.01, 99, 0.5, "0.5 nm")]
    public void A_ruler_has_a_round_length(double pixelNm, double most, double length, string label)
    {
        var ruler = Ruler.Within(pixelNm, most);
        Assert.Equal((length, label), (Math.Round(ruler.LengthNm, 9), ruler.Label));
        Assert.InRange(ruler.Pixels, most / 2.5, most);
        Assert.Equal(length, ruler.Pixels * pixelNm, 1e-6);
    }

    [Fact]
    public void A_surface_comes_back_as_it_was_written()
    {
        var mesh = MarchingCubes.Extract(scene.Specimen.ToFloat32(), 120, cancellation: TestContext.Current.CancellationToken);
        var path = Path.Combine(scene.Folder, "m.glb");
        MeshFile.Write(mesh, path, new MeshMetadata(new VoxelSize(20, 10, 8)));
        var bytes = File.ReadAllBytes(path);
        var surface = GlbSurface.Parse(bytes);
        Assert.Equal(mesh.Triangles, surface.Indices);
        Assert.Equal(mesh.Normals, surface.Normals);
        Assert.All(mesh.Positions.Zip(surface.Positions), p => Assert.Equal(p.First, 1000 * p.Second, 1e-3f * (1 + Math.Abs(p.First))));
        foreach (var at in (int[])[0, 4, 16])
        {
            var bad = (byte[])bytes.Clone();
            bad[at] ^= 0x55;
            Assert.Throws<InvalidDataException>(() => GlbSurface.Parse(bad));
        }
        Assert.Throws<InvalidDataException>(() => GlbSurface.Parse(bytes[..(bytes.Length / 2)]));
    }

    /// <summary>The program of a .shader file, against a hand-written stand-in for what UnityCG.cginc declares.</summary>
    [Theory]
    [InlineData("VolumeRayMarch", "Vertex", "vert", "")]
    [InlineData("VolumeRayMarch", "Fragment", "frag", "")]
    [InlineData("VolumeRayMarch", "Fragment", "frag", "-DVC_DEPTH=1")]
    [InlineData("VolumeRayMarch", "Fragment", "frag", "-DVC_DEPTH=1 -DUNITY_REVERSED_Z=1")]
    [InlineData("Section", "Vertex", "vert", "")]
    [InlineData("Section", "Fragment", "frag", "")]
    [InlineData("Surface", "Vertex", "vert", "")]
    [InlineData("Surface", "Fragment", "frag", "")]
    [InlineData("Surface", "Fragment", "frag", "-DUNITY_COLORSPACE_GAMMA=1")]
    [InlineData("Surface", "Depth", "frag", "")]
    public void The_shaders_compile(string shader, string entry, string stage, string defines)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "Shaders");
        var text = File.ReadAllText(Path.Combine(folder, $"{shader}.shader"));
        // What all passes share, or the program of the one pass.
        var opening = text.Contains("HLSLINCLUDE", StringComparison.Ordinal) ? "HLSLINCLUDE" : "HLSLPROGRAM";
        var from = text.IndexOf(opening, StringComparison.Ordinal) + opening.Length;
        var program = Path.Combine(scene.Folder, $"{shader}.{entry}.hlsl");
        // Pragmas are Unity's.
        File.WriteAllLines(program, text[from..text.IndexOf("ENDHLSL", StringComparison.Ordinal)].Split('\n').Where(l => !l.Contains("#pragma", StringComparison.Ordinal)));
        var start = new ProcessStartInfo("glslangValidator", ["-D", "-V", "--amb", "--aml", "-S", stage, "-e", entry, $"-I{folder}", .. defines.Split(' ', StringSplitOptions.RemoveEmptyEntries), "-o", program + ".spv", program])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, said);
    }

    [Fact]
    public void Every_asset_has_a_meta_file_with_a_number_of_its_own()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "VisionCell.slnx")))
            root = Path.GetDirectoryName(root)!;
        var package = Path.Combine(root, "src", "unity", "com.visioncell.viewer");
        var assets = Directory.EnumerateFileSystemEntries(package, "*", SearchOption.AllDirectories)
            .Where(p => !p.EndsWith(".meta", StringComparison.Ordinal) && !Path.GetRelativePath(package, p).Split('/').Any(part => part.EndsWith('~'))).ToList();
        Assert.All(assets, a => Assert.True(File.Exists(a + ".meta"), $"{a}: run src/unity/meta.py"));
        var guids = assets.Select(a => File.ReadLines(a + ".meta").First(l => l.StartsWith("guid: ", StringComparison.Ordinal))).ToList();
        Assert.Equal(guids.Count, guids.Distinct().Count());
        Assert.Equal(assets.Count, Directory.EnumerateFiles(package, "*.meta", SearchOption.AllDirectories).Count());
    }
}
