using VisionCell.Kernels;
using VisionCell.Kernels.Simd;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <content>A volume as target: values at and between its voxels (<see cref="TargetDraw"/>), so that the field is smooth there as well.</content>
public sealed partial class FieldTraining
{
    private readonly FieldTarget? _target;
    private readonly float[]? _targetWeights;

    // Where the field is trained elsewhere, the volume goes there once; here the processor samples it.
    private readonly IFieldKernels<float> _sampler = SimdKernels.Create();

    /// <summary>Adds the gradient of the mean square distance from the target.</summary>
    /// <returns>Its part of the loss.</returns>
    private double Follow(Random random)
    {
        var (volume, count) = (_target!.Values, _configuration.TargetSamples);
        var (origin, edge) = (_field.InCube(volume.Origin), _field.Bounds.LongestEdge);
        var voxel = new Position(volume.VoxelSize.Z / edge, volume.VoxelSize.Y / edge, volume.VoxelSize.X / edge);
        var draw = new TargetDraw(volume.Shape, origin, voxel, _field.Offset, _field.Scale, _sections is null ? _configuration.TargetWeight : 1 - SectionShare, (uint)random.Next());
        if (_field.Session is { } session && _field.IsPlain)
            return session.Follow(draw, count);
        var (cube, values, weights) = (new float[3 * count], new float[count], new float[count]);
        draw.Run(_sampler, volume.Data, _targetWeights, cube, values, weights);
        return _field.AddDistance(cube, values, weights);
    }
}
