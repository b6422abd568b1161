using System.Diagnostics;
using System.Text.Json;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Meshing;

/// <summary>Our .glb files before Khronos' own validator, which set-up fetches from npm (tests/gltf-validator).</summary>
public sealed class GltfValidatorTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vc-gltf").FullName;
    private readonly MeshMetadata _metadata = new(new VoxelSize(40, 12, 8), "ball & \"bolt\" ü", 0.5, Provenance.Of("ball.tif").With("crop"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Mesh Ball() => MarchingCubes.Extract(Shapes.AnisotropicBall(), 0);

    private static Mesh Coloured(Mesh mesh)
    {
        var colours = new byte[4 * mesh.VertexCount];
        new Random(1).NextBytes(colours);
        return new Mesh(mesh.Positions, mesh.Triangles, mesh.Normals, colours);
    }

    private static Mesh Noise() => MarchingCubes.Extract(Shapes.Noise(3, new Shape3(12, 13, 14), r => r.Next(5)), 2);

    [Fact]
    public void Every_kind_of_glb_is_valid_without_a_warning()
    {
        var ball = Ball();
        var files = new Dictionary<string, Action<string>>
        {
            ["plain"] = p => MeshFile.Write(ball, p, _metadata),
            ["metres"] = p => MeshFile.Write(ball, p, _metadata with { GltfUnit = GltfUnit.Metre }),
            ["coloured"] = p => MeshFile.Write(Coloured(ball), p, _metadata),
            ["levels of detail"] = p => MeshFile.Write(MeshDecimation.Decimate(Coloured(ball), 0.1, null), p, _metadata),
            ["objects"] = p => MeshFile.Write([("7", ball.WithColour(200, 30, 30)), ("12", Noise().WithColour(30, 200, 30)), ("13", Ball())], p, _metadata),
            ["dark, open, noisy"] = p => MeshFile.Write(Noise(), p, new MeshMetadata(new VoxelSize(1, 1, 1))),
        };
        foreach (var (name, write) in files)
            write(PathOf(name));
        var reports = Validate([.. files.Keys.Select(PathOf)]);
        Assert.Equal(files.Count, reports.Count);
        foreach (var (name, report) in files.Keys.Zip(reports))
        {
            Assert.True(report is { Errors: 0, Warnings: 0, Infos: 0, Hints: 0 }, $"{name}: {report.Errors} errors, {report.Warnings} warnings, {report.Infos} infos, {report.Hints} hints\n{string.Join('\n', report.Messages)}");
        }
        Assert.Equal((ball.VertexCount, ball.TriangleCount), (reports[0].Vertices, reports[0].Triangles));
    }

    [Fact]
    public void The_validator_names_what_is_broken()
    {
        var path = PathOf("broken");
        MeshFile.Write(Ball(), path, _metadata);
        var bytes = File.ReadAllBytes(path);
        // The last four bytes belong to the last normal: now it is far from a unit vector.
        bytes.AsSpan(bytes.Length - 4).Fill(0x7F);
        File.WriteAllBytes(path, bytes);
        var report = Assert.Single(Validate([path]));
        Assert.True(report.Errors > 0);
        Assert.Contains("ACCESSOR_VECTOR3_NON_UNIT", string.Join('\n', report.Messages), StringComparison.Ordinal);
    }

    private string PathOf(string name) => Path.Combine(_folder, name + ".glb");

    private static List<Report> Validate(string[] paths)
    {
        var script = Path.Combine(Sample.Repository, "artifacts", "gltf-validator", "validate.mjs");
        Assert.True(File.Exists(script), $"{script} is not there: run environment/setup.sh --test once with a network");
        using var process = Process.Start(new ProcessStartInfo("node", [script, .. paths]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return [.. lines.Select(l => JsonSerializer.Deserialize<Report>(l, JsonSerializerOptions.Web)!)];
    }

    private sealed record Report(int Errors, int Warnings, int Infos, int Hints, string[] Messages, int Vertices, int Triangles);
}
