using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace VisionCell.Integration;

/// <summary>
/// A Slurm of its own on this machine: munged, slurmctld and two slurmd in a temporary folder, on free ports, started and stopped with the test.
/// Nothing of a Slurm that the machine may have is read or touched.
/// </summary>
internal sealed class SlurmCluster : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Process> _daemons = [];
    private readonly CancellationTokenSource _ends = new();
    private Task _impatience = Task.CompletedTask;

    private SlurmCluster(string folder) => Folder = folder;

    public string Folder { get; }

    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string> { ["SLURM_CONF"] = Path.Combine(Folder, "slurm.conf") };

    public static async Task<SlurmCluster> StartAsync()
    {
        var cluster = new SlurmCluster(Directory.CreateTempSubdirectory("visioncell-slurm-").FullName);
        try
        {
            cluster.Configure();
            cluster.StartDaemon("munged", "/usr/sbin/munged", "--foreground", "--force", $"--socket={cluster.Folder}/munge", $"--key-file={cluster.Folder}/key", $"--pid-file={cluster.Folder}/munged.pid", $"--log-file={cluster.Folder}/munged.log", $"--seed-file={cluster.Folder}/seed", "--num-threads=2");
            await cluster.UntilAsync(() => File.Exists(Path.Combine(cluster.Folder, "munge")), "munged");
            cluster.StartController();
            cluster.StartNode("a");
            cluster.StartNode("b");
            await cluster.UntilIdleAsync();
            cluster._impatience = cluster.StartAtOnceAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public void StartController() => StartDaemon("slurmctld", "/usr/sbin/slurmctld", "-D");

    public void StartNode(string node) => StartDaemon($"slurmd-{node}", "/usr/sbin/slurmd", "-D", "-N", node);

    /// <summary>Ends a daemon in good order: a controller writes down what it knows, where one that is killed forgets the jobs of the last seconds.</summary>
    public async Task StopAsync(string daemon)
    {
        await RunAsync("kill", "-TERM", _daemons[daemon].Id.ToString(CultureInfo.InvariantCulture));
        await _daemons[daemon].WaitForExitAsync();
        _daemons.Remove(daemon);
    }

    /// <summary>Ends a daemon as a failing machine would.</summary>
    public async Task KillAsync(string daemon)
    {
        _daemons[daemon].Kill();
        await _daemons[daemon].WaitForExitAsync();
        _daemons.Remove(daemon);
    }

    /// <summary>Ends a node with all that runs on it: its daemon, and the scripts and processes of its jobs, which are told by their environment.</summary>
    public async Task LoseNodeAsync(string node, string run)
    {
        await KillAsync($"slurmd-{node}");
        foreach (string folder in Directory.EnumerateDirectories("/proc").Where(f => char.IsAsciiDigit(Path.GetFileName(f)[0])))
        {
            try
            {
                string[] variables = File.ReadAllText(Path.Combine(folder, "environ")).Split('\0');
                string words = File.ReadAllText(Path.Combine(folder, "cmdline"));
                if (!variables.Contains($"SLURMD_NODENAME={node}") || !(words.Contains(run, StringComparison.Ordinal) || words.Contains(Folder, StringComparison.Ordinal)))
                    continue;
                // What Slurm has between its daemon and the script of a job.
                string parent = File.ReadAllText(Path.Combine(folder, "stat")).Split(") ")[^1].Split(' ')[1];
                if (File.ReadAllText($"/proc/{parent}/comm").Trim() == "slurmstepd")
                    Process.GetProcessById(int.Parse(parent, CultureInfo.InvariantCulture)).Kill();
                Process.GetProcessById(int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture)).Kill();
            }
            catch (Exception e) when (e is IOException or ArgumentException or UnauthorizedAccessException or InvalidOperationException)
            {
                // It has ended.
            }
        }
    }

    public async Task<string> RunAsync(params string[] command)
    {
        (int code, string output, string errors) = await Tool.RunAsync(command, Limit, Environment);
        Assert.True(code == 0, $"{string.Join(' ', command)}: {errors}");
        return output;
    }

    public async Task UntilIdleAsync()
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            (_, string output, string errors) = await Tool.RunAsync(["sinfo", "--noheader", "--format=%D %t", "--partition=main"], Limit, Environment);
            if (output.Trim() == "2 idle")
                return;
            Assert.True(clock.Elapsed < Limit, $"the nodes did not come up: {output}{errors}{Logs()}");
            await Task.Delay(200);
        }
    }

    public async Task UntilAsync(Func<bool> condition, string what, TimeSpan? limit = null)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < (limit ?? Limit), $"no {what} within {limit ?? Limit}\n{(await Tool.RunAsync(["squeue"], Limit, Environment)).Output}{Logs()}");
            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ends.CancelAsync();
        await _impatience;
        // Jobs first, whose processes are no children of their daemon.
        await Tool.RunAsync(["scancel", "--me"], Limit, Environment);
        for (int i = 0; i < 50 && (await Tool.RunAsync(["squeue", "--noheader"], Limit, Environment)).Output.Length > 0; i++)
            await Task.Delay(200);
        foreach (Process daemon in _daemons.Values.Reverse())
        {
            daemon.Kill();
            await daemon.WaitForExitAsync();
            daemon.Dispose();
        }

        _ends.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private string Logs() => string.Concat(new[] { "slurmctld.log", "slurmd-a.log", "slurmd-b.log" }.Select(name => Path.Combine(Folder, name)).Where(File.Exists)
        .Select(path => $"\n{Path.GetFileName(path)}:\n{string.Join('\n', File.ReadLines(path).TakeLast(15))}"));

    // Slurm lets a job that is queued again wait for two minutes, which is right on a cluster and long in a test.
    private async Task StartAtOnceAsync()
    {
        while (!_ends.IsCancellationRequested)
        {
            (_, string waiting, _) = await Tool.RunAsync(["squeue", "--noheader", "--array", "--states=PENDING", "--format=%i %r"], Limit, Environment);
            foreach (string line in waiting.Split('\n').Where(l => l.EndsWith(" BeginTime", StringComparison.Ordinal)))
                await Tool.RunAsync(["scontrol", "update", $"JobId={line.Split(' ')[0]}", "StartTime=now"], Limit, Environment);
            await Task.Delay(300);
        }
    }

    private void StartDaemon(string name, string path, params string[] arguments)
    {
        Process process = Tool.Start([path, .. arguments], Environment);
        _ = Tool.Collect(process.StandardOutput);
        _ = Tool.Collect(process.StandardError);
        _daemons[name] = process;
    }

    private void Configure()
    {
        byte[] key = RandomNumberGenerator.GetBytes(1024);
        File.WriteAllBytes(Path.Combine(Folder, "key"), key);
        Tool.SetRights(Path.Combine(Folder, "key"), "600");
        // munged refuses a socket in a folder that others cannot enter.
        Tool.SetRights(Folder, "711");
        foreach (string folder in new[] { "state", "a", "b" })
            Directory.CreateDirectory(Path.Combine(Folder, folder));
        string host = Dns.GetHostName().Split('.')[0];
        int[] ports = FreePorts(3);
        File.WriteAllText(Path.Combine(Folder, "slurm.conf"), string.Create(CultureInfo.InvariantCulture, $"""
            ClusterName=visioncell
            SlurmctldHost={host}(127.0.0.1)
            SlurmctldPort={ports[0]}
            SlurmUser={System.Environment.UserName}
            SlurmdUser={System.Environment.UserName}
            AuthType=auth/munge
            AuthInfo=socket={Folder}/munge
            StateSaveLocation={Folder}/state
            SlurmdSpoolDir={Folder}/%n
            SlurmctldPidFile={Folder}/slurmctld.pid
            SlurmdPidFile={Folder}/slurmd-%n.pid
            SlurmctldLogFile={Folder}/slurmctld.log
            SlurmdLogFile={Folder}/slurmd-%n.log
            ProctrackType=proctrack/pgid
            TaskPlugin=task/none
            SelectType=select/cons_tres
            SelectTypeParameters=CR_CPU
            SwitchType=switch/none
            MpiDefault=none
            AccountingStorageType=accounting_storage/none
            JobCompType=jobcomp/none
            JobAcctGatherType=jobacct_gather/none
            ReturnToService=2
            SchedulerParameters=sched_interval=1,bf_interval=1
            KillWait=5
            PreemptType=preempt/partition_prio
            PreemptMode=REQUEUE
            NodeName=a NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=4000
            NodeName=b NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=4000
            PartitionName=main Nodes=a,b Default=YES State=UP PriorityTier=1
            PartitionName=urgent Nodes=a,b State=UP PriorityTier=10

            """));
    }

    private static int[] FreePorts(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in listeners)
            listener.Start();
        int[] ports = [.. listeners.Select(l => ((IPEndPoint)l.LocalEndpoint).Port)];
        foreach (TcpListener listener in listeners)
            listener.Dispose();
        return ports;
    }
}
