using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Pipeline.Cluster;
using VisionCell.Runs;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell sweep FILE --out DIR</c>: one command with many values.</summary>
internal static class SweepCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "JSON file: the command's arguments, and the values of its options." };
        var output = CommonOptions.OutputDirectory("Folder of the sweep: jobs.json, a folder for each job, results.csv, results.html.");
        var job = new Option<int[]>("--job") { HelpName = "N", AllowMultipleArgumentsPerToken = true, Description = "Run this one alone, from 0; may be given several times." };
        var list = new Option<bool>("--list") { Description = "Write jobs.json and print the jobs; run nothing." };
        var retry = new Option<bool>("--retry-failed") { Description = "Run what failed before again; it is listed and left otherwise." };
        var json = CommonOptions.Json();
        var command = new Command("sweep", "Run a command with many values of its options, one after the other or as jobs of a cluster. Interrupted, it goes on where it was when run again.") { file, output, job, list, retry, json };
        var slurm = new SlurmArguments();
        slurm.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var messages = Messages.Of(parsed);
            var folder = Path.GetFullPath(parsed.GetRequiredValue(output));
            var runner = new SweepRunner(Sweep.Read(parsed.GetRequiredValue(file)), folder, Run, messages.Notices);
            if (parsed.GetValue(list))
            {
                runner.WriteJobs();
                Show(runner, parsed.GetValue(json));
                return Task.FromResult(ExitCode.Done);
            }
            if (slurm.Of(parsed) is { } asked)
            {
                var submitted = Submit(runner, Path.GetFullPath(parsed.GetRequiredValue(file)), folder, slurm.Shares(parsed, runner.Jobs.Count), asked);
                Console.Out.WriteLine(string.Join(Environment.NewLine, submitted.Submissions.Select(s => $"{s.Part}  {s.Id}")));
                messages.Notice($"{runner.Jobs.Count} jobs in {submitted.Tasks.Count} tasks; 'visioncell jobs status {folder}' says how far they are");
                return Task.FromResult(ExitCode.Done);
            }
            var failed = runner.Run(parsed.GetValue(job) is { Length: > 0 } only ? only : null, parsed.GetValue(retry), cancellation);
            if (runner.Results() is { Count: > 1 } rows)
                WritePage(rows, Path.Combine(folder, "results.html"), messages);
            Show(runner, parsed.GetValue(json));
            if (failed.Count > 0)
                throw new ChildFailedException($"{failed.Count} of {runner.Jobs.Count} jobs failed: {string.Join(", ", failed.Select(f => f.Id))}; see messages.txt in their folders, and --retry-failed to run them again", ExitCode.Failed);
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    /// <summary>The jobs as tasks of a cluster; the whole is completed by the command itself, which finds all of them done.</summary>
    private static ClusterJob Submit(SweepRunner runner, string file, string folder, IReadOnlyList<int[]> shares, SlurmOptions options)
    {
        const string Name = "sweep";
        runner.WriteJobs();
        string[] arguments = ["sweep", file, "--out", folder];
        var job = new ClusterJob
        {
            Name = Name,
            Tasks = [.. shares.Select(numbers => new ClusterTask(
                [.. arguments, "--retry-failed", .. numbers.SelectMany(n => new[] { "--job", n.ToString(CultureInfo.InvariantCulture) })], [.. numbers.Select(n => SweepRunner.DoneMark(runner.Jobs[n]))]))],
            After = new ClusterTask(arguments, []),
            Slurm = options,
            Submissions = ClusterJob.In(folder).Contains(Name) ? ClusterJob.Read(folder, Name).Submissions : [],
        };
        return Slurm.Submit(job, folder, Self.Command, anew: false);
    }

    private static void Show(SweepRunner runner, bool asJson)
    {
        var rows = runner.Jobs.Select((j, i) => (Number: i, Job: j, State: runner.StateOf(j))).ToList();
        if (asJson)
            Results.PrintJson(rows.Select(r => new { r.Number, r.Job.Id, r.Job.Values, r.Job.Arguments, r.State }));
        else
            Results.PrintTable([["job", "id", "state", .. runner.Jobs[0].Values.Keys], .. rows.Select(r => (string[])[FormattableString.Invariant($"{r.Number}"), r.Job.Id, r.State?.Status.ToString().ToLowerInvariant() ?? "-", .. r.Job.Values.Values])]);
    }

    private static void WritePage(IReadOnlyList<IReadOnlyDictionary<string, string>> rows, string path, Messages messages)
    {
        try
        {
            Figures.Show.ParallelCoordinates([.. rows.Select(r => (r["job"], (IReadOnlyDictionary<string, string>)r.Where(v => v.Key != "job").ToDictionary()))], "Sweep").SaveHtml(path);
        }
        catch (Volumes.BadInputException e)
        {
            messages.Notice($"{path} is not written: {e.Message}");
        }
    }

    /// <summary>The command in a process of its own, so that a job that runs out of memory ends alone.</summary>
    private static (int Code, string LastLine) Run(IReadOnlyList<string> arguments, string messages, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Self.Command[0], [.. Self.Command.Skip(1), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var last = "";
        using var file = TextWriter.Synchronized(new StreamWriter(messages, append: true) { AutoFlush = true });
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) =>
        {
            if (e.Data is not null)
                file.WriteLine(e.Data);
        };
        process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is null)
                return;
            file.WriteLine(e.Data);
            if (e.Data.Length > 0)
                last = e.Data.StartsWith("visioncell: ", StringComparison.Ordinal) ? e.Data["visioncell: ".Length..] : e.Data;
        };
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        // The terminal's interrupt reaches the whole group, and a job saves its checkpoint; where it went to this process alone, it is passed on.
        using var _ = cancellation.Register(() => Process.Start("kill", ["-INT", FormattableString.Invariant($"{process.Id}")])?.Dispose());
        process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        return (process.ExitCode, last);
    }
}
