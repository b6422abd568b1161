namespace VisionCell.Cli.Tests;

/// <summary>A training that is killed at any moment and started again ends in the weights of one that was let alone.</summary>
public sealed class KillTests
{
    private static string[] Arguments(string folder) => ["pretrain", Command.Sample, "--steps", "50", "--batch", "2", "--seed", "5", "--out", folder];

    [Fact]
    public void Killed_at_random_moments_and_while_a_checkpoint_is_written_it_ends_in_the_same_weights()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(0, Command.Run(Arguments(folder.File("alone"))).Code);
        var expected = File.ReadAllBytes(folder.File("alone/prior.safetensors"));

        var killed = folder.File("killed");
        var state = Path.Combine(killed, "gap.training.safetensors");
        var random = new Random(3);
        // As soon as it begins to write a checkpoint.
        Assert.True(Command.RunAndKill(process => Until(() => process.HasExited || IsWriting(killed)), Arguments(killed)), "it ended before it wrote a checkpoint");
        var resumed = 0;
        for (var i = 0; i < 3; i++)
        {
            // A while after the next checkpoint.
            var before = Written(state);
            Command.RunAndKill(process =>
            {
                Until(() => process.HasExited || Written(state) > before);
                Thread.Sleep(random.Next(800));
            }, Arguments(killed));
            resumed += Written(state) > before ? 1 : 0;
        }
        Assert.True(resumed > 0, "it was never killed after a checkpoint");
        Assert.Equal(0, Command.Run(Arguments(killed)).Code);
        Assert.True(expected.AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(killed, "prior.safetensors"))), "the weights differ");
        Assert.Empty(Directory.EnumerateFiles(killed, ".*"));
        Assert.False(File.Exists(state));
    }

    private static bool IsWriting(string folder) => Directory.Exists(folder) && Directory.EnumerateFiles(folder, ".gap.training.safetensors.*").Any();

    private static DateTime Written(string path) => File.Exists(path) ? File.GetLastWriteTimeUtc(path) : DateTime.MinValue;

    private static void Until(Func<bool> condition)
    {
        for (var i = 0; i < 100_000 && !condition(); i++)
            Thread.Sleep(1);
    }
}
