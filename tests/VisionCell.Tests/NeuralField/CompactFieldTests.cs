using VisionCell.Kernels;
using VisionCell.NeuralField;
using VisionCell.Volumes;

namespace VisionCell.Tests.NeuralField;

public sealed class CompactFieldTests
{
    [Theory]
    [InlineData(2, 6)]
    [InlineData(4, 14)]
    public void What_is_coded_is_read_and_takes_no_more_than_its_entropy(int features, int log2)
    {
        var grid = new HashGrid(new HashGridConfiguration { Levels = 4, Features = features, Log2TableSize = log2, CoarsestResolution = 2, FinestResolution = 20 });
        foreach (var seed in Enumerable.Range(0, 6))
        {
            var random = new Random(seed);
            // Magnitudes that fall geometrically; the larger the seed the wider.
            var (numbers, falls) = (new int[grid.ParameterCount], 1 - Math.Pow(0.25, seed + 0.5));
            foreach (ref var number in numbers.AsSpan())
                number = (int)Math.Floor(Math.Log(1 - random.NextDouble()) / Math.Log(falls)) * (random.Next(2) == 0 ? 1 : -1);
            (numbers[0], numbers[3]) = (TableCoding.Most, -TableCoding.Most);
            foreach (var level in grid.Levels)
            {
                // Nobody reads the entry that makes their number even.
                if (level.IsDense)
                    numbers.AsSpan()[((level.Offset + level.Nodes * level.Nodes * level.Nodes) * features)..((level.Offset + level.Size) * features)].Clear();
            }
            var bytes = TableCoding.Bytes(grid, numbers);
            Assert.Equal(numbers, TableCoding.Numbers(grid, bytes));
            var entropy = numbers.CountBy(n => n).Sum(n => -n.Value * Math.Log2((double)n.Value / numbers.Length));
            // Models learn on the way: some hundred bytes, of which a small table has few to spare.
            Assert.True(8 * bytes.Length < 1.1 * entropy + 8 * 700, $"{bytes.Length} bytes where the entropy is {entropy / 8:F0}");
        }
    }

    [Fact]
    public void Numbers_that_lie_together_take_less_than_numbers_that_are_scattered()
    {
        var grid = new HashGrid(new HashGridConfiguration { Levels = 1, Features = 2, Log2TableSize = 16, CoarsestResolution = 30, FinestResolution = 30 });
        var together = new int[grid.ParameterCount];
        // One row in ten; the second feature is empty.
        for (var i = 0; i < together.Length; i += 2)
            together[i] = i / 2 / grid.Levels[0].Nodes % 10 == 0 ? new Random(i).Next(-3, 4) : 0;
        var scattered = (int[])together.Clone();
        var random = new Random(1);
        for (var i = scattered.Length / 2 - 1; i > 0; i--)
        {
            var k = random.Next(i + 1);
            (scattered[2 * i], scattered[2 * k]) = (scattered[2 * k], scattered[2 * i]);
        }
        var (dense, loose) = (TableCoding.Bytes(grid, together).Length, TableCoding.Bytes(grid, scattered).Length);
        Assert.True(dense < 0.9 * loose, $"{dense} bytes together, {loose} scattered");
    }

    [Fact]
    public void A_volume_comes_back_from_a_fifth_of_its_bytes() => InFolder(folder =>
    {
        var volume = Specimen(new Shape3(36, 48, 60), new VoxelSize(12, 10, 10));
        var path = Path.Combine(folder, "compact.safetensors");
        var compact = CompactField.Within(volume, volume.Shape.Count / 5);
        compact.Save(path);
        Assert.InRange(new FileInfo(path).Length, 0.5 * volume.Shape.Count / 5, volume.Shape.Count / 5);
        var read = HashField.Load(path);
        Assert.Equal((compact.Field.Bounds, compact.Field.VoxelSize, compact.Field.Configuration), (read.Bounds, read.VoxelSize, read.Configuration));
        var values = read.Query(read.Bounds, volume.VoxelSize);
        Assert.Equal((volume.Shape, volume.Origin), (values.Shape, values.Origin));
        Assert.Equal(compact.Field.Query(read.Bounds, volume.VoxelSize).Data, values.Data);
        Assert.True(Psnr(volume.Data, values.Data) > 38, $"{Psnr(volume.Data, values.Data):F1} dB");

        // With a node on every voxel no voxel is off by more than a step.
        var cube = Specimen(new Shape3(24, 24, 24), new VoxelSize(10, 10, 10));
        var fine = CompactField.Of(cube, 0.5).Field;
        Assert.InRange(cube.Data.Zip(fine.Query(fine.Bounds, cube.VoxelSize).Data, (a, b) => Math.Abs(a - b)).Max(), 0.1, 0.5);
    });

    [Fact]
    public void Moving_a_volume_moves_its_field()
    {
        var volume = Specimen(new Shape3(20, 20, 20), new VoxelSize(8, 8, 8));
        var moved = new Volume<float>(volume.Data, volume.Shape, volume.VoxelSize, new Position(1000, -400, 64), volume.Provenance);
        var (here, there) = (CompactField.Of(volume, 4).Field, CompactField.Of(moved, 4).Field);
        Assert.Equal(here.Query(here.Bounds, volume.VoxelSize).Data, there.Query(there.Bounds, volume.VoxelSize).Data);
    }

    [Fact]
    public void A_trained_field_takes_a_quarter_of_its_bytes_at_eight_bits() => InFolder(folder =>
    {
        var field = Trained();
        var (whole, compact) = (Path.Combine(folder, "whole.safetensors"), Path.Combine(folder, "compact.safetensors"));
        field.Save(whole);
        field.SaveCompact(compact, field.Steps(8));
        Assert.InRange(new FileInfo(compact).Length, 1, 0.27 * new FileInfo(whole).Length);
        var voxel = new VoxelSize(10, 10, 10);
        var (values, rounded) = (field.Query(field.Bounds, voxel).Data, HashField.Load(compact).Query(field.Bounds, voxel).Data);
        Assert.InRange(Psnr(values, rounded), 45, 90);
        // Rounded once, it comes back the same for ever.
        var again = Path.Combine(folder, "again.safetensors");
        HashField.Load(compact).SaveCompact(again, field.Steps(8));
        Assert.Equal(File.ReadAllBytes(compact), File.ReadAllBytes(again));
    });

    [Fact]
    public void Bad_input_ends_in_one_clear_line() => InFolder(folder =>
    {
        var volume = Specimen(new Shape3(16, 16, 16), new VoxelSize(10, 10, 10));
        var path = Path.Combine(folder, "compact.safetensors");
        CompactField.Of(volume, 8).Save(path);
        var bytes = File.ReadAllBytes(path);
        // The table lies before the weights, of which there are 528.
        bytes[^(528 * sizeof(float) + 20)] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Contains("damaged", Assert.Throws<BadInputException>(() => HashField.Load(path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, bytes[..^100]);
        Assert.Throws<BadInputException>(() => HashField.Load(path));

        Assert.Contains("step", Assert.Throws<BadInputException>(() => CompactField.Of(volume, 0)).Message, StringComparison.Ordinal);
        Assert.Contains("bytes", Assert.Throws<BadInputException>(() => CompactField.Within(volume, 2000)).Message, StringComparison.Ordinal);
        var holes = Specimen(new Shape3(16, 16, 16), new VoxelSize(10, 10, 10));
        holes.Data[7] = float.NaN;
        Assert.Contains("NaN", Assert.Throws<BadInputException>(() => CompactField.Of(holes, 8)).Message, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => CompactField.Of(new Volume<float>(new Shape3(4, 4, 4), new VoxelSize(1, 1, 1), default, volume.Provenance), 8));
        Assert.Contains("254", Assert.Throws<BadInputException>(() => CompactField.Of(Specimen(new Shape3(2, 2, 300), new VoxelSize(1, 1, 1)), 8)).Message, StringComparison.Ordinal);
        Assert.Throws<OperationCanceledException>(() => CompactField.Of(volume, 8, new CancellationToken(canceled: true)));

        var field = Trained();
        Assert.Contains("levels", Assert.Throws<BadInputException>(() => field.SaveCompact(path, [1])).Message, StringComparison.Ordinal);
        Assert.Contains("give a step", Assert.Throws<BadInputException>(() => field.SaveCompact(path, [1e-12, 1, 1, 1])).Message, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => field.Steps(1));
    });

    private static HashField Trained()
    {
        var configuration = new HashFieldConfiguration { Grid = new HashGridConfiguration { Levels = 4, Log2TableSize = 12, CoarsestResolution = 4, FinestResolution = 24 }, HiddenWidth = 32 };
        var bounds = new FieldBounds(default, new Position(200, 200, 200));
        var field = new HashField(configuration, bounds, new VoxelSize(10, 10, 10), 128, 25, 7);
        var random = new Random(3);
        var (positions, targets) = (new Position[2048], new float[2048]);
        for (var step = 0; step < 60; step++)
        {
            for (var i = 0; i < positions.Length; i++)
            {
                positions[i] = new Position(200 * random.NextDouble(), 200 * random.NextDouble(), 200 * random.NextDouble());
                targets[i] = Value(positions[i]);
            }
            field.Step(positions, targets, [], 1 - step / 60.0);
        }
        return field;
    }

    /// <summary>Smooth grey values with some noise.</summary>
    private static Volume<float> Specimen(Shape3 shape, VoxelSize voxel)
    {
        var volume = new Volume<float>(shape, voxel, new Position(50, 60, 70), Provenance.Of("test"));
        var random = new Random(5);
        for (var i = 0; i < volume.Data.Length; i++)
            volume.Data[i] = Value(new Position(i / shape.SectionCount * voxel.Z, i / shape.X % shape.Y * voxel.Y, i % shape.X * voxel.X)) + random.NextSingle();
        return volume;
    }

    private static float Value(Position p) => (float)(128 + 35 * Math.Sin(p.Z / 30) * Math.Cos(p.Y / 40) + 30 * Math.Sin(p.X / 35));

    private static double Psnr(float[] truth, float[] found) => 10 * Math.Log10(255 * 255 / truth.Zip(found, (a, b) => ((double)a - b) * ((double)a - b)).Average());

    private static void InFolder(Action<string> test)
    {
        var folder = Directory.CreateTempSubdirectory("visioncell-compact").FullName;
        try
        {
            test(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
