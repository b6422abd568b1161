using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Runs;

public sealed class ConfigurationTests : IDisposable
{
    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("visioncell-configuration-").FullName, "train.json");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    public enum Loss { MeanSquared, Charbonnier }

    public sealed record Optimiser(double LearningRate = 1e-3, double WeightDecay = 0.01);

    public sealed record Training
    {
        public Training(int batchSize = 8, Loss loss = Loss.MeanSquared, Optimiser? optimiser = null, IReadOnlyList<Optimiser>? more = null)
        {
            BatchSize = batchSize > 0 ? batchSize : throw new BadInputException($"batch size {batchSize}: must be at least 1");
            Loss = loss;
            Optimiser = optimiser ?? new Optimiser();
            More = more ?? [];
        }

        public int BatchSize { get; }

        public Loss Loss { get; }

        public Optimiser Optimiser { get; }

        public IReadOnlyList<Optimiser> More { get; }
    }

    [Fact]
    public void What_is_written_reads_back_and_what_is_left_out_keeps_its_default()
    {
        var training = new Training(16, Loss.Charbonnier, new Optimiser(2e-4));
        Configuration.Write(_file, training);
        var read = Configuration.Read<Training>(_file);
        Assert.Equal(training.Optimiser, read.Optimiser);
        Assert.Equal(16, read.BatchSize);
        Assert.Equal(Loss.Charbonnier, read.Loss);

        var sparse = Configuration.Parse<Training>("{ /* half */ \"optimiser\": { \"weightDecay\": 0.5, }, }", "x");
        Assert.Equal(new Optimiser(1e-3, 0.5), sparse.Optimiser);
        Assert.Equal(8, sparse.BatchSize);
    }

    [Theory]
    [InlineData("{\"batchsize\": 4}", "'batchsize'", "'batchSize'")]
    [InlineData("{\"optimiser\": {\"learnigRate\": 4}}", "'optimiser.learnigRate'", "'learningRate'")]
    [InlineData("{\"more\": [{}, {\"wieghtDecay\": 4}]}", "'more.wieghtDecay'", "'weightDecay'")]
    [InlineData("{\"epochs\": 4}", "'epochs'", "known keys: batchSize, loss, optimiser, more")]
    [InlineData("{\"batchSize\": 0}", "batch size 0", "at least 1")]
    [InlineData("{\"batchSize\": \"many\"}", "batchSize", "line 1")]
    [InlineData("{\"batchSize\": 1, \"batchSize\": 2}", "batchSize", "")]
    [InlineData("{\"loss\": \"hinge\"}", "loss", "line 1")]
    [InlineData("{\"optimiser\": null, \"batchSize\": ", "line 1", "")]
    [InlineData("null", "null", "")]
    [InlineData("[1]", "", "")]
    public void What_cannot_be_meant_is_refused_by_file_and_key(string json, string key, string fix)
    {
        File.WriteAllText(_file, json);
        var message = Assert.Throws<BadInputException>(() => Configuration.Read<Training>(_file)).Message;
        Assert.StartsWith(_file, message, StringComparison.Ordinal);
        Assert.Contains(key, message, StringComparison.Ordinal);
        Assert.Contains(fix, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        Assert.Equal($"{_file}: no such file", Assert.Throws<BadInputException>(() => Configuration.Read<Training>(_file)).Message);
    }
}
