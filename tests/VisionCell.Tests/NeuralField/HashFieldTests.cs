using VisionCell.Kernels;
using VisionCell.Kernels.Simd;
using VisionCell.NeuralField;
using VisionCell.Volumes;

namespace VisionCell.Tests.NeuralField;

public sealed class HashFieldTests
{
    private static readonly HashFieldConfiguration Small = new()
    {
        Grid = new HashGridConfiguration { Levels = 4, Log2TableSize = 12, CoarsestResolution = 4, FinestResolution = 24 },
        HiddenWidth = 32,
    };

    private static readonly FieldBounds Box = new(new Position(100, -50, 0), new Position(260, 110, 240));

    [Fact]
    public void A_smooth_function_is_fitted_and_queried_at_any_voxel_size()
    {
        var field = Fitted(Box, 300);
        foreach (var voxelSize in new[] { new VoxelSize(10, 10, 10), new VoxelSize(20, 8, 5), new VoxelSize(7, 7, 7) })
        {
            var volume = field.Query(Box, voxelSize);
            Assert.Equal((int)Math.Round(160 / voxelSize.Z), volume.Shape.Z);
            var squares = 0.0;
            for (var i = 0; i < volume.Data.Length; i++)
            {
                var (z, y, x) = (i / volume.Shape.SectionCount, i / volume.Shape.X % volume.Shape.Y, i % volume.Shape.X);
                var error = volume.Data[i] - Truth(new Position(volume.Origin.Z + z * voxelSize.Z - 100, volume.Origin.Y + y * voxelSize.Y + 50, volume.Origin.X + x * voxelSize.X));
                squares += error * error;
            }
            // The function has a standard deviation of 25.
            Assert.True(Math.Sqrt(squares / volume.Data.Length) < 1, $"error {Math.Sqrt(squares / volume.Data.Length):F2} at {voxelSize}");
        }
    }

    [Fact]
    public void The_gradient_is_that_of_the_field()
    {
        var field = Fitted(Box, 40);
        var random = new Random(8);
        var positions = Enumerable.Range(0, 60).Select(_ => Anywhere(random, Box)).ToArray();
        var gradient = new float[3 * positions.Length];
        field.Gradient(positions, gradient);
        double Along(Position p, double z, double y, double x)
        {
            Span<float> values = stackalloc float[2];
            field.Evaluate([new Position(p.Z + z, p.Y + y, p.X + x), new Position(p.Z - z, p.Y - y, p.X - x)], values);
            return (values[0] - (double)values[1]) / (2 * (z + y + x));
        }
        // Values near 128 in single precision give a difference over 0.2 nm an error of 1e-4. The field has kinks at cell faces and where
        // a unit of the perceptron switches; some differences straddle one, the median does not.
        var errors = positions.SelectMany((p, i) => new[]
        {
            Math.Abs(Along(p, 0.1, 0, 0) - gradient[3 * i]), Math.Abs(Along(p, 0, 0.1, 0) - gradient[3 * i + 1]), Math.Abs(Along(p, 0, 0, 0.1) - gradient[3 * i + 2]),
        }).Order().ToArray();
        Assert.True(errors[errors.Length / 2] < 1e-3, $"median error {errors[errors.Length / 2]}");
        Assert.True(gradient.Max(Math.Abs) > 0.5);
    }

    [Fact]
    public void Moving_box_and_data_alike_moves_the_field_bit_by_bit()
    {
        var moved = new FieldBounds(new Position(612, 462, 512), new Position(772, 622, 752));
        var (here, there) = (Fitted(Box, 20).Query(Box, new VoxelSize(16, 16, 16)), Fitted(moved, 20).Query(moved, new VoxelSize(16, 16, 16)));
        Assert.Equal(here.Data, there.Data);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bits_on_any_number_of_threads()
    {
        var one = Fitted(Box, 20, SimdKernels.Create(threads: 1)).Query(Box, new VoxelSize(16, 16, 16));
        var three = Fitted(Box, 20, SimdKernels.Create(threads: 3)).Query(Box, new VoxelSize(16, 16, 16));
        Assert.Equal(one.Data, three.Data);
    }

    [Fact]
    public void A_field_survives_its_file()
    {
        var folder = Directory.CreateTempSubdirectory("visioncell-field").FullName;
        try
        {
            var field = Fitted(Box, 10);
            var path = Path.Combine(folder, "field.safetensors");
            field.Save(path);
            var read = HashField.Load(path);
            Assert.Equal((field.Bounds, field.VoxelSize, field.Offset, field.Scale, field.Configuration), (read.Bounds, read.VoxelSize, read.Offset, read.Scale, read.Configuration));
            Assert.Equal(field.Query(Box, new VoxelSize(20, 20, 20)).Data, read.Query(Box, new VoxelSize(20, 20, 20)).Data);

            var halves = Path.Combine(folder, "half.safetensors");
            field.Save(halves, half: true);
            Assert.InRange(new FileInfo(halves).Length, 0, 0.52 * new FileInfo(path).Length);
            var (whole, rounded) = (field.Query(Box, new VoxelSize(20, 20, 20)).Data, HashField.Load(halves).Query(Box, new VoxelSize(20, 20, 20)).Data);
            Assert.InRange(whole.Zip(rounded, (a, b) => Math.Abs(a - b)).Max(), 1e-6, 0.25);

            File.WriteAllBytes(path, File.ReadAllBytes(path)[..^100]);
            Assert.Throws<BadInputException>(() => HashField.Load(path));
            Assert.Throws<BadInputException>(() => HashField.Load(Path.Combine(folder, "absent.safetensors")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Bad_input_ends_in_one_clear_line()
    {
        Assert.Contains("positive", Assert.Throws<BadInputException>(() => new FieldBounds(new Position(0, 0, 0), new Position(1, 0, 1))).Message, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => new FieldBounds(new Position(0, 0, double.NaN), new Position(1, 1, 1)));
        Assert.Throws<BadInputException>(() => New(Box, scale: 0));
        Assert.Contains("log2TableSize", Assert.Throws<BadInputException>(() => HashField.RequireMemory(new HashGrid(Small.Grid), 100_000)).Message, StringComparison.Ordinal);
        var field = New(Box);
        Assert.Throws<BadInputException>(() => field.Query(new FieldBounds(new Position(0, 0, 0), new Position(10, 10, 10)), new VoxelSize(1, 1, 1)));
        Assert.Throws<ArgumentException>(() => field.Step([default], [1, 2], []));
        Assert.Throws<OperationCanceledException>(() => field.Query(Box, new VoxelSize(10, 10, 10), new CancellationToken(canceled: true)));
    }

    [Fact]
    public void A_batch_with_nan_is_refused_and_leaves_the_field_as_it_was()
    {
        var field = Fitted(Box, 5);
        var before = field.Query(Box, new VoxelSize(20, 20, 20));
        Assert.Throws<BadInputException>(() => field.Step([Box.Lower, Box.Upper], [1, float.NaN], []));
        Assert.Equal(before.Data, field.Query(Box, new VoxelSize(20, 20, 20)).Data);
    }

    private static HashField New(FieldBounds bounds, double scale = 25, IFieldKernels<float>? kernels = null) => new(Small, bounds, new VoxelSize(10, 10, 10), 128, scale, 7, kernels);

    private static HashField Fitted(FieldBounds bounds, int steps, IFieldKernels<float>? kernels = null)
    {
        var field = New(bounds, kernels: kernels);
        var random = new Random(3);
        var (positions, targets) = (new Position[2048], new float[2048]);
        for (var step = 0; step < steps; step++)
        {
            for (var i = 0; i < positions.Length; i++)
            {
                positions[i] = Anywhere(random, bounds);
                targets[i] = Truth(new Position(positions[i].Z - bounds.Lower.Z, positions[i].Y - bounds.Lower.Y, positions[i].X - bounds.Lower.X));
            }
            field.Step(positions, targets, [], 1 - step / (double)steps);
        }
        return field;
    }

    /// <summary>A position on multiples of 1/64 nm, which a shift by whole nanometres leaves exact.</summary>
    private static Position Anywhere(Random random, FieldBounds box) => new(
        box.Lower.Z + random.Next(160 * 64) / 64.0,
        box.Lower.Y + random.Next(160 * 64) / 64.0,
        box.Lower.X + random.Next(240 * 64) / 64.0);

    private static float Truth(Position p) => (float)(128 + 35 * Math.Sin(p.Z / 30) * Math.Cos(p.Y / 40) + 30 * Math.Sin(p.X / 35));
}
