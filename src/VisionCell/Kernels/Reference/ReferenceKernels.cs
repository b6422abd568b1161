using VisionCell.Volumes;

namespace VisionCell.Kernels.Reference;

/// <summary>
/// Every kernel once more in double precision, sample by sample, written as the formulas stand: what the fast backends are held
/// against. One file an algorithm.
/// </summary>
internal sealed partial class ReferenceKernels : IFieldKernels<double>
{
    /// <inheritdoc/>
    public string Name => "reference";

    /// <inheritdoc/>
    public void FieldForward(HashGrid grid, Perceptron perceptron, ReadOnlySpan<double> table, ReadOnlySpan<double> weights, ReadOnlySpan<double> positions, Span<double> outputs)
    {
        Lengths.Require(grid, perceptron);
        var features = new double[Lengths.Rows(positions.Length, 3, nameof(positions)) * grid.Channels];
        Encode(grid, table, positions, features);
        PerceptronForward(perceptron, weights, features, outputs);
    }

    /// <inheritdoc/>
    public void FieldBackward(HashGrid grid, Perceptron perceptron, ReadOnlySpan<double> table, ReadOnlySpan<double> weights, ReadOnlySpan<double> positions, ReadOnlySpan<double> outputGradient, Span<double> tableGradient, Span<double> weightGradient)
    {
        Lengths.Require(grid, perceptron);
        var features = new double[Lengths.Rows(positions.Length, 3, nameof(positions)) * grid.Channels];
        var featureGradient = new double[features.Length];
        Encode(grid, table, positions, features);
        PerceptronBackward(perceptron, weights, features, outputGradient, weightGradient, featureGradient);
        EncodeBackward(grid, positions, featureGradient, tableGradient);
    }

    /// <inheritdoc/>
    public double FieldLoss(HashGrid grid, Perceptron perceptron, ReadOnlySpan<double> table, ReadOnlySpan<double> weights, ReadOnlySpan<double> positions, ReadOnlySpan<double> targets, ReadOnlySpan<double> sampleWeights, Span<double> tableGradient, Span<double> weightGradient)
    {
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(targets.Length, (long)samples * perceptron.Outputs, nameof(targets));
        if (!sampleWeights.IsEmpty)
            Lengths.Require(sampleWeights.Length, samples, nameof(sampleWeights));
        var outputs = new double[targets.Length];
        FieldForward(grid, perceptron, table, weights, positions, outputs);
        var loss = 0.0;
        for (var i = 0; i < outputs.Length; i++)
        {
            var weight = sampleWeights.IsEmpty ? 1 : sampleWeights[i / perceptron.Outputs];
            var difference = outputs[i] - targets[i];
            loss += weight * difference * difference / samples;
            outputs[i] = 2 * weight * difference / samples;
        }
        FieldBackward(grid, perceptron, table, weights, positions, outputs, tableGradient, weightGradient);
        return loss;
    }

    /// <inheritdoc/>
    public void Adam(AdamStep update, Span<double> parameters, Span<double> gradient, Span<double> first, Span<double> second)
    {
        update.Validated();
        Lengths.Require(gradient.Length, parameters.Length, nameof(gradient));
        Lengths.Require(first.Length, parameters.Length, nameof(first));
        Lengths.Require(second.Length, parameters.Length, nameof(second));
        for (var i = 0; i < parameters.Length; i++)
        {
            first[i] = update.Beta1 * first[i] + (1 - update.Beta1) * gradient[i];
            second[i] = update.Beta2 * second[i] + (1 - update.Beta2) * gradient[i] * gradient[i];
            parameters[i] -= update.Rate * first[i] / (Math.Sqrt(second[i] * update.SecondCorrection) + update.Epsilon);
            gradient[i] = 0;
        }
    }

    /// <inheritdoc/>
    public void Sample(Shape3 shape, ReadOnlySpan<double> volume, ReadOnlySpan<double> positions, Span<double> values)
    {
        Lengths.Require(volume.Length, shape, nameof(volume));
        Lengths.Require(values.Length, Lengths.Rows(positions.Length, 3, nameof(positions)), nameof(values));
        for (var i = 0; i < values.Length; i++)
            values[i] = Trilinear(shape, volume, positions[3 * i], positions[3 * i + 1], positions[3 * i + 2]);
    }

    /// <inheritdoc/>
    public void Warp(Shape3 shape, ReadOnlySpan<double> volume, ReadOnlySpan<double> displacement, Span<double> result)
    {
        Lengths.Require(volume.Length, shape, nameof(volume));
        Lengths.Require(displacement.Length, 3 * shape.Count, nameof(displacement));
        Lengths.Require(result.Length, shape, nameof(result));
        for (var i = 0; i < result.Length; i++)
        {
            var (z, y, x) = (i / shape.SectionCount, i / shape.X % shape.Y, i % shape.X);
            result[i] = Trilinear(shape, volume, z + displacement[3 * i], y + displacement[3 * i + 1], x + displacement[3 * i + 2]);
        }
    }

    private static double Trilinear(Shape3 shape, ReadOnlySpan<double> volume, double z, double y, double x)
    {
        var (z0, z1, fz) = Neighbours(z, shape.Z);
        var (y0, y1, fy) = Neighbours(y, shape.Y);
        var (x0, x1, fx) = Neighbours(x, shape.X);
        var value = 0.0;
        for (var corner = 0; corner < 8; corner++)
        {
            var section = (corner & 4) == 0 ? z0 : z1;
            var row = (corner & 2) == 0 ? y0 : y1;
            var column = (corner & 1) == 0 ? x0 : x1;
            value += CornerWeight(corner, fz, fy, fx) * volume[(section * shape.Y + row) * shape.X + column];
        }
        return value;
    }

    private static (int Lower, int Upper, double Fraction) Neighbours(double position, int length)
    {
        var inside = double.IsNaN(position) ? 0 : Math.Clamp(position, 0, length - 1);
        var lower = (int)inside;
        return (lower, Math.Min(lower + 1, length - 1), inside - lower);
    }

    /// <summary>Share of a corner of a cell: bit 0 is the upper column, bit 1 the upper row, bit 2 the upper section.</summary>
    private static double CornerWeight(int corner, double fz, double fy, double fx) =>
        ((corner & 4) == 0 ? 1 - fz : fz) * ((corner & 2) == 0 ? 1 - fy : fy) * ((corner & 1) == 0 ? 1 - fx : fx);
}
