using VisionCell.Formats;
using VisionCell.Pipeline;
using VisionCell.Pipeline.Cluster;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Pipeline;

/// <summary>How far a job is, is read from what its tasks have left; several processes that fill tiles give the bytes of one.</summary>
public sealed class ClusterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-jobs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Numbers_are_written_as_Slurm_takes_them()
    {
        Assert.Equal("0-3,7,9-10", Slurm.Ranges([0, 1, 2, 3, 7, 9, 10]));
        Assert.Equal("5", Slurm.Ranges([5]));
        Assert.Equal("", Slurm.Ranges([]));
    }

    [Fact]
    public void A_task_is_done_when_all_that_it_leaves_is_there()
    {
        var job = new ClusterJob
        {
            Name = "sweep",
            Tasks = [new ClusterTask(["benchmark"], ["volumes/.linear-*/tile-0-0-0", "report.json"]), new ClusterTask(["benchmark"], [])],
            Slurm = new SlurmOptions { Partition = "gpu", Gres = "gpu:1" },
        };
        Assert.Equal([0, 1], job.Missing(_folder));
        Directory.CreateDirectory(Path.Combine(_folder, "volumes", ".linear-abc"));
        File.WriteAllText(Path.Combine(_folder, "volumes", ".linear-abc", "tile-0-0-0"), "");
        Assert.Equal([0, 1], job.Missing(_folder));
        File.WriteAllText(Path.Combine(_folder, "report.json"), "{}");
        Assert.Equal([1], job.Missing(_folder));

        job.Write(_folder);
        var read = ClusterJob.Read(_folder, "sweep");
        Assert.Equal(job.Tasks[0].Produces, read.Tasks[0].Produces);
        Assert.Equal(job.Slurm, read.Slurm);
        Assert.Equal(["sweep"], ClusterJob.In(_folder));
        Assert.Contains("sweep", Assert.Throws<BadInputException>(() => ClusterJob.Read(_folder, "sweeep")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("90", true)]
    [InlineData("02:00:00", true)]
    [InlineData("1-12", true)]
    [InlineData("two hours", false)]
    [InlineData("10; rm", false)]
    public void A_time_limit_is_one_that_Slurm_knows(string limit, bool isKnown)
    {
        if (isKnown)
            Assert.Equal(limit, new SlurmOptions { Time = limit }.Time);
        else
            Assert.Throws<BadInputException>(() => new SlurmOptions { Time = limit });
    }

    [Theory]
    [InlineData(null)]
    [InlineData(64)]
    public void Shares_filled_by_several_and_twice_give_the_bytes_of_one(int? shard)
    {
        var stack = new Volume<byte>(new Shape3(9, 200, 140), new VoxelSize(40, 10, 10), default, Provenance.Of("noise"));
        new Random(2).NextBytes(stack.Data);
        var path = Path.Combine(_folder, "stack.zarr");
        OmeZarr.Write(stack, path);
        StackSource Source() => StackSource.Open(path, stack.VoxelSize, null, thick: false);
        var image = new OmeZarrOptions { Version = shard is null ? OmeZarrVersion.V04 : OmeZarrVersion.V05, Chunk = shard is null ? 64 : 32, Shard = shard };
        var tiling = new Tiling { Edge = 64, InMemory = 1000, Image = image };
        var (alone, _) = Reconstructor.Run(Source(), "linear", RunWorkspace.Open(Path.Combine(_folder, "alone")), new TrainingOptions(), tiling: tiling);

        var run = RunWorkspace.Open(Path.Combine(_folder, "shared"));
        SharedReconstruction Share() => new(Source(), "linear", run, new TrainingOptions(), withUncertainty: false, tiling);
        using var first = Share();
        using var second = Share();
        Assert.Equal(12, first.Tiles);
        Assert.Throws<InvalidOperationException>(() => second.Fill([0]));
        first.Prepare();
        Parallel.Invoke(() => first.Fill([.. Enumerable.Range(0, 7)]), () => second.Fill([.. Enumerable.Range(5, 7)]));
        Assert.All(Enumerable.Range(0, 12), tile => Assert.True(ClusterJob.IsDone(run.Root, new ClusterTask([], first.MarksOf(tile)))));
        Assert.False(first.IsDone);

        var (together, reused) = Reconstructor.Run(Source(), "linear", run, new TrainingOptions(), tiling: tiling);
        Assert.False(reused);
        Assert.True(first.IsDone);
        Assert.Equal(ContentHash.OfFolder(alone), ContentHash.OfFolder(together));
        Assert.Empty(Directory.EnumerateDirectories(run.Volumes, ".*"));
    }
}
