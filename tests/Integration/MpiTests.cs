using VisionCell.Learning;
using static TorchSharp.torch;

namespace VisionCell.Integration;

/// <summary>A training by two processes over Open MPI, as a user starts it, and the same by one.</summary>
public sealed class MpiTests : IDisposable
{
    // Of the three trainings the longest took 54 s on two busy processors in November 2026.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-mpi-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<Dictionary<string, float[]>> TrainedAsync(int draws, IEnumerable<string> launcher, params string[] more)
    {
        var output = Path.Combine(_folder, $"{draws}{string.Concat(more)}");
        var sample = Path.Combine(Tool.Root, "data-manifests", "samples", "medulla-sample.tif");
        string[] command = [.. launcher, .. Tool.Command, "pretrain", sample, "--voxel-size", "10,10,10", "--steps", "6", "--batch", "1", "--device", "cpu", "--out", output, .. more];
        // Open MPI refuses root, who runs the tests in a container, and gives processes a terminal, which the runtime would set up. A product
        // of matrices is rounded otherwise on other numbers of threads.
        var (code, printed, errors) = await Tool.RunAsync(command, Patience, new Dictionary<string, string> { ["OMPI_ALLOW_RUN_AS_ROOT"] = "1", ["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1", ["TERM"] = "dumb", ["OMP_NUM_THREADS"] = "1" });
        Assert.True(code == 0, errors);
        // One of them tells, not all.
        Assert.Equal([Path.Combine(output, "prior.safetensors")], printed.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        var (tensors, metadata) = SafeTensors.Read(Path.Combine(output, "prior.safetensors"));
        Assert.Equal($"{draws}", metadata["draws"]);
        return tensors.ToDictionary(t => t.Key, t => t.Value.to(ScalarType.Float32).data<float>().ToArray());
    }

    [Fact]
    public async Task Two_processes_learn_what_one_does()
    {
        Assert.True(File.Exists("/usr/bin/mpirun"), "mpirun is missing: environment/setup.sh --test installs it (openmpi-bin)");
        var alone = await TrainedAsync(2, [], "--draws", "2");
        var both = await TrainedAsync(2, ["/usr/bin/mpirun", "-n", "2", "--oversubscribe", "--bind-to", "none"], "--mpi");
        var half = await TrainedAsync(1, []);
        var (rounding, learnt) = (Distance(alone, both), Distance(alone, half));
        Assert.True(rounding < 1e-4 * learnt, $"{rounding} between one process and two, {learnt} between two draws and one");
    }

    private static double Distance(Dictionary<string, float[]> a, Dictionary<string, float[]> b)
    {
        Assert.Equal(a.Keys, b.Keys);
        return Math.Sqrt(a.Sum(t => t.Value.Zip(b[t.Key]).Sum(pair => Math.Pow(pair.First - pair.Second, 2))));
    }
}
