using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Integration;

/// <summary>
/// Reconstructions on a real Slurm with two nodes, disturbed in every way that a cluster knows: afterwards every block is there once, and the bytes
/// are those of an undisturbed run on one machine.
/// </summary>
public sealed class SlurmTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-cluster-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Killed_workers_lost_nodes_preemption_and_a_restarted_controller_change_no_byte()
    {
        string stack = Stack(new Shape3(12, 1100, 1100));
        await using SlurmCluster cluster = await SlurmCluster.StartAsync();
        string alone = await LocalAsync(cluster, stack, "linear");

        string run = Path.Combine(_folder, "cluster");
        string submitted = await VisionCellAsync(cluster, 0, "reconstruct", stack, "--out", run, "--method", "linear", "--executor", "slurm", "--partition", "main", "--time", "10");
        Assert.Equal(["before", "tasks", "after"], submitted.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')[0]));
        string array = submitted.Split('\n')[1].Split(' ')[^1];

        // A worker dies without a word in the middle of its work.
        Process worker = await WorkerAsync(cluster, run);
        worker.Kill();
        // A node is lost with what runs on it, and the controller is restarted; both come back.
        string node = Variable(await WorkerAsync(cluster, run), "SLURMD_NODENAME") ?? "b";
        await cluster.LoseNodeAsync(node, run);
        await cluster.RunAsync("scontrol", "update", $"NodeName={node}", "State=DOWN", "Reason=test");
        await cluster.StopAsync("slurmctld");
        cluster.StartController();
        await cluster.UntilAsync(() => Tool.RunAsync(["scontrol", "ping"], Patience, cluster.Environment).Result.Output.Contains("UP", StringComparison.Ordinal), "controller");
        cluster.StartNode(node);
        // The controller may take the node back by itself.
        await Tool.RunAsync(["scontrol", "update", $"NodeName={node}", "State=RESUME"], Patience, cluster.Environment);
        // Something more important takes a node away.
        await WorkerAsync(cluster, run);
        await cluster.RunAsync("sbatch", "--partition=urgent", "--output=/dev/null", "--array=0-1", "--wrap=sleep 1");
        // The warning that comes before the time limit.
        Process warned = await WorkerAsync(cluster, run);
        if (Variable(warned, "SLURM_ARRAY_TASK_ID") is { } task)
            await Tool.RunAsync(["scancel", "--signal=TERM", "--batch", $"{array}_{task}"], Patience, cluster.Environment);

        await FinishedAsync(cluster, run);
        AssertSame(alone, Path.Combine(run, "volumes", "linear.zarr"));
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(run, "volumes"), ".*"));
        JsonNode state = await StatusAsync(cluster, run);
        Assert.Equal("finished", state["status"]!.GetValue<string>());
        Assert.Equal(25, state["done"]!.GetValue<int>());

        // The same again asks nothing of the cluster.
        Assert.Equal("", await VisionCellAsync(cluster, 0, "reconstruct", stack, "--out", run, "--method", "linear", "--executor", "slurm"));
    }

    [Fact]
    public async Task A_full_disk_is_told_and_what_is_missing_is_done_once_there_is_room()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mounting a small file system needs root");
        string stack = Stack(new Shape3(8, 512, 300));
        await using SlurmCluster cluster = await SlurmCluster.StartAsync();
        string alone = await LocalAsync(cluster, stack, "linear");
        string run = Directory.CreateDirectory(Path.Combine(_folder, "small")).FullName;
        Assert.Equal(0, (await Tool.RunAsync(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", run], Patience)).Code);
        try
        {
            await VisionCellAsync(cluster, 0, "reconstruct", stack, "--out", run, "--method", "linear", "--executor", "slurm", "--retries", "1");
            await QuietAsync(cluster);
            JsonNode state = await StatusAsync(cluster, run);
            Assert.Equal("stopped", state["status"]!.GetValue<string>());
            Assert.InRange(state["done"]!.GetValue<int>(), 1, 3);
            Assert.Equal(4 - state["done"]!.GetValue<int>(), state["failed"]!.AsArray().Count);
            Assert.False(Directory.Exists(Path.Combine(run, "volumes", "linear.zarr")));

            Assert.Equal(0, (await Tool.RunAsync(["mount", "-o", "remount,size=64m", run], Patience)).Code);
            File.Delete(Path.Combine(run, "jobs", "reconstruct-linear", "after.log"));
            string again = await VisionCellAsync(cluster, 0, "jobs", "retry", run);
            Assert.DoesNotContain("before", again, StringComparison.Ordinal);
            await FinishedAsync(cluster, run);
            AssertSame(alone, Path.Combine(run, "volumes", "linear.zarr"));
        }
        finally
        {
            await QuietAsync(cluster);
            await Tool.RunAsync(["umount", "--lazy", run], Patience);
        }
    }

    [Fact]
    public async Task A_training_that_reaches_its_time_limit_goes_on_and_cancelled_jobs_can_be_retried()
    {
        string stack = Stack(new Shape3(12, 200, 200));
        await using SlurmCluster cluster = await SlurmCluster.StartAsync();
        string alone = await LocalAsync(cluster, stack, "superresolution", "--steps", "60", "--from-scratch");

        string run = Path.Combine(_folder, "cluster");
        string submitted = await VisionCellAsync(cluster, 0, "reconstruct", stack, "--out", run, "--method", "superresolution", "--steps", "60", "--from-scratch", "--executor", "slurm");
        string training = submitted.Split('\n')[0].Split(' ')[^1];
        // Slurm's warning before the limit: the checkpoint is saved, and the job queued again.
        string log = Path.Combine(run, "jobs", "reconstruct-superresolution", "before.log");
        await cluster.UntilAsync(() => File.Exists(log) && File.ReadAllText(log).Contains("superresolution: train", StringComparison.Ordinal), "training", Patience);
        await cluster.RunAsync("scancel", "--signal=TERM", "--batch", training);
        await cluster.UntilAsync(() => File.ReadAllText(log).Contains("interrupted", StringComparison.Ordinal), "interrupted training", Patience);

        await VisionCellAsync(cluster, 0, "jobs", "cancel", run);
        await QuietAsync(cluster);
        Assert.Equal("stopped", (await StatusAsync(cluster, run))["status"]!.GetValue<string>());
        await VisionCellAsync(cluster, 0, "jobs", "retry", run);
        await FinishedAsync(cluster, run);
        AssertSame(alone, Path.Combine(run, "volumes", "superresolution.zarr"));
        Assert.True(File.Exists(Path.Combine(run, "checkpoints", "superresolution.safetensors")));
    }

    [Fact]
    public async Task A_sweep_runs_as_an_array_and_its_results_are_gathered()
    {
        string volume = Path.Combine(_folder, "volume.tif");
        VolumeFormats.Write(((Volume<byte>)VolumeFormats.Read(Path.Combine(Tool.Root, "data-manifests", "samples", "medulla-sample.tif"), new VoxelSize(10, 10, 10))).Crop(new Box(0, 0, 0, new Shape3(33, 48, 48))), volume);
        string file = Path.Combine(_folder, "sweep.json");
        await File.WriteAllTextAsync(file, JsonSerializer.Serialize(new
        {
            arguments = new[] { "benchmark", volume, "--methods", "linear", "--json", "{out}/report.json" },
            vary = new Dictionary<string, object> { ["--degrade"] = new { values = new[] { "decimate:4", "decimate:8", "pool:4" } } },
        }), TestContext.Current.CancellationToken);
        await using SlurmCluster cluster = await SlurmCluster.StartAsync();
        string sweep = Path.Combine(_folder, "sweep");
        await VisionCellAsync(cluster, 0, "sweep", file, "--out", sweep, "--executor", "slurm");
        await FinishedAsync(cluster, sweep);
        string[] rows = await File.ReadAllLinesAsync(Path.Combine(sweep, "results.csv"), TestContext.Current.CancellationToken);
        Assert.Equal(4, rows.Length);
        Assert.Contains("pool:4", rows[3], StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(sweep, "results.html")));
    }

    /// <summary>A stack of real sections, larger than the sample: mirrored at its borders, and each row of it a little brighter than the last.</summary>
    private string Stack(Shape3 shape)
    {
        var sample = (Volume<byte>)VolumeFormats.Read(Path.Combine(Tool.Root, "data-manifests", "samples", "medulla-sample.tif"));
        var volume = new Volume<byte>(shape, new VoxelSize(80, 10, 10), default, Provenance.Of("tiled sample"));
        static int Mirror(int i, int n) => i / n % 2 == 0 ? i % n : n - 1 - i % n;
        for (int z = 0; z < shape.Z; z++)
        {
            for (int y = 0; y < shape.Y; y++)
            {
                for (int x = 0; x < shape.X; x++)
                    volume[z, y, x] = (byte)Math.Min(255, sample[8 * z % sample.Shape.Z, Mirror(y, sample.Shape.Y), Mirror(x, sample.Shape.X)] + y / 64);
            }
        }

        string path = Path.Combine(_folder, "stack.zarr");
        OmeZarr.Write(volume, path);
        return path;
    }

    private async Task<string> LocalAsync(SlurmCluster cluster, string stack, string method, params string[] options)
    {
        string run = Path.Combine(_folder, "alone");
        await VisionCellAsync(cluster, 0, ["reconstruct", stack, "--out", run, "--method", method, .. options]);
        return Path.Combine(run, "volumes", $"{method}.zarr");
    }

    private static async Task<string> VisionCellAsync(SlurmCluster cluster, int expected, params string[] arguments)
    {
        (int code, string output, string errors) = await Tool.RunAsync([.. Tool.Command, .. arguments], Patience, cluster.Environment);
        Assert.True(code == expected, $"{string.Join(' ', arguments)}: {code} {errors}");
        return output.Trim();
    }

    private static async Task<JsonNode> StatusAsync(SlurmCluster cluster, string run) =>
        JsonNode.Parse(await VisionCellAsync(cluster, 0, "jobs", "status", run, "--json"))![0]!;

    /// <summary>The next process that fills blocks, told from all others by the run's folder on its command line.</summary>
    private static async Task<Process> WorkerAsync(SlurmCluster cluster, string run)
    {
        Process? found = null;
        await cluster.UntilAsync(() => (found = Find()) is not null, "worker", Patience);
        return found!;

        Process? Find()
        {
            foreach (string folder in Directory.EnumerateDirectories("/proc").Where(f => char.IsAsciiDigit(Path.GetFileName(f)[0])))
            {
                try
                {
                    string[] words = File.ReadAllText(Path.Combine(folder, "cmdline")).Split('\0');
                    if (words.Contains(run) && words.Contains("tasks") && words.Any(w => w.EndsWith("VisionCell.Cli.dll", StringComparison.Ordinal)))
                        return Process.GetProcessById(int.Parse(Path.GetFileName(folder), System.Globalization.CultureInfo.InvariantCulture));
                }
                catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException)
                {
                    // It has ended.
                }
            }

            return null;
        }
    }

    /// <summary>A variable of a process; null where it has ended.</summary>
    private static string? Variable(Process process, string name)
    {
        try
        {
            return File.ReadAllText($"/proc/{process.Id}/environ").Split('\0').FirstOrDefault(v => v.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static Task FinishedAsync(SlurmCluster cluster, string run)
    {
        string job = Path.GetFileNameWithoutExtension(Directory.EnumerateFiles(Path.Combine(run, "jobs"), "*.json").Single());
        string log = Path.Combine(run, "jobs", job, "after.log");
        return cluster.UntilAsync(() =>
        {
            Assert.False(File.Exists(log) && File.ReadAllText(log).Contains("are not done", StringComparison.Ordinal), File.Exists(log) ? File.ReadAllText(log) : "");
            return File.Exists(Path.Combine(run, "jobs", job, "finished"));
        }, "end of the job", Patience);
    }

    /// <summary>Waits until nothing is in the queue.</summary>
    private static async Task QuietAsync(SlurmCluster cluster)
    {
        var clock = Stopwatch.StartNew();
        while ((await cluster.RunAsync("squeue", "--noheader")).Trim().Length > 0)
        {
            Assert.True(clock.Elapsed < Patience, "the queue does not empty");
            await Task.Delay(200);
        }
    }

    private static void AssertSame(string expected, string actual)
    {
        string[] Names(string root) => [.. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(root, f)).Order(StringComparer.Ordinal)];
        Assert.Equal(Names(expected), Names(actual));
        Assert.All(Names(expected), name => Assert.True(File.ReadAllBytes(Path.Combine(expected, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(actual, name))), $"{name} differs"));
    }
}
