using VisionCell.Augmentation;
using VisionCell.Volumes;

namespace VisionCell.Tests.Augmentation;

internal static class AugmentationFixture
{
    public static readonly VoxelSize Isotropic = new(10, 10, 10);
    public static readonly VoxelSize Anisotropic = new(40, 8, 8);

    /// <summary>A real crop, its labels three grey classes; of odd and unequal edges.</summary>
    public static TrainingSample Real(VoxelSize? size = null)
    {
        var crop = Sample.Medulla(new Box(20, 40, 50, new Shape3(11, 19, 23)));
        var image = new Volume<float>(crop.Data, crop.Shape, size ?? Isotropic, default, crop.Provenance);
        return TrainingSample.Of(image, image.Map(v => (ushort)(v < 90 ? 7 : v < 150 ? 300 : 65_000)), new GreyRange(0, 255));
    }

    /// <summary>Grey levels and labels are both the voxel's number along one axis, so that each tells where its voxel came from.</summary>
    public static TrainingSample Ramp(int axis, Shape3 shape, VoxelSize size)
    {
        var image = new Volume<float>(shape, size, default, Provenance.Of("ramp"));
        for (var z = 0; z < shape.Z; z++)
        {
            for (var y = 0; y < shape.Y; y++)
            {
                for (var x = 0; x < shape.X; x++)
                    image[z, y, x] = axis switch { 0 => z, 1 => y, _ => x };
            }
        }
        return TrainingSample.Of(image, image.Map(v => (ushort)v), new GreyRange(0, 255));
    }

    /// <summary>A geometric augmentation that always takes the same step.</summary>
    public sealed record Fixed(SpatialStep Step) : GeometricAugmentation
    {
        public override SpatialStep Draw(CounterRandom random, Shape3 patch, VoxelSize size) => Step;

        public override VisionCell.Augmentation.Augmentation AtStrength(double share) => this;
    }
}
