using VisionCell.Kernels;
using VisionCell.Kernels.Reference;
using VisionCell.Volumes;

namespace VisionCell.Tests.Kernels;

/// <summary>
/// What every backend has to do, at sizes that fit no vector, tile or block: agree with the double-precision reference, give the same
/// bits for the same arguments, not depend on the order of samples, and refuse lengths that do not fit. Positions reach outside the cube.
/// </summary>
public abstract partial class FieldKernelsSuite
{
    private const double Rounding = 2e-5;

    /// <summary>
    /// A gradient through ReLU jumps where a unit is zero, and units near zero fall on either side by rounding; a few of 10^5 do. The
    /// test on dyadic numbers, which round nowhere, holds the formulas to the last bit.
    /// </summary>
    private protected virtual double RectifierRounding => 2e-2;

    private static readonly ReferenceKernels Reference = new ReferenceKernels();

    /// <summary>Relative error that the number format of the perceptron's operands allows.</summary>
    private protected virtual double PerceptronRounding => Rounding;

    /// <summary>Samples of a batch that all threads of a backend share.</summary>
    private protected virtual int Batch => 5000;

    /// <summary>Whether sums over samples have an order, so that the same arguments give the same bits.</summary>
    private protected virtual bool AddsInOrder => true;

    private protected abstract IFieldKernels<float> Kernels();

    public static TheoryData<int, int, int, int> Grids() => new()
    {
        // levels, features, log2 of the table, samples
        { 8, 4, 10, 1 },
        { 8, 4, 14, 129 },
        { 4, 4, 8, 333 },
        { 8, 2, 9, 1003 },
        { 16, 2, 15, 127 },
        { 16, 2, 12, 300 },
    };

    [Theory]
    [MemberData(nameof(Grids))]
    public void Encoding_and_its_gradients_are_those_of_the_reference(int levels, int features, int log2, int samples)
    {
        var kernels = Kernels();
        var (grid, positions, random) = Setting(levels, features, log2, samples);
        var table = Numbers(random, grid.ParameterCount, 1);
        var result = new float[samples * grid.Channels];
        var expected = new double[result.Length];
        kernels.Encode(grid, table, positions, result);
        Reference.Encode(grid, Double(table), Double(positions), expected);
        AssertClose(expected, result, Rounding);

        var down = Numbers(random, result.Length, 1);
        var tableGradient = Numbers(random, table.Length, 0.5f);
        var expectedTable = Double(tableGradient);
        kernels.EncodeBackward(grid, positions, down, tableGradient);
        Reference.EncodeBackward(grid, Double(positions), Double(down), expectedTable);
        AssertClose(expectedTable, tableGradient, Rounding);

        var positionGradient = Numbers(random, positions.Length, 1);
        var expectedPosition = new double[positions.Length];
        kernels.EncodePositionGradient(grid, table, positions, down, positionGradient);
        Reference.EncodePositionGradient(grid, Double(table), Double(positions), Double(down), expectedPosition);
        AssertClose(expectedPosition, positionGradient, Rounding);
    }

    [Theory]
    [InlineData(16, 16, 1, 1)]
    [InlineData(32, 64, 1, 257)]
    [InlineData(32, 64, 4, 130)]
    [InlineData(48, 80, 3, 67)]
    [InlineData(64, 128, 16, 33)]
    public void The_perceptron_and_its_gradients_are_those_of_the_reference(int inputs, int hidden, int outputs, int samples)
    {
        var kernels = Kernels();
        var perceptron = new Perceptron(inputs, hidden, outputs);
        var random = new Random(samples);
        var weights = Numbers(random, perceptron.ParameterCount, 0.3f);
        var rows = Numbers(random, samples * inputs, 1);
        var result = new float[samples * outputs];
        var expected = new double[result.Length];
        kernels.PerceptronForward(perceptron, weights, rows, result);
        Reference.PerceptronForward(perceptron, Double(weights), Double(rows), expected);
        AssertClose(expected, result, PerceptronRounding);

        var down = Numbers(random, result.Length, 1);
        var (weightGradient, inputGradient) = (Numbers(random, weights.Length, 0.1f), Numbers(random, rows.Length, 1));
        var (expectedWeights, expectedInputs) = (Double(weightGradient), new double[rows.Length]);
        kernels.PerceptronBackward(perceptron, weights, rows, down, weightGradient, inputGradient);
        Reference.PerceptronBackward(perceptron, Double(weights), Double(rows), Double(down), expectedWeights, expectedInputs);
        AssertClose(expectedWeights, weightGradient, RectifierRounding);
        AssertClose(expectedInputs, inputGradient, RectifierRounding);
    }

    [Theory]
    [InlineData(16, 16, 1, 5)]
    [InlineData(32, 64, 1, 131)]
    [InlineData(48, 80, 3, 18)]
    public void On_numbers_that_round_nowhere_the_perceptron_is_exact(int inputs, int hidden, int outputs, int samples)
    {
        var kernels = Kernels();
        var perceptron = new Perceptron(inputs, hidden, outputs);
        var random = new Random(3);
        // Small integers, sparse enough that every partial sum is an integer below 2^11: exact even as a half.
        float[] Integers(int count, int most, int oneIn) => [.. Enumerable.Range(0, count).Select(_ => random.Next(oneIn) == 0 ? random.Next(-most, most + 1) : 0f)];
        var weights = Integers(perceptron.ParameterCount, 1, 3);
        var rows = Integers(samples * inputs, 2, 2);
        var down = Integers(samples * outputs, 1, 1);
        var (result, expected) = (new float[samples * outputs], new double[samples * outputs]);
        kernels.PerceptronForward(perceptron, weights, rows, result);
        Reference.PerceptronForward(perceptron, Double(weights), Double(rows), expected);
        Assert.Equal(expected, Double(result));

        var (weightGradient, inputGradient) = (new float[weights.Length], new float[rows.Length]);
        var (expectedWeights, expectedInputs) = (new double[weights.Length], new double[rows.Length]);
        kernels.PerceptronBackward(perceptron, weights, rows, down, weightGradient, inputGradient);
        Reference.PerceptronBackward(perceptron, Double(weights), Double(rows), Double(down), expectedWeights, expectedInputs);
        Assert.Equal(expectedWeights, Double(weightGradient));
        Assert.Equal(expectedInputs, Double(inputGradient));
    }

    [Theory]
    [MemberData(nameof(Grids))]
    public void The_field_in_one_is_encoding_and_perceptron_apart(int levels, int features, int log2, int samples)
    {
        var kernels = Kernels();
        var (grid, positions, random) = Setting(levels, features, log2, samples);
        var perceptron = new Perceptron(grid.Channels, 64, 3);
        var (table, weights) = (Numbers(random, grid.ParameterCount, 1), Numbers(random, perceptron.ParameterCount, 0.3f));
        var features1 = new float[samples * grid.Channels];
        var (outputs, together) = (new float[3 * samples], new float[3 * samples]);
        kernels.Encode(grid, table, positions, features1);
        kernels.PerceptronForward(perceptron, weights, features1, outputs);
        kernels.FieldForward(grid, perceptron, table, weights, positions, together);
        Assert.Equal(outputs, together);

        var down = Numbers(random, 3 * samples, 1);
        var featureGradient = new float[features1.Length];
        var (tableGradient, tableTogether) = (new float[table.Length], new float[table.Length]);
        var (weightGradient, weightTogether) = (new float[weights.Length], new float[weights.Length]);
        kernels.PerceptronBackward(perceptron, weights, features1, down, weightGradient, featureGradient);
        kernels.EncodeBackward(grid, positions, featureGradient, tableGradient);
        kernels.FieldBackward(grid, perceptron, table, weights, positions, down, tableTogether, weightTogether);
        AssertSameSums(weightGradient, weightTogether);
        AssertSameSums(tableGradient, tableTogether);
    }

    [Theory]
    [InlineData(false, 4, 4)]
    [InlineData(true, 4, 4)]
    [InlineData(true, 8, 2)]
    public void The_loss_and_its_gradient_are_those_of_the_reference(bool weighted, int levels, int features)
    {
        var kernels = Kernels();
        const int samples = 301;
        var (grid, positions, random) = Setting(levels, features, 9, samples);
        var perceptron = new Perceptron(grid.Channels, 32, 2);
        var (table, weights) = (Numbers(random, grid.ParameterCount, 1), Numbers(random, perceptron.ParameterCount, 0.3f));
        var targets = Numbers(random, 2 * samples, 1);
        float[] sampleWeights = weighted ? [.. Numbers(random, samples, 1).Select(MathF.Abs)] : [];
        var (tableGradient, weightGradient) = (new float[table.Length], new float[weights.Length]);
        var (expectedTable, expectedWeights) = (new double[table.Length], new double[weights.Length]);
        var loss = kernels.FieldLoss(grid, perceptron, table, weights, positions, targets, sampleWeights, tableGradient, weightGradient);
        var expected = Reference.FieldLoss(grid, perceptron, Double(table), Double(weights), Double(positions), Double(targets), Double(sampleWeights), expectedTable, expectedWeights);
        Assert.Equal(expected, loss, expected * 10 * PerceptronRounding);
        AssertClose(expectedTable, tableGradient, RectifierRounding);
        AssertClose(expectedWeights, weightGradient, RectifierRounding);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(20011)]
    public void Adam_is_that_of_the_reference_and_clears_the_gradient(int count)
    {
        var kernels = Kernels();
        var random = new Random(count);
        float[] parameters = Numbers(random, count, 1), first = new float[count], second = new float[count];
        double[] expected = Double(parameters), expectedFirst = new double[count], expectedSecond = new double[count];
        for (var step = 1; step <= 4; step++)
        {
            var gradient = Numbers(random, count, 1);
            var expectedGradient = Double(gradient);
            var update = new AdamStep(step, 1e-2);
            kernels.Adam(update, parameters, gradient, first, second);
            Reference.Adam(update, expected, expectedGradient, expectedFirst, expectedSecond);
            Assert.All(gradient, g => Assert.Equal(0, g));
        }
        AssertClose(expected, parameters, 1e-6);
        AssertClose(expectedFirst, first, 1e-6);
        AssertClose(expectedSecond, second, 1e-6);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 7, 3)]
    [InlineData(5, 9, 13)]
    public void Sampling_and_warping_are_those_of_the_reference(int z, int y, int x)
    {
        var kernels = Kernels();
        var shape = new Shape3(z, y, x);
        var random = new Random(5);
        var volume = Numbers(random, (int)shape.Count, 1);
        var positions = Numbers(random, 3 * 211, 20);
        var (values, expected) = (new float[211], new double[211]);
        kernels.Sample(shape, volume, positions, values);
        Reference.Sample(shape, Double(volume), Double(positions), expected);
        AssertClose(expected, values, Rounding);

        var displacement = Numbers(random, 3 * volume.Length, 3);
        var (warped, expectedWarped) = (new float[volume.Length], new double[volume.Length]);
        kernels.Warp(shape, volume, displacement, warped);
        Reference.Warp(shape, Double(volume), Double(displacement), expectedWarped);
        AssertClose(expectedWarped, warped, Rounding);

        Array.Clear(displacement);
        kernels.Warp(shape, volume, displacement, warped);
        Assert.Equal(volume, warped);
    }

    [Fact]
    public void A_permutation_of_the_samples_permutes_the_field_and_leaves_its_gradient()
    {
        var kernels = Kernels();
        const int samples = 413;
        var (grid, positions, random) = Setting(4, 4, 9, samples);
        var perceptron = new Perceptron(grid.Channels, 32, 1);
        var (table, weights, down) = (Numbers(random, grid.ParameterCount, 1), Numbers(random, perceptron.ParameterCount, 0.3f), Numbers(random, samples, 1));
        var order = Enumerable.Range(0, samples).ToArray();
        random.Shuffle(order);
        float[] shuffled = [.. order.SelectMany(i => positions.Skip(3 * i).Take(3))], shuffledDown = [.. order.Select(i => down[i])];

        var (outputs, shuffledOutputs) = (new float[samples], new float[samples]);
        kernels.FieldForward(grid, perceptron, table, weights, positions, outputs);
        kernels.FieldForward(grid, perceptron, table, weights, shuffled, shuffledOutputs);
        Assert.Equal(order.Select(i => outputs[i]), shuffledOutputs);

        var (tableGradient, shuffledTable) = (new float[table.Length], new float[table.Length]);
        var (weightGradient, shuffledWeights) = (new float[weights.Length], new float[weights.Length]);
        kernels.FieldBackward(grid, perceptron, table, weights, positions, down, tableGradient, weightGradient);
        kernels.FieldBackward(grid, perceptron, table, weights, shuffled, shuffledDown, shuffledTable, shuffledWeights);
        AssertClose(Double(tableGradient), shuffledTable, PerceptronRounding);
        AssertClose(Double(weightGradient), shuffledWeights, PerceptronRounding);
    }

    [Fact]
    public void The_same_arguments_give_the_same_bits()
    {
        Assert.SkipUnless(AddsInOrder, "sums over samples are atomic here: their last bits differ from run to run");
        var (first, second) = (GradientBits(Kernels(), Batch), GradientBits(Kernels(), Batch));
        Assert.Equal(first, second);
    }

    [Fact]
    public void Positions_outside_count_as_on_the_face_and_nan_as_zero()
    {
        var kernels = Kernels();
        var grid = new HashGrid(new HashGridConfiguration { Levels = 4, Log2TableSize = 8 });
        var table = Numbers(new Random(2), grid.ParameterCount, 1);
        float[] outside = [-5, 0.5f, float.PositiveInfinity, float.NaN, 2, float.NegativeInfinity];
        float[] face = [0, 0.5f, 1, 0, 1, 0];
        var (a, b) = (new float[2 * grid.Channels], new float[2 * grid.Channels]);
        kernels.Encode(grid, table, outside, a);
        kernels.Encode(grid, table, face, b);
        Assert.Equal(b, a);
        float[] volume = [1, 2, 3, 4, 5, 6, 7, 8];
        var values = new float[2];
        kernels.Sample(new Shape3(2, 2, 2), volume, [float.NaN, 9, -3, float.PositiveInfinity, float.NegativeInfinity, 0.5f], values);
        Assert.Equal([3, 5.5f], values);
    }

    [Fact]
    public void Lengths_that_do_not_fit_are_refused()
    {
        var kernels = Kernels();
        var grid = new HashGrid(new HashGridConfiguration { Levels = 4, Log2TableSize = 8 });
        var perceptron = new Perceptron(16, 16, 1);
        var (table, weights) = (new float[grid.ParameterCount], new float[perceptron.ParameterCount]);
        Assert.Throws<ArgumentException>("table", () => kernels.Encode(grid, table.AsSpan(1), new float[3], new float[16]));
        Assert.Throws<ArgumentException>("positions", () => kernels.Encode(grid, table, new float[4], new float[16]));
        Assert.Throws<ArgumentException>("features", () => kernels.Encode(grid, table, new float[3], new float[15]));
        Assert.Throws<ArgumentException>("outputs", () => kernels.PerceptronForward(perceptron, weights, new float[16], new float[2]));
        Assert.Throws<ArgumentException>("weights", () => kernels.PerceptronForward(perceptron, weights.AsSpan(1), new float[16], new float[1]));
        Assert.Throws<ArgumentException>("perceptron", () => kernels.FieldForward(grid, new Perceptron(32), table, new float[new Perceptron(32).ParameterCount], new float[3], new float[1]));
        Assert.Throws<ArgumentException>("first", () => kernels.Adam(new AdamStep(1, 1), new float[4], new float[4], new float[3], new float[4]));
        Assert.Throws<ArgumentException>("volume", () => kernels.Sample(new Shape3(0, 2, 2), [], [], []));
        Assert.Throws<BadInputException>(() => kernels.Adam(new AdamStep(0, 1), new float[4], new float[4], new float[4], new float[4]));
    }

    [Fact]
    public void Nothing_to_do_does_nothing()
    {
        var kernels = Kernels();
        var grid = new HashGrid(new HashGridConfiguration { Levels = 4, Log2TableSize = 8 });
        var table = new float[grid.ParameterCount];
        kernels.Encode(grid, table, [], []);
        kernels.EncodeBackward(grid, [], [], table);
        kernels.Adam(new AdamStep(1, 1), [], [], [], []);
        Assert.All(table, t => Assert.Equal(0, t));
    }

    /// <summary>Gradients of a batch, as bits.</summary>
    private protected static int[] GradientBits(IFieldKernels<float> kernels, int samples)
    {
        var (grid, positions, random) = Setting(8, 4, 10, samples);
        var perceptron = new Perceptron(grid.Channels, 64, 1);
        var (table, weights, targets) = (Numbers(random, grid.ParameterCount, 1), Numbers(random, perceptron.ParameterCount, 0.3f), Numbers(random, samples, 1));
        var (tableGradient, weightGradient) = (new float[table.Length], new float[weights.Length]);
        var loss = kernels.FieldLoss(grid, perceptron, table, weights, positions, targets, [], tableGradient, weightGradient);
        return [BitConverter.SingleToInt32Bits((float)loss), .. tableGradient.Concat(weightGradient).Select(BitConverter.SingleToInt32Bits)];
    }

    private protected static (HashGrid Grid, float[] Positions, Random Random) Setting(int levels, int features, int log2, int samples)
    {
        var grid = new HashGrid(new HashGridConfiguration { Levels = levels, Features = features, Log2TableSize = log2, CoarsestResolution = 5, FinestResolution = 200 });
        var random = new Random(samples);
        return (grid, [.. Numbers(random, 3 * samples, 0.55f).Select(p => p + 0.5f)], random);
    }

    private protected static float[] Numbers(Random random, int count, float size)
    {
        var numbers = new float[count];
        for (var i = 0; i < count; i++)
            numbers[i] = (random.NextSingle() * 2 - 1) * size;
        return numbers;
    }

    private protected static double[] Double(float[] numbers) => Array.ConvertAll(numbers, n => (double)n);

    private void AssertSameSums(float[] expected, float[] actual)
    {
        if (AddsInOrder)
            Assert.Equal(expected, actual);
        else
            AssertClose(Double(expected), actual, 1e-5);
    }

    private protected static void AssertClose(double[] expected, float[] actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        var (error, size) = (0.0, 0.0);
        for (var i = 0; i < expected.Length; i++)
        {
            error += (expected[i] - actual[i]) * (expected[i] - actual[i]);
            size += expected[i] * expected[i];
        }
        Assert.True(Math.Sqrt(error) <= tolerance * Math.Sqrt(size), $"relative error {Math.Sqrt(error / size):E2}, allowed {tolerance:E2}");
    }
}
