namespace VisionCell.Pipeline.Cluster;

/// <summary>
/// The shell script of a job. It runs one part of the job and passes the signal on that Slurm sends before the time limit (<c>--signal=B:TERM</c>) or
/// at preemption; the command then saves what it has and answers 4, and the script queues the task again (<c>scontrol requeue</c>), unless Slurm
/// does so itself or someone cancelled it. One that fails otherwise is queued again too, up to its retries. Nothing of this needs a server of ours.
/// </summary>
internal static class BatchScript
{
    /// <summary>The script.</summary>
    /// <param name="job">The job.</param>
    /// <param name="root">The run's folder.</param>
    /// <param name="program">The command as the submitting machine has it, executable and leading arguments; without meaning in a container.</param>
    public static string Of(ClusterJob job, string root, IReadOnlyList<string> program)
    {
        var options = job.Slurm;
        List<string> words = options.Container is not { } image ? [.. program]
            : options.Runtime == ContainerRuntime.Apptainer ? ["apptainer", "exec", "--bind", root, image, "visioncell"]
            : ["srun", $"--container-image={image}", $"--container-mounts={root}:{root}", "visioncell"];
        // A container sees GPUs only when asked to.
        if (options.Container is not null && options.Runtime == ContainerRuntime.Apptainer && options.Gres?.StartsWith("gpu", StringComparison.Ordinal) == true)
            words.Insert(2, "--nv");
        return $"""
            #!/bin/bash
            # Written by visioncell: runs one part of the job '{job.Name}'.
            # First of all: a signal that comes before it would end the task for good.
            ended= child=
            trap 'ended=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null' TERM
            part=$1
            task=${"{"}SLURM_ARRAY_TASK_ID:-$part{"}"}
            # The first task of an array has the number of the array itself, which would mean all of them.
            id=$SLURM_JOB_ID
            [ -z "$SLURM_ARRAY_TASK_ID" ] || id=${"{"}SLURM_ARRAY_JOB_ID{"}"}_$SLURM_ARRAY_TASK_ID
            failures={Quoted(job.LogFolder(root))}/$task.failed
            {options.Setup}
            {string.Join(' ', words.Select(Quoted))} jobs run {Quoted(root)} {Quoted(job.Name)} --part "$part" &
            child=$!
            [ -z "$ended" ] || kill -TERM "$child" 2>/dev/null
            wait "$child"; code=$?
            # A signal ends the waiting, not the child.
            while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
            [ "$code" != 0 ] || exit 0
            # Ended before it could listen: nothing was begun.
            if [ -n "$ended" ] && [ "$code" = 143 ]; then code=4; fi
            state=$(squeue --noheader --jobs="$id" --format=%T 2>/dev/null | head -n 1)
            # Cancelled by someone, or preempted, where Slurm itself queues it again.
            [ "$state" = RUNNING ] || exit "$code"
            [ "${"{"}SLURM_RESTART_COUNT:-0{"}"}" -lt {options.Restarts + options.Retries} ] || exit "$code"
            if [ "$code" = 4 ]; then
                scontrol requeue "$id"
                exit "$code"
            fi
            echo "$(date -Is) exit code $code on $(hostname), job $id" >>"$failures"
            # Wrong use and bad input do not get better.
            if [ "$part" != after ] && [ "$code" != 2 ] && [ "$code" != 3 ] && [ "$(wc -l <"$failures" 2>/dev/null || echo 999)" -le {options.Retries} ]; then
                scontrol requeue "$id"
            fi
            exit "$code"

            """;
    }

    private static string Quoted(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
