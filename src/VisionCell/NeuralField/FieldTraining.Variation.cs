namespace VisionCell.NeuralField;

/// <content>
/// Total variation (Rudin, Osher, Fatemi, 1992, DOI 10.1016/0167-2789(92)90242-F) as a prior, estimated at pairs of places a voxel apart in
/// any direction: what no observation decides, as the missing wedge of a tilt series, becomes flat rather than anything.
/// </content>
public sealed partial class FieldTraining
{
    /// <summary>Differences below this share of the scale count by their square, so that the prior has a slope at 0.</summary>
    private const double FlatDifference = 1e-3;

    /// <summary>Adds the gradient of the variation.</summary>
    /// <returns>Its part of the loss.</returns>
    private double Flatten(Random random)
    {
        var (pairs, outputs) = (_configuration.VariationPairs, _field.Outputs);
        var (voxel, edge, far) = (_field.VoxelSize, _field.Bounds.LongestEdge, _field.InCube(_field.Bounds.Upper));
        var apart = Math.Min(voxel.Z, Math.Min(voxel.Y, voxel.X)) / edge;
        var (cube, numbers) = (new float[6 * pairs], new float[2 * pairs * outputs]);
        for (var p = 0; p < pairs; p++)
        {
            var direction = new Direction(random.NextDouble() - 0.5, random.NextDouble() - 0.5, random.NextDouble() - 0.5);
            direction = Direction.Sum(apart / Math.Max(1e-6, direction.Length), direction, 0, direction);
            Span<float> pair = [(float)(random.NextDouble() * far.Z), (float)(random.NextDouble() * far.Y), (float)(random.NextDouble() * far.X), 0, 0, 0];
            (pair[3], pair[4], pair[5]) = ((float)(pair[0] + direction.Z), (float)(pair[1] + direction.Y), (float)(pair[2] + direction.X));
            pair.CopyTo(cube.AsSpan(6 * p));
        }
        var (values, _) = _field.Evaluate(cube, numbers);
        var (loss, weight) = (0.0, _configuration.VariationWeight / pairs);
        for (var p = 0; p < pairs; p++)
        {
            var difference = (values[2 * p + 1] - values[2 * p]) / _field.Scale;
            var size = Math.Sqrt(difference * difference + FlatDifference * FlatDifference);
            loss += weight * size;
            var slope = weight * difference / (size * _field.Scale);
            for (var end = 0; end < 2; end++)
            {
                var i = (2 * p + end) * outputs;
                numbers[i] = (float)((end == 0 ? -slope : slope) * _field.SlopeOf(numbers[i]));
                if (outputs > 1)
                    numbers[i + 1] = 0;
            }
        }
        _field.AddGradient(cube, numbers);
        return loss;
    }
}
