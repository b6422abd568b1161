namespace VisionCell.NeuralField;

/// <content>A volume as target: values at places anywhere between its voxels, so that the field is smooth there as well.</content>
public sealed partial class FieldTraining
{
    private readonly FieldTarget? _target;
    private readonly float[]? _targetWeights;

    /// <summary>Adds the gradient of the mean square distance from the target.</summary>
    /// <returns>Its part of the loss.</returns>
    private double Follow(Random random)
    {
        var (volume, count) = (_target!.Values, _configuration.TargetSamples);
        var (shape, origin) = (volume.Shape, _field.InCube(volume.Origin));
        var edge = _field.Bounds.LongestEdge;
        var (dz, dy, dx) = (volume.VoxelSize.Z / edge, volume.VoxelSize.Y / edge, volume.VoxelSize.X / edge);
        var (cube, voxels, values, weights) = (new float[3 * count], new float[3 * count], new float[count], new float[count]);
        for (var i = 0; i < count; i++)
        {
            var voxel = random.NextInt64(shape.Count);
            var (z, y, x) = ((double)(voxel / shape.SectionCount), (double)(voxel / shape.X % shape.Y), (double)(voxel % shape.X));
            weights[i] = (float)(_configuration.TargetWeight * _targetWeights![voxel]);
            if (i % 4 == 0)
            {
                z = Math.Clamp(z + random.NextDouble() - 0.5, 0, shape.Z - 1);
                y = Math.Clamp(y + random.NextDouble() - 0.5, 0, shape.Y - 1);
                x = Math.Clamp(x + random.NextDouble() - 0.5, 0, shape.X - 1);
            }
            (voxels[3 * i], voxels[3 * i + 1], voxels[3 * i + 2]) = ((float)z, (float)y, (float)x);
            (cube[3 * i], cube[3 * i + 1], cube[3 * i + 2]) = ((float)(origin.Z + z * dz), (float)(origin.Y + y * dy), (float)(origin.X + x * dx));
        }
        _field.Backend.Sample(shape, volume.Data, voxels, values);
        return _field.AddDistance(cube, values, weights);
    }
}
