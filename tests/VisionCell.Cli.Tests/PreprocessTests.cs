using System.Text.Json;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Cli.Tests;

/// <summary>Faulty stacks through the command.</summary>
public sealed class PreprocessTests
{
    private static readonly VoxelSize s_size = new(40, 10, 10);

    [Fact]
    public void A_lost_section_is_replaced_marked_and_not_counted_as_observed()
    {
        using var folder = new TemporaryFolder();
        var stack = Crop(24, 80);
        stack.Section(9).Clear();
        var input = folder.File("stack.tif");
        VolumeFormats.Write(stack, input);
        var run = folder.File("run");

        var outcome = Command.Run("preprocess", input, "--preset", "fib-sem", "--out", run);
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Contains("section 9: blank", outcome.Error, StringComparison.Ordinal);
        var result = VolumeFormats.Read(outcome.Output.Trim());
        Assert.Equal([9], result.Unobserved);
        Assert.True(((Volume<byte>)result).Section(9).ToArray().Distinct().Count() > 20);
        using var transforms = JsonDocument.Parse(File.ReadAllText(Path.Combine(run, "transforms.json")));
        Assert.Equal("replaced", transforms.RootElement.GetProperty("sections")[9].GetProperty("status").GetString());
        Assert.Equal("kept", transforms.RootElement.GetProperty("sections")[8].GetProperty("status").GetString());

        var kept = Command.Run("preprocess", input, "--damaged", "keep", "--out", run);
        Assert.Contains("configuration changed", kept.Error, StringComparison.Ordinal);
        Assert.Empty(VolumeFormats.Read(kept.Output.Trim()).Unobserved);
        Assert.Equal(3, Command.Run("preprocess", input, "--damaged", "burn", "--out", run).Code);
    }

    [Fact]
    public void Denoising_is_left_out_or_chosen_on_the_command_line_whatever_the_preset_says()
    {
        using var folder = new TemporaryFolder();
        var (input, config) = (folder.File("stack.tif"), folder.File("config.json"));
        VolumeFormats.Write(Crop(6, 64), input);
        byte[] Of(string preset, string denoise, string method)
        {
            var outcome = Command.Run("preprocess", input, "--preset", preset, "--denoise", denoise, "--save-config", config, "--out", folder.File(preset + denoise));
            Assert.True(outcome.Code == 0, outcome.Error);
            using var saved = JsonDocument.Parse(File.ReadAllText(config));
            var denoising = saved.RootElement.EnumerateObject().First(p => p.Name.Equals("denoising", StringComparison.OrdinalIgnoreCase)).Value;
            Assert.Equal(method, denoising.ValueKind == JsonValueKind.Null ? "" : denoising.EnumerateObject().First(p => p.Name.Equals("method", StringComparison.OrdinalIgnoreCase)).Value.ToString(), ignoreCase: true);
            return VolumeFormats.Read(outcome.Output.Trim()).Bytes.ToArray();
        }
        Assert.NotEqual(Of("fib-sem", "none", ""), Of("fib-sem", "non-local-means", "non-local-means"));
        Assert.NotEqual(Of("ss-tem", "none", ""), Of("ss-tem", "non-local-means", "non-local-means"));
        var wrong = Command.Run("preprocess", input, "--denoise", "magic", "--out", folder.File("wrong"));
        Assert.Equal(3, wrong.Code);
        Assert.Contains("give none, non-local-means or blind-spot", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void True_positions_go_with_the_volume_and_into_the_reconstruction()
    {
        using var folder = new TemporaryFolder();
        var (input, positions, run) = (folder.File("stack.tif"), folder.File("z.txt"), folder.File("run"));
        VolumeFormats.Write(Crop(6, 64), input);
        File.WriteAllText(positions, "0 40 80 150 190 230 # a section was lost after the third");
        var outcome = Command.Run("preprocess", input, "--out", run, "--z-positions", positions);
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Equal([0, 40, 80, 150, 190, 230], VolumeFormats.Read(outcome.Output.Trim()).SectionPositions!);

        var cubic = Command.Run("reconstruct", outcome.Output.Trim(), "--method", "cubic", "--out", folder.File("cubic"));
        Assert.True(cubic.Code == 0, cubic.Error);
        Assert.Equal(24, VolumeFormats.Inspect(cubic.Output.Trim()).Shape.Z);
        var network = Command.Run("reconstruct", input, "--z-positions", positions, "--method", "superresolution", "--steps", "5", "--out", folder.File("network"));
        Assert.True(network.Code == 0, network.Error);
        Assert.Equal(24, VolumeFormats.Inspect(network.Output.Trim()).Shape.Z);
        var flow = Command.Run("reconstruct", input, "--z-positions", positions, "--method", "flow", "--out", folder.File("flow"));
        Assert.Equal(3, flow.Code);
        Assert.Contains("at 6 positions of their own", flow.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_stacks_are_refused_with_a_line_that_says_why()
    {
        using var folder = new TemporaryFolder();
        var (input, positions) = (folder.File("stack.tif"), folder.File("z.txt"));
        string Failure(Volume stack, params string[] more)
        {
            VolumeFormats.Write(stack, input);
            var outcome = Command.Run(["preprocess", input, "--out", folder.File("run"), .. more]);
            Assert.Equal(3, outcome.Code);
            return outcome.FailureLine;
        }
        Assert.Contains("at least 3 are needed", Failure(Crop(2, 48)), StringComparison.Ordinal);
        Assert.Contains("all 5 sections are blank", Failure(Crop(5, 48).Map(_ => (byte)0)), StringComparison.Ordinal);
        var broken = Crop(5, 48).ToFloat32();
        broken[3, 4, 5] = float.NaN;
        Assert.Contains("voxel z 3, y 4, x 5 is NaN", Failure(broken), StringComparison.Ordinal);
        File.WriteAllText(positions, "0 40 30 80 120");
        Assert.Contains("out of order: section 2 at 30 nm", Failure(Crop(5, 48), "--z-positions", positions), StringComparison.Ordinal);
        File.WriteAllText(positions, "0 40 80");
        Assert.Contains("3 z positions for 5 sections", Failure(Crop(5, 48), "--z-positions", positions), StringComparison.Ordinal);

        var slices = Directory.CreateDirectory(folder.File("slices")).FullName;
        for (var z = 0; z < 4; z++)
            VolumeFormats.Write(Crop(1, z == 2 ? 40 : 48), Path.Combine(slices, $"s{z}.tif"));
        var mixed = Command.Run("preprocess", slices, "--voxel-size", "40,10,10", "--out", folder.File("run"));
        Assert.Equal(3, mixed.Code);
        Assert.Contains("40 x 40 pixels, where s0.tif has 48 x 48", mixed.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public void An_interrupted_run_goes_on_to_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        string[] Arguments(string run) => ["preprocess", Command.Sample, "--preset", "sbf-sem", "--out", folder.File(run)];
        var interrupted = Command.RunAndInterrupt("preprocessing: finish", Arguments("parts"));
        Assert.Equal(4, interrupted.Code);
        Assert.False(Directory.Exists(folder.File("parts/preprocessed.zarr")));
        Assert.Single(Directory.GetDirectories(folder.File("parts/.preprocess")));

        var resumed = Command.Run(Arguments("parts"));
        Assert.True(resumed.Code == 0, resumed.Error);
        Assert.DoesNotContain("preprocessing: align", resumed.Error, StringComparison.Ordinal);
        var whole = Command.Run(Arguments("whole"));
        Assert.Equal(VolumeFormats.Read(whole.Output.Trim()).Bytes, VolumeFormats.Read(resumed.Output.Trim()).Bytes);
        Assert.Equal(File.ReadAllText(folder.File("whole/transforms.json")), File.ReadAllText(folder.File("parts/transforms.json")));
    }

    private static Volume<byte> Crop(int sections, int edge)
    {
        var sample = ((Volume<byte>)VolumeFormats.Read(Command.Sample, new VoxelSize(10, 10, 10))).Crop(new Box(10, 20, 30, new Shape3(sections, edge, edge)));
        return new Volume<byte>(sample.Data, sample.Shape, s_size, default, Provenance.Of("sample"));
    }
}
