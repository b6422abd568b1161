using VisionCell.Learning;
using VisionCell.Runs;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.Tests.Learning;

/// <summary>A training that several share is that of one, but for rounding.</summary>
[Collection("tensors")]
public sealed class SharedTrainingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-shared").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Weights Start()
    {
        var weights = new Weights();
        using var values = tensor([0.3f, -0.2f, 0.1f, 0f]);
        weights.Add("values", values);
        return weights;
    }

    private static Tensor Loss(Weights weights, Random random)
    {
        float[] points = [.. Enumerable.Range(0, 32).Select(_ => random.NextSingle())];
        using var x = tensor(points).reshape(8, 4);
        using var y = tensor([.. points.Chunk(4).Select(p => 3 * p[0] - p[1] + 2 * p[2] * p[3])]);
        return (x.matmul(weights["values"]) - y).Squared().mean();
    }

    private static TrainerSettings Settings() => new("shared", "four numbers", 0.05, 1, 0, 1e9, 0.9, TimeSpan.FromSeconds(1));

    private static float[] Trained(TrainingOptions options, Action<Random>? drawn = null)
    {
        using var weights = Trainer.Train(Start(), random => random, (w, random) =>
        {
            drawn?.Invoke(random);
            return Loss(w, random);
        }, w => -w["values"].Squared().sum().Number(), Settings(), options);
        return weights["values"].data<float>().ToArray();
    }

    private static float[][] Together(int size, TrainingOptions options)
    {
        using var threads = new Threads(size);
        var results = new float[size][];
        // Of the processes that threads stand for here, each has its own.
        Thread[] all = [.. Enumerable.Range(0, size).Select(rank => new Thread(() => results[rank] = Trained(options with { Group = threads.Of(rank) })))];
        foreach (var thread in all)
            thread.Start();
        foreach (var thread in all)
            thread.Join();
        return results;
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(2, 4)]
    [InlineData(3, 6)]
    public void Processes_end_at_the_same_weights_and_at_those_of_one(int size, int draws)
    {
        var options = new TrainingOptions(Steps: 60, Draws: draws);
        var alone = Trained(options);
        var results = Together(size, options);
        Assert.All(results, result => Assert.Equal(results[0], result));
        Assert.All(alone.Zip(results[0]), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        // And not at those of fewer draws.
        Assert.Contains(alone.Zip(Trained(options with { Draws = 1 })), pair => Math.Abs(pair.First - pair.Second) > 1e-3);
    }

    [Fact]
    public void One_draw_is_what_it_was_and_draws_of_all_steps_differ()
    {
        List<int> first = [];
        Trained(new TrainingOptions(Steps: 5), random => first.Add(random.Next()));
        Assert.Equal([.. Enumerable.Range(0, 5).Select(step => new Random(Trainer.StepSeed(1, step)).Next())], first);
        HashSet<int> all = [];
        Trained(new TrainingOptions(Steps: 10, Draws: 4), random => all.Add(random.Next()));
        Assert.Equal(40, all.Count);
    }

    [Fact]
    public void One_that_is_interrupted_stops_all_and_they_go_on_where_they_were()
    {
        var options = new TrainingOptions(Steps: 40, Draws: 2);
        var expected = Trained(options);
        var folder = options with { CheckpointDirectory = _folder };
        using (var threads = new Threads(2))
        using (var interrupted = new CancellationTokenSource())
        {
            var (ended, steps) = (0, 0);
            Thread[] all = [.. Enumerable.Range(0, 2).Select(rank => new Thread(() =>
            {
                try
                {
                    Trained(folder with { Group = threads.Of(rank), Cancellation = rank == 1 ? interrupted.Token : default }, _ =>
                    {
                        if (rank == 1 && ++steps == 15)
                            interrupted.Cancel();
                    });
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref ended);
                }
            }))];
            foreach (var thread in all)
                thread.Start();
            foreach (var thread in all)
                thread.Join();
            Assert.Equal(2, ended);
        }
        Assert.Single(Directory.GetFiles(_folder));
        var results = Together(2, folder);
        Assert.All(results, result => Assert.All(expected.Zip(result), pair => Assert.Equal(pair.First, pair.Second, 1e-5)));
        Assert.True(File.Exists(Path.Combine(_folder, "shared.safetensors")));
    }

    [Fact]
    public void Draws_that_cannot_be_shared_evenly_are_refused()
    {
        using var threads = new Threads(2);
        Assert.Contains("3 draws", Assert.Throws<BadInputException>(() => Trained(new TrainingOptions(Steps: 1, Draws: 3, Group: threads.Of(0)))).Message, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => Trained(new TrainingOptions(Steps: 1, Draws: 0)));
    }

    /// <summary>Sums over threads, in the order of their ranks.</summary>
    private sealed class Threads(int size) : IDisposable
    {
        private readonly double[]?[] _given = new double[size][];
        private readonly Barrier _barrier = new(size);

        public IProcessGroup Of(int rank) => new Member(this, rank);

        public void Dispose() => _barrier.Dispose();

        private sealed class Member(Threads all, int rank) : IProcessGroup
        {
            public int Rank => rank;

            public int Size => all._given.Length;

            public void Sum(Span<float> values)
            {
                var sums = Exchange([.. values.ToArray().Select(v => (double)v)]);
                for (var i = 0; i < values.Length; i++)
                    values[i] = (float)sums[i];
            }

            public void Sum(Span<double> values) => Exchange(values.ToArray()).CopyTo(values);

            private double[] Exchange(double[] own)
            {
                all._given[rank] = own;
                all._barrier.SignalAndWait(TimeSpan.FromMinutes(1));
                double[] sums = [.. own.Select((_, i) => all._given.Sum(g => g![i]))];
                all._barrier.SignalAndWait(TimeSpan.FromMinutes(1));
                return sums;
            }
        }
    }
}
