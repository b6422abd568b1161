using System.Text.Json;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Cli.Tests;

/// <summary><c>inpaint</c> fills in what is missing and nothing else.</summary>
public sealed class InpaintTests
{
    private static readonly Shape3 _shape = new(24, 64, 72);

    [Fact]
    public void A_section_and_a_region_are_filled_in_and_marked_and_the_rest_stays()
    {
        using var folder = new TemporaryFolder();
        var (truth, stack, mask) = (Crop(), folder.File("stack.tif"), folder.File("mask.tif"));
        var (broken, marked) = (truth.Map(v => v), truth.Map(_ => (byte)0));
        broken.Section(7).Clear();
        for (var y = 10; y < 30; y++)
        {
            broken.Section(15).Slice(y * 72 + 20, 24).Fill(255);
            marked.Section(15).Slice(y * 72 + 20, 24).Fill(255);
        }
        VolumeFormats.Write(broken, stack);
        VolumeFormats.Write(marked, mask);
        string[] arguments = ["inpaint", stack, "--sections", "7", "--mask", mask, "--steps", "5", "--uncertainty", "--out", folder.File("run"), "--json"];
        var outcome = Command.Run(arguments);
        Assert.True(outcome.Code == 0, outcome.Error);
        using var report = JsonDocument.Parse(outcome.Output);
        Assert.Equal(64 * 72 + 20 * 24, report.RootElement.GetProperty("missingVoxels").GetInt64());

        var filled = (Volume<byte>)VolumeFormats.Read(report.RootElement.GetProperty("path").GetString()!);
        Assert.Equal([7, 15], filled.Unobserved.Order());
        Assert.Equal(new VoxelSize(10, 10, 10), filled.VoxelSize);
        double squares = 0;
        for (var i = 0; i < filled.Data.Length; i++)
        {
            if (i / (64 * 72) == 7 || marked.Data[i] != 0)
                squares += Math.Pow(filled.Data[i] - truth.Data[i], 2);
            else
                Assert.Equal(broken.Data[i], filled.Data[i]);
        }
        Assert.InRange(Math.Sqrt(squares / report.RootElement.GetProperty("missingVoxels").GetInt64()), 1, 12);
        Assert.Equal(VoxelType.Float32, VolumeFormats.Read(folder.File("run/volumes/inpainted-uncertainty.zarr")).VoxelType);

        using var again = JsonDocument.Parse(Command.Run(arguments).Output);
        Assert.True(again.RootElement.GetProperty("reused").GetBoolean());
        // The record that the result carries says what was missing.
        Assert.Contains("inpaint", Command.Run("info", folder.File("run/volumes/inpainted.zarr")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_noisy_section_is_replaced_and_its_noise_recorded()
    {
        using var folder = new TemporaryFolder();
        var (truth, stack) = (Crop(), folder.File("stack.tif"));
        var seen = truth.Map(v => v);
        var random = new Random(1);
        foreach (ref var value in seen.Section(12))
            value = (byte)Math.Clamp(value + random.Next(-35, 36), 0, 255);
        VolumeFormats.Write(seen, stack);
        var outcome = Command.Run("inpaint", stack, "--noisy", "12", "--steps", "5", "--out", folder.File("run"));
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains("section 12: noise of", outcome.Error, StringComparison.Ordinal);
        var filled = (Volume<byte>)VolumeFormats.Read(folder.File("run/volumes/inpainted.zarr"));
        double Rms(Volume<byte> volume) => Math.Sqrt(volume.Section(12).ToArray().Zip(truth.Section(12).ToArray()).Average(p => Math.Pow(p.First - p.Second, 2)));
        Assert.InRange(Rms(filled), 1, 0.6 * Rms(seen));
        Assert.Equal(truth.Section(11).ToArray(), filled.Section(11).ToArray());
        using var record = JsonDocument.Parse(File.ReadAllText(folder.File("run/run.json")));
        Assert.Contains("noiseOfSection12", record.RootElement.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("too few whole sections", "--noisy", "2-9")]
    [InlineData("nothing is missing: name sections")]
    [InlineData("nothing lies before it", "--sections", "0")]
    [InlineData("section 24 in a stack of 24 sections", "--sections", "24")]
    [InlineData("give numbers from 0 and ranges", "--sections", "3..5")]
    [InlineData("the error to expect is that of the mean of samples", "--sections", "5", "--result", "sample", "--uncertainty")]
    public void Bad_input_is_named_in_one_line_and_leaves_no_volume(string expected, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        var stack = folder.File("stack.tif");
        VolumeFormats.Write(Crop(), stack);
        var outcome = Command.RunIn(folder.Path, ["inpaint", stack, .. arguments, "--steps", "1", "--out", folder.File("run")]);
        Assert.Equal(3, outcome.Code);
        Assert.Contains(expected, outcome.FailureLine, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("run/volumes/inpainted.zarr")));
    }

    private static Volume<byte> Crop() => ((Volume<byte>)VolumeFormats.Read(Command.Sample, new VoxelSize(10, 10, 10))).Crop(new Box(10, 40, 40, _shape));
}
