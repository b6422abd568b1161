using System.Text.Json;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Cli.Tests;

/// <summary>A sweep of real reconstructions, one of which must fail, and what <c>runs</c> tells of them.</summary>
public sealed class RunsTests
{
    [Fact]
    public void A_sweep_runs_each_job_once_and_its_runs_are_listed_compared_and_exported()
    {
        using var folder = new TemporaryFolder();
        var input = folder.File("stack.tif");
        VolumeFormats.Write(((Volume<byte>)VolumeFormats.Read(Command.Sample, new VoxelSize(10, 10, 10))).Crop(new VisionCell.Volumes.Box(0, 0, 0, new Shape3(6, 40, 40))), input);
        var (file, output) = (folder.File("sweep.json"), folder.File("sweep"));
        File.WriteAllText(file, JsonSerializer.Serialize(new
        {
            arguments = new[] { "reconstruct", input, "--voxel-size", "40,10,10", "--out", "{out}" },
            vary = new Dictionary<string, object> { ["--method"] = new { values = new[] { "linear", "lineal", "cubic" } } },
        }));

        var listed = Command.Run("sweep", file, "--out", output, "--list", "--json");
        Assert.True(listed.Code == 0, listed.Error);
        var ids = JsonDocument.Parse(listed.Output).RootElement.EnumerateArray().Select(j => j.GetProperty("id").GetString()!).ToArray();
        Assert.Equal(3, ids.Length);
        Assert.True(File.Exists(Path.Combine(output, "jobs.json")));

        var first = Command.Run("sweep", file, "--out", output);
        Assert.Equal(1, first.Code);
        Assert.Equal($"visioncell: 1 of 3 jobs failed: {ids[1]}; see messages.txt in their folders, and --retry-failed to run them again", first.FailureLine);
        Assert.Contains("lineal", File.ReadAllText(Path.Combine(output, ids[1], "messages.txt")), StringComparison.Ordinal);
        var again = Command.Run("sweep", file, "--out", output);
        Assert.Equal(1, again.Code);
        Assert.Contains($"{ids[0]}: done in ", again.Error, StringComparison.Ordinal);
        Assert.Contains($"{ids[1]}: failed before (", again.Error, StringComparison.Ordinal);

        var runs = Command.Run("runs", "list", "--root", output, "--columns", "reconstruct-cubic.inferSeconds");
        Assert.True(runs.Code == 0, runs.Error);
        Assert.Equal(3, runs.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length); // its head and two runs
        var (a, b) = (Path.Combine(output, ids[0]), Path.Combine(output, ids[2]));
        var compared = JsonDocument.Parse(Command.Run("runs", "compare", a, b, "--json").Output).RootElement.EnumerateArray().ToList();
        Assert.Contains(compared, d => d.GetProperty("group").GetString() == "configuration" && d.GetProperty("name").GetString() == "reconstruct-cubic.method" && d.GetProperty("second").GetString() == "cubic");
        Assert.DoesNotContain(compared, d => d.GetProperty("group").GetString() is "data" or "machine");
        Assert.Contains("reconstruct-linear", Command.Run("runs", "show", a).Output, StringComparison.Ordinal);

        var (csv, html) = (folder.File("runs.csv"), folder.File("runs.html"));
        Assert.Equal(3, Command.Run("runs", "export", "--root", output).Code);
        var exported = Command.Run("runs", "export", "--root", output, "--csv", csv);
        Assert.True(exported.Code == 0, exported.Error);
        Assert.Equal(3, File.ReadAllLines(csv).Length);
        Assert.Equal(3, Command.Run("runs", "export", "--root", output, "--html", html, "--columns", "seed.linear").Code);
        Assert.True(File.Exists(Path.Combine(output, "results.html")));
    }
}
