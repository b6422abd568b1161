using System.Diagnostics;
using System.Text.Json;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Runs;

public sealed class RunWorkspaceTests : IDisposable
{
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("visioncell-run-").FullName, "demo");
    private readonly List<string> _messages = [];
    private int _ran;

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    private sealed record Settings(int Factor, string Mode = "plain");

    private RunWorkspace Open(TimeSpan? wait = null) => RunWorkspace.Open(_folder, new Told(_messages), wait);

    private StageResult Make(RunWorkspace run, string inputs = "in", int factor = 4, string code = "v1") => run.Stage("linear", inputs, new Settings(factor), code, stage =>
    {
        _ran++;
        File.WriteAllText(stage.Output("volumes/linear.zarr/.zattrs"), "{}");
        File.WriteAllText(Path.Combine(stage.Output("volumes/linear.zarr"), "0.0"), new string('x', 100));
        stage.Figure("psnr", 27.9);
        stage.Figure("best", double.PositiveInfinity);
    });

    [Fact]
    public void A_run_has_its_folders_and_says_what_it_was_made_with()
    {
        var run = Open();
        foreach (var name in new[] { "volumes", "checkpoints", "meshes", "scenes", "figures", "notebooks" })
            Assert.True(Directory.Exists(Path.Combine(_folder, name)), name);
        var record = run.Record;
        Assert.Equal("demo", record.Run);
        Assert.Equal(Environment.ProcessorCount, record.Machine.Cores);
        Assert.True(record.Machine.MemoryGb > 0.1);
        Assert.Equal(Environment.Version.ToString(), record.Versions.DotNet);
        Assert.StartsWith("0.", record.Versions.TorchSharp, StringComparison.Ordinal);
        Assert.StartsWith("0.1.0", record.Versions.VisionCell, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_noted_is_merged_and_stays_when_the_run_is_opened_again()
    {
        var run = Open();
        var data = Path.Combine(_folder, "in.tif");
        File.WriteAllText(data, "abc");
        Assert.Equal(ContentHash.OfString("abc"), run.RecordData("sample", data));
        run.RecordSeed("training", 7);
        run.RecordConfiguration("03-super-resolution", new Settings(8));
        run.RecordFigure(Path.Combine(run.Figures, "slices.html"));
        run.RecordFigure("figures/slices.html");
        Make(run);

        var record = Open().Record;
        Assert.Equal(7, record.Seeds["training"]);
        Assert.Equal(ContentHash.OfString("abc"), record.Data["sample"].Sha256);
        Assert.Equal(8, record.Configuration["03-super-resolution"].GetProperty("factor").GetInt32());
        Assert.Equal(["figures/slices.html"], record.Figures);
        Assert.Equal(StageStatus.Done, record.Stages["linear"].Status);
        Assert.Equal(27.9, record.Stages["linear"].Figures["psnr"]);
        Assert.Null(record.Stages["linear"].Figures["best"]);
        Assert.Equal("plain", record.Stages["linear"].Configuration.GetProperty("mode").GetString());

        using var json = JsonDocument.Parse(File.ReadAllText(run.RecordPath));
        Assert.Equal(
            ["run", "created", "updated", "commit", "versions", "machine", "configuration", "seeds", "data", "stages", "figures"],
            json.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal("done", json.RootElement.GetProperty("stages").GetProperty("linear").GetProperty("status").GetString());
    }

    [Fact]
    public void An_unchanged_stage_is_reused_and_says_so()
    {
        Assert.False(Make(Open()).Reused);
        Assert.Empty(_messages);
        var again = Make(Open());
        Assert.True(again.Reused);
        Assert.Equal(27.9, again.Record.Figures["psnr"]);
        Assert.Equal(1, _ran);
        Assert.StartsWith("linear: unchanged, reused (", Assert.Single(_messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("other", 4, "v1", "inputs changed")]
    [InlineData("in", 5, "v1", "configuration changed")]
    [InlineData("in", 4, "v2", "code changed")]
    public void A_changed_stage_runs_again_and_says_why(string inputs, int factor, string code, string reason)
    {
        Make(Open());
        Assert.False(Make(Open(), inputs, factor, code).Reused);
        Assert.Equal(2, _ran);
        Assert.Contains(reason, Assert.Single(_messages), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_lost_or_shortened_output_makes_the_stage_run_again(bool deleted)
    {
        var run = Open();
        Make(run);
        var chunk = Path.Combine(run.Volumes, "linear.zarr", "0.0");
        if (deleted)
            Directory.Delete(Path.GetDirectoryName(chunk)!, recursive: true);
        else
            File.WriteAllText(chunk, "x");
        Assert.False(Make(run).Reused);
        Assert.Contains("volumes/linear.zarr", Assert.Single(_messages), StringComparison.Ordinal);
        Assert.True(Make(run).Reused);
    }

    [Fact]
    public void A_stage_that_is_interrupted_or_fails_leaves_no_mark_of_being_done()
    {
        var run = Open();
        Make(run);
        Assert.Throws<OperationCanceledException>(() => run.Stage("linear", "in", new Settings(9), "v1", _ => throw new OperationCanceledException()));
        Assert.Equal(StageStatus.Interrupted, run.Record.Stages["linear"].Status);

        // The outputs on disk are now of no known configuration: the old one must not be taken for done either.
        Assert.False(Make(run).Reused);

        Assert.Throws<InvalidDataException>(() => run.Stage("linear", "in", new Settings(9), "v1", _ => throw new InvalidDataException("no light")));
        Assert.Equal((StageStatus.Failed, "no light"), (run.Record.Stages["linear"].Status, run.Record.Stages["linear"].Error));
        Assert.False(Make(run).Reused);
        Assert.Equal(["linear: configuration changed, run again", "linear: was interrupted, goes on", "linear: configuration changed, run again", "linear: failed before, run again"], _messages);
    }

    [Fact]
    public void While_a_stage_runs_it_is_marked_running_as_a_killed_process_would_leave_it()
    {
        var run = Open();
        run.Stage("linear", "in", new Settings(1), "v1", _ => Assert.Equal(StageStatus.Running, Open().Record.Stages["linear"].Status));
    }

    [Fact]
    public void A_stage_must_write_what_it_names_and_inside_the_run()
    {
        var run = Open();
        Assert.Throws<InvalidOperationException>(() => run.Stage("linear", "in", new Settings(1), "v1", stage => stage.Output("volumes/never.zarr")));
        Assert.Throws<ArgumentException>(() => run.Stage("linear", "in", new Settings(1), "v1", stage => stage.Output("../elsewhere")));
        Assert.Throws<ArgumentException>(() => run.Stage("a/b", "in", new Settings(1), "v1", _ => { }));
    }

    [Fact]
    public async Task A_stage_run_by_another_is_refused_by_name_or_waited_for()
    {
        using var started = new ManualResetEventSlim();
        using var finish = new ManualResetEventSlim();
        var other = Task.Run(() => Open().Stage("linear", "in", new Settings(4), "v1", _ =>
        {
            started.Set();
            finish.Wait();
        }));
        started.Wait();

        var message = Assert.Throws<BadInputException>(() => Make(Open())).Message;
        Assert.Contains("'linear'", message, StringComparison.Ordinal);
        Assert.Contains($"process {Environment.ProcessId}", message, StringComparison.Ordinal);

        // Other stages and notes go on meanwhile.
        Assert.False(Open().Stage("cubic", "in", new Settings(4), "v1", _ => { }).Reused);

        var waiting = Task.Run(() => Make(Open(TimeSpan.FromSeconds(20))));
        finish.Set();
        Assert.True((await waiting).Reused);
        Assert.False((await other).Reused);
    }

    [Fact]
    public void Many_writers_lose_nothing()
    {
        Parallel.For(0, 16, i => RunWorkspace.Open(_folder).RecordSeed($"seed-{i}", i));
        Assert.Equal(16, Open().Record.Seeds.Count);
        Assert.Empty(Directory.GetFiles(_folder, "*.tmp"));
    }

    [Fact]
    public void The_lock_holds_between_processes_and_ends_with_its_holder()
    {
        // util-linux flock takes the same lock as the library does.
        Open();
        var path = Path.Combine(_folder, ".locks", "linear.lock");
        File.WriteAllText(path, "");
        var start = new ProcessStartInfo("flock") { ArgumentList = { "--exclusive", path, "sh", "-c", "echo held; exec sleep 60" }, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        try
        {
            Assert.Equal("held", process.StandardOutput.ReadLine());
            Assert.Throws<BadInputException>(() => Make(Open()));
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }
        Assert.False(Make(Open(TimeSpan.FromSeconds(10))).Reused);
    }

    [Theory]
    [InlineData("{\"run\": \"demo\", ")]
    [InlineData("{\"run\": \"demo\", \"creatd\": 1}")]
    [InlineData("{\"run\": \"demo\"}")]
    [InlineData("")]
    public void A_broken_record_is_named_and_left_alone(string content)
    {
        Open();
        var path = Path.Combine(_folder, "run.json");
        File.WriteAllText(path, content);
        var message = Assert.Throws<BadInputException>(() => Open()).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains("delete it", message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(path));
    }

    [Fact]
    public void A_file_in_place_of_the_folder_is_refused()
    {
        File.WriteAllText(_folder, "");
        Assert.Contains("is a file", Assert.Throws<BadInputException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_write_that_fails_leaves_the_old_file_and_nothing_beside_it()
    {
        var path = Path.Combine(_folder, "a.json");
        AtomicWrite.Text(path, "old");
        Assert.Throws<IOException>(() => AtomicWrite.File(path, stream =>
        {
            stream.Write("half"u8);
            throw new IOException("disk full");
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public void The_commit_is_found_in_a_repository_a_linked_tree_and_packed_references()
    {
        var commit = new string('a', 40);
        var git = Path.Combine(_folder, ".git");
        Directory.CreateDirectory(Path.Combine(git, "refs", "heads"));
        Directory.CreateDirectory(Path.Combine(git, "worktrees", "w"));
        Directory.CreateDirectory(Path.Combine(_folder, "w", "deep"));
        File.WriteAllText(Path.Combine(git, "HEAD"), "ref: refs/heads/main\n");
        Assert.Null(GitHead.Find(_folder));
        File.WriteAllText(Path.Combine(git, "packed-refs"), $"# pack-refs with: peeled\n{commit} refs/heads/main\n");
        Assert.Equal(commit, GitHead.Find(Path.Combine(_folder, "w")));
        File.WriteAllText(Path.Combine(git, "refs", "heads", "main"), new string('b', 40) + "\n");
        Assert.Equal(new string('b', 40), GitHead.Find(_folder));

        File.WriteAllText(Path.Combine(_folder, "w", ".git"), $"gitdir: {Path.Combine(git, "worktrees", "w")}\n");
        File.WriteAllText(Path.Combine(git, "worktrees", "w", "HEAD"), "ref: refs/heads/main\n");
        File.WriteAllText(Path.Combine(git, "worktrees", "w", "commondir"), "../..\n");
        Assert.Equal(new string('b', 40), GitHead.Find(Path.Combine(_folder, "w", "deep")));
    }

    /// <summary>Synchronous, unlike <see cref="Progress{T}"/>, whose reports arrive at any time.</summary>
    private sealed class Told(List<string> messages) : IProgress<string>
    {
        public void Report(string value)
        {
            lock (messages)
                messages.Add(value);
        }
    }
}
