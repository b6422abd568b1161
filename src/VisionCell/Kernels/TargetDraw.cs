using VisionCell.Volumes;

namespace VisionCell.Kernels;

/// <summary>
/// Draws voxels of a volume at random, each fourth anywhere about its centre so that a field is told what lies between voxels as well; the same
/// places on every backend.
/// </summary>
/// <param name="Shape">Of the volume.</param>
/// <param name="Origin">Centre of its first voxel, in units of the cube.</param>
/// <param name="Voxel">Its voxels, in units of the cube.</param>
/// <param name="Offset">Value that counts as 0.</param>
/// <param name="Scale">Difference that counts as 1.</param>
/// <param name="Weight">Factor of the voxels' weights.</param>
/// <param name="Seed">Decides the places.</param>
internal readonly record struct TargetDraw(Shape3 Shape, Position Origin, Position Voxel, double Offset, double Scale, double Weight, uint Seed)
{
    /// <summary>Draws on the host.</summary>
    /// <param name="kernels">Samples the volume; best those of a processor, which it then stays with.</param>
    /// <param name="volume"><c>[Z, Y, X]</c>.</param>
    /// <param name="voxelWeights">Of the same length.</param>
    /// <param name="positions">Result, in units of the cube, <c>[N, 3]</c>.</param>
    /// <param name="targets">Result, in units of the scale, <c>[N]</c>.</param>
    /// <param name="weights">Result, <c>[N]</c>.</param>
    public void Run(IFieldKernels<float> kernels, ReadOnlySpan<float> volume, ReadOnlySpan<float> voxelWeights, Span<float> positions, Span<float> targets, Span<float> weights)
    {
        var places = new float[positions.Length];
        Span<int> edges = [Shape.Z, Shape.Y, Shape.X];
        Span<float> origin = [(float)Origin.Z, (float)Origin.Y, (float)Origin.X], voxel = [(float)Voxel.Z, (float)Voxel.Y, (float)Voxel.X];
        for (var i = 0; i < targets.Length; i++)
        {
            var index = 0L;
            for (var axis = 0; axis < 3; axis++)
            {
                var chosen = MathF.Floor(RayMarch.Place(Seed, (uint)i, (uint)axis) * edges[axis]);
                index = index * edges[axis] + (long)chosen;
                var aside = i % 4 == 0 ? RayMarch.Place(Seed, (uint)i, (uint)(3 + axis)) - 0.5f : 0;
                var place = Math.Clamp(chosen + aside, 0, edges[axis] - 1);
                places[3 * i + axis] = place;
                positions[3 * i + axis] = MathF.FusedMultiplyAdd(place, voxel[axis], origin[axis]);
            }
            weights[i] = (float)Weight * voxelWeights[(int)index];
        }
        kernels.Sample(Shape, volume, places, targets);
        foreach (ref var target in targets)
            target = (target - (float)Offset) / (float)Scale;
    }
}

/// <summary>A draw in single precision: the struct <c>Draw</c> of training.cu.</summary>
internal struct TargetParameters(TargetDraw draw)
{
    public uint ShapeZ = (uint)draw.Shape.Z;
    public uint ShapeY = (uint)draw.Shape.Y;
    public uint ShapeX = (uint)draw.Shape.X;
    public float OriginZ = (float)draw.Origin.Z;
    public float OriginY = (float)draw.Origin.Y;
    public float OriginX = (float)draw.Origin.X;
    public float VoxelZ = (float)draw.Voxel.Z;
    public float VoxelY = (float)draw.Voxel.Y;
    public float VoxelX = (float)draw.Voxel.X;
    public float Offset = (float)draw.Offset;
    public float Scale = (float)draw.Scale;
    public float Weight = (float)draw.Weight;
    public uint Seed = draw.Seed;
}
