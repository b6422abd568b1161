using TorchSharp;
using VisionCell.Learning;
using VisionCell.Runs;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.Tests.Learning;

/// <summary>Live tensors are counted over the whole process, so nothing else may run beside these tests.</summary>
[CollectionDefinition("tensors", DisableParallelization = true)]
public sealed class LiveTensors;

[Collection("tensors")]
public sealed class LearningTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-learning").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static TrainerSettings Settings(string identity = "a line") => new("line", identity, 0.05, 1, 0, 1e9, 0.9, TimeSpan.FromSeconds(1));

    private static Weights Line()
    {
        var weights = new Weights();
        using var slope = tensor(0f);
        using var offset = tensor(0f);
        weights.Add("slope", slope);
        weights.Add("offset", offset);
        return weights;
    }

    /// <summary>Least squares of y = 3 x − 1 on random points.</summary>
    private static Tensor Loss(Weights weights, Random random)
    {
        float[] points = [.. Enumerable.Range(0, 16).Select(_ => random.NextSingle())];
        using var x = tensor(points);
        using var y = tensor([.. points.Select(p => 3 * p - 1)]);
        return ((weights["slope"] * x).Plus(weights["offset"]) - y).Squared().mean();
    }

    private static float[] Values(Weights weights) => [(float)weights["slope"].Number(), (float)weights["offset"].Number()];

    [Fact]
    public void A_line_is_found()
    {
        using var trained = Trainer.Train(Line(), Loss, null, Settings(), new TrainingOptions(Steps: 1500, Cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(3, trained["slope"].ToSingle(), 1e-2f);
        Assert.Equal(-1, trained["offset"].ToSingle(), 1e-2f);
    }

    [Fact]
    public void The_same_seed_gives_the_same_weights_and_another_does_not()
    {
        float[] Run(int seed)
        {
            using var trained = Trainer.Train(Line(), Loss, null, Settings(), new TrainingOptions(Steps: 40, Seed: seed));
            return Values(trained);
        }
        Assert.Equal(Run(1), Run(1));
        Assert.NotEqual(Run(1), Run(2));
    }

    [Fact]
    public void The_randomness_of_a_step_does_not_depend_on_the_process()
    {
        // The first number of SplitMix64 from 0 is E220A8397B1DCDAF; the seed is its lower half.
        Assert.Equal(0x7B1DCDAF, Trainer.StepSeed(0, 0));
        Assert.Equal(10_000, Enumerable.Range(0, 100).SelectMany(seed => Enumerable.Range(0, 100), Trainer.StepSeed).Distinct().Count());
    }

    [Fact]
    public void An_interrupted_training_ends_in_the_weights_of_an_uninterrupted_one()
    {
        using var whole = Trainer.Train(Line(), Loss, null, Settings(), new TrainingOptions(Steps: 60));
        using var interruption = new CancellationTokenSource();
        var steps = 0;
        Assert.Throws<OperationCanceledException>(() => Trainer.Train(Line(), (w, r) =>
        {
            if (++steps == 25)
                interruption.Cancel();
            return Loss(w, r);
        }, null, Settings(), new TrainingOptions(Steps: 60, CheckpointDirectory: _folder, Cancellation: interruption.Token)));
        using var resumed = Trainer.Train(Line(), (w, r) =>
        {
            steps++;
            return Loss(w, r);
        }, null, Settings(), new TrainingOptions(Steps: 60, CheckpointDirectory: _folder));
        Assert.Equal(60, steps);
        Assert.Equal(Values(whole), Values(resumed));
    }

    [Fact]
    public void A_finished_training_is_not_run_again_and_one_on_other_data_is()
    {
        var options = new TrainingOptions(Steps: 5, CheckpointDirectory: _folder);
        var steps = 0;
        Tensor Counted(Weights w, Random r)
        {
            steps++;
            return Loss(w, r);
        }
        Trainer.Train(Line(), Counted, null, Settings(), options).Dispose();
        Trainer.Train(Line(), Counted, null, Settings(), options).Dispose();
        Assert.Equal(5, steps);
        Trainer.Train(Line(), Counted, null, Settings("another line"), options).Dispose();
        Assert.Equal(10, steps);
    }

    [Fact]
    public void The_weights_that_validated_best_are_kept()
    {
        var validations = 0;
        var best = Array.Empty<float>();
        using var trained = Trainer.Train(Line(), Loss, weights =>
        {
            if (++validations == 3)
                best = Values(weights);
            return validations == 3 ? 1 : 0;
        }, Settings(), new TrainingOptions(Steps: 100));
        Assert.True(validations > 3);
        Assert.Equal(best, Values(trained));
    }

    [Fact]
    public void The_count_of_live_tensors_is_flat_over_the_steps()
    {
        long After(int steps)
        {
            Trainer.Train(Line(), Loss, null, Settings(), new TrainingOptions(Steps: steps)).Dispose();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return Tensor.TotalCount;
        }
        var before = After(5);
        Assert.Equal(before, After(50));
    }

    [Fact]
    public void Safetensors_give_back_what_was_written()
    {
        var path = Path.Combine(_folder, "some", "weights.safetensors");
        using var matrix = arange(6, ScalarType.Float32).reshape(2, 3);
        using var scalar = tensor(-1.5f);
        SafeTensors.Write(path, new Dictionary<string, Tensor> { ["b"] = scalar, ["a"] = matrix }, new Dictionary<string, string> { ["key"] = "value" });
        var (tensors, metadata) = SafeTensors.Read(path);
        Assert.Equal([2, 3], tensors["a"].shape);
        Assert.Equal([0, 1, 2, 3, 4, 5], tensors["a"].data<float>().ToArray());
        Assert.Equal(-1.5f, tensors["b"].ToSingle());
        Assert.Equal("value", metadata["key"]);
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
        foreach (var tensor in tensors.Values)
            tensor.Dispose();
    }

    [Fact]
    public void A_damaged_or_truncated_file_names_itself()
    {
        var path = Path.Combine(_folder, "weights.safetensors");
        using var values = arange(100, ScalarType.Float32);
        SafeTensors.Write(path, new Dictionary<string, Tensor> { ["a"] = values }, new Dictionary<string, string>());
        var bytes = File.ReadAllBytes(path);
        for (var length = 0; length < bytes.Length; length += 7)
        {
            File.WriteAllBytes(path, bytes[..length]);
            Assert.Contains(path, Assert.Throws<BadInputException>(() => SafeTensors.Read(path)).Message, StringComparison.Ordinal);
        }
        for (var at = 0; at < 60; at++)
        {
            var damaged = bytes.ToArray();
            damaged[at] ^= 0x55;
            File.WriteAllBytes(path, damaged);
            try
            {
                foreach (var tensor in SafeTensors.Read(path).Tensors.Values)
                    tensor.Dispose();
            }
            catch (BadInputException e)
            {
                Assert.Contains(path, e.Message, StringComparison.Ordinal);
            }
        }
    }
}
