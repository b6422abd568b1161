using VisionCell.Volumes;

namespace VisionCell.Tests.Meshing;

/// <summary>Volumes whose surfaces are known in closed form.</summary>
internal static class Shapes
{
    public static Volume<float> Sample(Shape3 shape, VoxelSize size, Position origin, Func<double, double, double, double> value)
    {
        var volume = new Volume<float>(shape, size, origin, Provenance.Of("test"));
        for (var z = 0; z < shape.Z; z++)
        {
            for (var y = 0; y < shape.Y; y++)
            {
                for (var x = 0; x < shape.X; x++)
                    volume[z, y, x] = (float)value(origin.X + x * size.X, origin.Y + y * size.Y, origin.Z + z * size.Z);
            }
        }
        return volume;
    }

    /// <summary>Radius minus distance from the centre: the ball is where the value is at least 0.</summary>
    public static Volume<float> Ball(double radius, VoxelSize size, Position centre, Position origin, Shape3 shape) =>
        Sample(shape, size, origin, (x, y, z) => radius - Math.Sqrt(Math.Pow(x - centre.X, 2) + Math.Pow(y - centre.Y, 2) + Math.Pow(z - centre.Z, 2)));

    /// <summary>A ball of 200 nm radius, voxels of 40 x 12 x 8 nm, the origin far from zero.</summary>
    public static Volume<float> AnisotropicBall() =>
        Ball(200, new VoxelSize(40, 12, 8), new Position(5300, 7300, 9300), new Position(5020, 7060, 9064), new Shape3(15, 41, 60));

    public static Volume<float> Torus(int count = 40) =>
        Sample(new Shape3(count, count, count), new VoxelSize(10, 10, 10), default, (x, y, z) =>
        {
            var middle = (count - 1) * 5.0;
            var ring = Math.Sqrt(Math.Pow(x - middle, 2) + Math.Pow(y - middle, 2)) - 110;
            return 45 - Math.Sqrt(ring * ring + Math.Pow(z - middle, 2));
        });

    public static Volume<float> Noise(int seed, Shape3 shape, Func<Random, float> next)
    {
        var random = new Random(seed);
        var data = new float[shape.Count];
        for (var i = 0; i < data.Length; i++)
            data[i] = next(random);
        return new Volume<float>(data, shape, new VoxelSize(30, 10, 10), default, Provenance.Of("noise"));
    }
}
