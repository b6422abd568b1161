using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace VisionCell.Cli.Tests;

/// <summary><c>view</c> and <c>export</c> as a user runs them.</summary>
public sealed class ViewTests
{
    [Fact]
    public void It_serves_until_it_is_interrupted_which_is_how_it_ends()
    {
        var outcome = Command.RunAndInterrupt("open the link", "view", Command.Sample);
        Assert.Equal(0, outcome.Code);
        Assert.StartsWith("http://127.0.0.1:", outcome.Output, StringComparison.Ordinal);
        Assert.Single(outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void A_busy_port_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var outcome = Command.Run("view", Command.Sample, "--port", $"{port}");
        Assert.Equal(3, outcome.Code);
        Assert.Contains($"port {port} of 127.0.0.1 is in use", outcome.FailureLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no such file", "view", "nowhere.zarr")]
    [InlineData("no such file", "view", "SAMPLE", "--mesh", "nowhere.glb")]
    [InlineData("exclude each other", "view", "SAMPLE", "--mesh", "a.glb", "--iso", "3")]
    [InlineData("port 70000", "view", "SAMPLE", "--port", "70000")]
    [InlineData("no such file", "view", "SAMPLE", "--view", "nowhere.json")]
    [InlineData("give a grey value", "export", "unity", "SAMPLE", "--iso", "high", "--out", "x")]
    [InlineData("--decimate 2", "export", "unity", "SAMPLE", "--iso", "auto", "--decimate", "2", "--out", "x")]
    [InlineData("outside", "export", "neuroglancer", "SAMPLE", "--iso", "300", "--out", "x")]
    public void Bad_input_is_named_in_one_line_and_leaves_no_file(string expected, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        var outcome = Command.RunIn(folder.Path, [.. arguments.Select(a => a == "SAMPLE" ? Command.Sample : a)]);
        Assert.Equal(3, outcome.Code);
        Assert.Contains(expected, outcome.FailureLine, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Without_Neuroglancer_it_says_how_to_get_it()
    {
        var outcome = Command.RunAfter("export VISIONCELL_NEUROGLANCER=/nowhere", "view", Command.Sample);
        Assert.Equal(3, outcome.Code);
        Assert.Contains("install npm", outcome.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void A_scene_for_Unity_has_what_was_asked_for()
    {
        using var folder = new TemporaryFolder();
        var target = folder.File("scene");
        var outcome = Command.Run("export", "unity", Command.Sample, "--labels", Command.Sample, "--iso", "auto", "--dark", "--out", target);
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains("(Otsu's threshold", outcome.Error, StringComparison.Ordinal);
        var scene = JsonNode.Parse(File.ReadAllText(Path.Combine(target, "scene.json")))!;
        Assert.Equal(["image", "labels"], scene["volumes"]!.AsArray().Select(v => (string)v!["kind"]!));
        foreach (var file in (string[])["surface.glb", "view.json", "volume.0.bricks", "volume.1.bricks", "labels.0.bricks"])
            Assert.True(new FileInfo(Path.Combine(target, file)).Length > 100, file);
    }
}
