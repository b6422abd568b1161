using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>Gaussian blur of a volume <c>[Z, Y, X]</c> in single precision, truncated at 4 standard deviations, half-sample symmetric borders.</summary>
internal static class GaussianBlur
{
    /// <summary>Blurs by the same length along each axis.</summary>
    /// <param name="volume"><c>[Z, Y, X]</c>.</param>
    /// <param name="sigmaNm">Standard deviation, nm; an axis whose voxels are longer than three of it is left as it is.</param>
    /// <param name="cancellation">Stops between sections.</param>
    public static float[] Of(Volume<float> volume, double sigmaNm, CancellationToken cancellation)
    {
        var (sizeZ, sizeY, sizeX) = volume.Shape;
        var plane = volume.Shape.SectionCount;
        var options = new ParallelOptions { CancellationToken = cancellation };
        var (alongZ, alongY, alongX) = (Weights(sigmaNm / volume.VoxelSize.Z), Weights(sigmaNm / volume.VoxelSize.Y), Weights(sigmaNm / volume.VoxelSize.X));
        var result = new float[volume.Data.Length];
        Parallel.For(0, sizeZ, options, () => (Section: new float[plane], Row: new float[sizeX + alongX.Length - 1]), (z, _, own) =>
        {
            var target = result.AsSpan(z * plane, plane);
            for (var k = 0; k < alongZ.Length; k++)
                TensorPrimitives.MultiplyAdd(volume.Section(GaussianKernel.Reflect(z + k - alongZ.Length / 2, sizeZ)), alongZ[k], target, target);
            Array.Clear(own.Section);
            for (var y = 0; y < sizeY; y++)
            {
                var row = own.Section.AsSpan(y * sizeX, sizeX);
                for (var k = 0; k < alongY.Length; k++)
                    TensorPrimitives.MultiplyAdd(target.Slice(GaussianKernel.Reflect(y + k - alongY.Length / 2, sizeY) * sizeX, sizeX), alongY[k], row, row);
            }
            for (var y = 0; y < sizeY; y++)
            {
                for (var x = 0; x < own.Row.Length; x++)
                    own.Row[x] = own.Section[y * sizeX + GaussianKernel.Reflect(x - alongX.Length / 2, sizeX)];
                var row = target.Slice(y * sizeX, sizeX);
                row.Clear();
                for (var k = 0; k < alongX.Length; k++)
                    TensorPrimitives.MultiplyAdd(own.Row.AsSpan(k, sizeX), alongX[k], row, row);
            }
            return own;
        }, _ => { });
        return result;
    }

    private static float[] Weights(double sigma) => sigma < 1 / 3.0 ? [1] : [.. GaussianKernel.Create(sigma, (int)(4 * sigma + 0.5)).Select(w => (float)w)];
}
