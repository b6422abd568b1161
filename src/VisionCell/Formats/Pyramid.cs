using System.Numerics;
using System.Numerics.Tensors;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// Coarser levels of a volume by means of 2 voxels along each axis that is halved; at an odd end the mean is over what is
/// there. Finer axes are halved first, until voxels are near isotropic, then all.
/// </summary>
public static class Pyramid
{
    // An axis is halved with the finest one where its voxel is at most this much longer: halving then brings them no further apart.
    private static readonly double _nearIsotropic = Math.Sqrt(2) * (1 + 1e-9);

    /// <summary>Shape-wise halving factors (1 or 2 along z, y, x) of the level that follows a level of this shape and voxel size.</summary>
    public static Shape3 NextFactors(Shape3 shape, VoxelSize size)
    {
        var finest = Math.Min(
            shape.Z > 1 ? size.Z : double.PositiveInfinity,
            Math.Min(shape.Y > 1 ? size.Y : double.PositiveInfinity, shape.X > 1 ? size.X : double.PositiveInfinity));
        return new Shape3(Factor(shape.Z, size.Z), Factor(shape.Y, size.Y), Factor(shape.X, size.X));

        int Factor(int n, double edge) => n > 1 && edge <= finest * _nearIsotropic ? 2 : 1;
    }

    /// <summary>
    /// Means over blocks of <paramref name="factors"/> voxels, in the same voxel type (integers rounded half to even), with
    /// voxel size and origin moved along.
    /// </summary>
    public static Volume Halve(Volume volume, Shape3 factors, CancellationToken cancellationToken = default) => volume switch
    {
        Volume<byte> v => Halve(v, factors, Rounding.ToBytes, cancellationToken),
        Volume<ushort> v => Halve(v, factors, Rounding.ToUInt16, cancellationToken),
        Volume<float> v => Halve(v, factors, (means, row) => means.CopyTo(row), cancellationToken),
        _ => throw new NotSupportedException(volume.GetType().Name),
    };

    private static Volume<T> Halve<T>(Volume<T> volume, Shape3 f, Volume<float>.SectionFunction<T> round, CancellationToken cancellationToken)
        where T : unmanaged, INumber<T>
    {
        var (shape, size, origin) = (volume.Shape, volume.VoxelSize, volume.Origin);
        var result = new Volume<T>(
            Halved(shape, f),
            new VoxelSize(size.Z * f.Z, size.Y * f.Y, size.X * f.X),
            Origin(origin, size, f),
            volume.Provenance);
        Parallel.For(0, result.Shape.Z, new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount }, z =>
        {
            var (sums, row) = (new float[shape.X], new float[shape.X]);
            var means = f.X == 1 ? sums : new float[result.Shape.X];
            var depth = Math.Min(f.Z, shape.Z - z * f.Z);
            for (var y = 0; y < result.Shape.Y; y++)
            {
                Array.Clear(sums);
                var height = Math.Min(f.Y, shape.Y - y * f.Y);
                for (var dz = 0; dz < depth; dz++)
                {
                    for (var dy = 0; dy < height; dy++)
                    {
                        // Sums of 8 values of 16 bits stay below 2^24, so single precision adds integers exactly.
                        TensorPrimitives.ConvertTruncating<T, float>(volume.Data.AsSpan(volume.Index(z * f.Z + dz, y * f.Y + dy, 0), shape.X), row);
                        TensorPrimitives.Add(sums, row, sums);
                    }
                }
                var whole = shape.X / f.X;
                for (var x = 0; f.X == 2 && x < whole; x++)
                    means[x] = sums[2 * x] + sums[2 * x + 1];
                TensorPrimitives.Divide(means.AsSpan(0, whole), depth * height * f.X, means.AsSpan(0, whole));
                if (whole < means.Length)
                    means[whole] = sums[^1] / (depth * height);
                round(means, result.Data.AsSpan(result.Index(z, y, 0), means.Length));
            }
        });
        return result;
    }

    /// <summary>Centre of the first voxel of the level that follows, nm.</summary>
    internal static Position Origin(Position origin, VoxelSize size, Shape3 factors) =>
        new(origin.Z + (factors.Z - 1) * size.Z / 2, origin.Y + (factors.Y - 1) * size.Y / 2, origin.X + (factors.X - 1) * size.X / 2);

    /// <summary>Shape of the level that follows.</summary>
    internal static Shape3 Halved(Shape3 shape, Shape3 factors) =>
        new((shape.Z + factors.Z - 1) / factors.Z, (shape.Y + factors.Y - 1) / factors.Y, (shape.X + factors.X - 1) / factors.X);
}
