using System.CommandLine;
using System.Globalization;
using VisionCell.Cli.CommandLine;
using VisionCell.Pipeline.Cluster;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell jobs status|retry|cancel DIR</c>: what runs on a cluster for a run, read from what it has produced.</summary>
internal static class JobsCommand
{
    private const int BarWidth = 24;
    private const int Listed = 20;

    public static Command Create() => new("jobs", "What runs on a cluster for a run.") { CreateStatus(), CreateRetry(), CreateCancel(), CreateRun() };

    private static Argument<string> Folder() => new("DIR") { Description = "Folder of the run." };

    private static Argument<string?> Name() => new("JOB") { Arity = ArgumentArity.ZeroOrOne, Description = "Name of the job; all of the run where left out." };

    private static Command CreateStatus()
    {
        var (folder, name, json) = (Folder(), Name(), CommonOptions.Json());
        var command = new Command("status", "How far jobs are: tasks done, in the queue, running, given up.") { folder, name, json };
        command.SetAction(parsed =>
        {
            var root = Path.GetFullPath(parsed.GetRequiredValue(folder));
            var states = Select(root, parsed.GetValue(name)).Select(job => State.Of(root, job)).ToArray();
            if (parsed.GetValue(json))
            {
                Results.PrintJson(states);
                return ExitCode.Done;
            }
            Results.PrintTable([.. states.Select(s => new[] { s.Name, s.Status, Bar(s), $"{s.Done} of {s.Tasks}", string.Join(", ", s.Queue.Select(q => $"{q.Value} {q.Key.ToLowerInvariant()}")) })]);
            foreach (var s in states)
                List(Console.Out, root, s);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateRetry()
    {
        var (folder, name) = (Folder(), Name());
        var command = new Command("retry", "Submit again what is not done; what is, stays.") { folder, name };
        command.SetAction(parsed =>
        {
            var root = Path.GetFullPath(parsed.GetRequiredValue(folder));
            foreach (var job in Select(root, parsed.GetValue(name)))
            {
                if (job.IsFinished(root))
                    Messages.Of(parsed).Notice($"{job.Name}: finished, nothing to retry");
                else
                    Console.Out.WriteLine($"{job.Name}  {string.Join(", ", Slurm.Submit(job, root, Self.Command, anew: false).Submissions.Skip(job.Submissions.Count).Select(s => $"{s.Part} {s.Id}"))}");
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateCancel()
    {
        var (folder, name) = (Folder(), Name());
        var command = new Command("cancel", "Take jobs out of the queue; what they have done stays, and 'retry' goes on with it.") { folder, name };
        command.SetAction(parsed =>
        {
            foreach (var job in Select(Path.GetFullPath(parsed.GetRequiredValue(folder)), parsed.GetValue(name)))
                Console.Out.WriteLine($"{job.Name}  {(Slurm.Cancel(job) is { Count: > 0 } cancelled ? $"cancelled {string.Join(", ", cancelled)}" : "not in the queue")}");
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>What the script of a job calls on a node.</summary>
    private static Command CreateRun()
    {
        var folder = Folder();
        var name = new Argument<string>("JOB") { Description = "Name of the job." };
        var part = new Option<string>("--part") { HelpName = "before|tasks|after", Required = true, Description = "Which part." };
        var command = new Command("run", "Run one part of a job; the jobs themselves call this.") { folder, name, part };
        command.Hidden = true;
        command.SetAction(async (parsed, _) =>
        {
            var root = parsed.GetRequiredValue(folder);
            var job = ClusterJob.Read(root, parsed.GetRequiredValue(name));
            switch (parsed.GetRequiredValue(part))
            {
                case "before":
                    return await RunAsync(root, job.Before);
                case "tasks":
                    var text = Environment.GetEnvironmentVariable("SLURM_ARRAY_TASK_ID");
                    return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var task) && task < job.Tasks.Count
                        ? await RunAsync(root, job.Tasks[task])
                        : throw new BadInputException($"SLURM_ARRAY_TASK_ID '{text}': no task of {job.Name}, which has {job.Tasks.Count}");
                case "after":
                    if (job.Missing(root) is { Count: > 0 } missing)
                        throw new BadInputException($"{missing.Count} of {job.Tasks.Count} tasks of {job.Name} are not done ({Slurm.Ranges(missing)}); 'visioncell jobs status {root}' says why, 'visioncell jobs retry {root}' submits them again");
                    var code = await RunAsync(root, job.After);
                    if (code == ExitCode.Done)
                        AtomicWrite.Text(job.FinishedMark(root), "");
                    return code;
                case var other:
                    throw new BadInputException($"--part {other}: before, tasks or after");
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(string root, ClusterTask? task) =>
        task is null || ClusterJob.IsDone(root, task) ? ExitCode.Done : await CommandHost.RunAsync(Catalogue.Build(), task.Command);

    private static IEnumerable<ClusterJob> Select(string root, string? name) =>
        name is not null ? [ClusterJob.Read(root, name)]
        : ClusterJob.In(root) is { Count: > 0 } names ? names.Select(n => ClusterJob.Read(root, n))
        : throw new BadInputException($"{root}: no jobs there; 'visioncell reconstruct … --executor slurm' makes them");

    private static string Bar(State state)
    {
        var full = state.Tasks == 0 ? BarWidth : BarWidth * state.Done / state.Tasks;
        return new string('#', full) + new string('.', BarWidth - full);
    }

    private static void List(TextWriter writer, string root, State state)
    {
        foreach (var failed in state.Failed.Take(Listed))
            writer.WriteLine($"{state.Name}: task {failed.Task} is not done{(failed.Times > 0 ? $", failed {failed.Times} time(s)" : "")}, see {Path.GetRelativePath(root, failed.Log)}");
        if (state.Failed.Count > Listed)
            writer.WriteLine($"{state.Name}: and {state.Failed.Count - Listed} more");
    }

    private sealed record FailedTask(int Task, int Times, string Log);

    private sealed record State(string Name, string Status, int Done, int Tasks, IReadOnlyDictionary<string, int> Queue, IReadOnlyList<FailedTask> Failed)
    {
        public static State Of(string root, ClusterJob job)
        {
            var finished = job.IsFinished(root);
            var missing = finished ? [] : job.Missing(root);
            var queue = Slurm.Count(job);
            // With nothing in the queue any more, what is missing was given up, even where a full disk took no note of it.
            var failed = missing.Where(t => queue.Count == 0 || job.Failures(root, t) > 0).Select(t => new FailedTask(t, job.Failures(root, t), job.LogOf(root, t))).ToArray();
            var status = finished ? "finished" : queue.ContainsKey("RUNNING") ? "running" : queue.Count > 0 ? "waiting" : "stopped";
            return new State(job.Name, status, job.Tasks.Count - missing.Count, job.Tasks.Count, queue, failed);
        }
    }
}
