using System.ComponentModel;
using System.Diagnostics;
using VisionCell.Volumes;

namespace VisionCell.Pipeline.Cluster;

/// <summary>
/// Submits jobs to Slurm, and asks about them and cancels them, through its own programs (sbatch, squeue, scancel). Before, tasks and after are three
/// jobs tied by dependencies; the tasks are one array.
/// </summary>
public static class Slurm
{
    // Slurm's own MaxArraySize is 1001 unless the cluster says otherwise; the largest index is one less.
    /// <summary>Most tasks of one job.</summary>
    public const int MostTasks = 1000;

    /// <summary>Submits what is not done of a job, and writes the job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="root">The run's folder, absolute, seen by all nodes under this path.</param>
    /// <param name="program">This command, executable and leading arguments.</param>
    /// <param name="anew">Whether all parts are submitted; what a task finds done it passes over. Else what is done is left out, as for another try.</param>
    /// <returns>The job with its submissions.</returns>
    /// <exception cref="BadInputException">Slurm is not here, or refuses; with what it says.</exception>
    public static ClusterJob Submit(ClusterJob job, string root, IReadOnlyList<string> program, bool anew)
    {
        if (job.Tasks.Count > MostTasks)
            throw new BadInputException($"{job.Tasks.Count} tasks in job '{job.Name}': at most {MostTasks}; put several into one");
        if (Running(job).Count > 0)
            throw new BadInputException($"job '{job.Name}' of {root} is in the queue already ({string.Join(", ", Running(job))}); 'visioncell jobs cancel' removes it");
        Directory.CreateDirectory(job.LogFolder(root));
        foreach (var file in Directory.EnumerateFiles(job.LogFolder(root), "*.failed"))
            File.Delete(file);
        File.Delete(job.FinishedMark(root));
        var script = Path.Combine(job.LogFolder(root), "job.sh");
        AtomicWrite.Text(script, BatchScript.Of(job, root, program));
        List<Submission> submissions = [];
        string? dependency = null;
        void Add(string part, IReadOnlyList<string> more)
        {
            var id = Batch(job, root, script, part, [.. more, .. dependency is null ? Array.Empty<string>() : [dependency]]);
            submissions.Add(new Submission(id, part));
            dependency = $"--dependency=afterok:{id}";
        }
        if (job.Before is not null && (anew || !ClusterJob.IsDone(root, job.Before)))
            Add("before", []);
        IReadOnlyList<int> missing = submissions.Count > 0 || anew ? [.. Enumerable.Range(0, job.Tasks.Count)] : job.Missing(root);
        if (missing.Count > 0)
        {
            Add("tasks", [$"--array={Ranges(missing)}{(job.Slurm.AtOnce is { } most ? $"%{most}" : "")}"]);
            // What is missing is listed then, and the rest is there.
            dependency = $"--dependency=afterany:{submissions[^1].Id}";
        }
        if (job.After is not null)
            Add("after", []);
        var submitted = job with { Submissions = [.. job.Submissions, .. submissions] };
        submitted.Write(root);
        return submitted;
    }

    /// <summary>Takes a job out of the queue; what it has done stays.</summary>
    /// <returns>Slurm's numbers of what was cancelled.</returns>
    public static IReadOnlyList<string> Cancel(ClusterJob job)
    {
        var running = Running(job);
        if (running.Count > 0)
            Call("scancel", running);
        return running;
    }

    /// <summary>Numbers of the submissions that are in the queue or run; empty where Slurm cannot be asked.</summary>
    public static IReadOnlyList<string> Running(ClusterJob job) => [.. States(job).Select(s => s.Id).Distinct()];

    /// <summary>How many tasks are in each of Slurm's states (PENDING, RUNNING, …).</summary>
    public static IReadOnlyDictionary<string, int> Count(ClusterJob job) => States(job).GroupBy(s => s.State).ToDictionary(g => g.Key, g => g.Count());

    private static List<(string Id, string State)> States(ClusterJob job)
    {
        if (job.Submissions.Count == 0)
            return [];
        // A number that Slurm has forgotten makes squeue fail when it is asked for alone: all of the user's jobs, then ours of them.
        var ours = job.Submissions.Select(s => s.Id).ToHashSet();
        var lines = TryCall("squeue", ["--noheader", "--array", "--me", "--format=%F %T"]) ?? "";
        return [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).Where(w => w.Length == 2 && ours.Contains(w[0])).Select(w => (w[0], w[1]))];
    }

    /// <summary>"0-3,7" of 0, 1, 2, 3, 7.</summary>
    public static string Ranges(IReadOnlyList<int> numbers)
    {
        List<string> ranges = [];
        for (var i = 0; i < numbers.Count; i++)
        {
            var first = i;
            while (i + 1 < numbers.Count && numbers[i + 1] == numbers[i] + 1)
                i++;
            ranges.Add(first == i ? $"{numbers[i]}" : $"{numbers[first]}-{numbers[i]}");
        }
        return string.Join(',', ranges);
    }

    private static string Batch(ClusterJob job, string root, string script, string part, IReadOnlyList<string> more)
    {
        var options = job.Slurm;
        List<string> arguments =
        [
            "--parsable", $"--job-name={job.Name}", $"--chdir={root}", "--requeue", "--open-mode=append", $"--signal=B:TERM@{options.WarningSeconds}", "--kill-on-invalid-dep=yes",
            $"--output={job.LogOf(root, part == "tasks" ? "%a" : part)}",
        ];
        void Option(string name, object? value)
        {
            if (value is not null)
                arguments.Add($"--{name}={value}");
        }
        Option("partition", options.Partition);
        Option("account", options.Account);
        Option("qos", options.Qos);
        Option("gres", options.Gres);
        Option("mem", options.Memory);
        Option("cpus-per-task", options.Processors);
        Option("time", options.Time);
        return Call("sbatch", [.. arguments, .. more, script, part]).Trim().Split(';')[0];
    }

    private static string Call(string program, IReadOnlyList<string> arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : throw new BadInputException($"{program}: {errors.Result.Trim().ReplaceLineEndings("; ")}");
        }
        catch (Win32Exception e)
        {
            throw new BadInputException($"{program} is not on this machine: submit from a login node of the cluster", e);
        }
    }

    private static string? TryCall(string program, IReadOnlyList<string> arguments)
    {
        try
        {
            return Call(program, arguments);
        }
        catch (BadInputException)
        {
            return null;
        }
    }
}
