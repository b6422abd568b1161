using static TorchSharp.torch;

namespace VisionCell.Diffusion;

/// <summary>
/// The rows of a gap as standing waves along z: the orthonormal discrete sine transform (type I), whose modes vanish at the two
/// sections about the gap, where nothing is unknown. Orthonormal, so that white noise on rows is white noise on modes, and a mode means
/// the same whatever the number of rows: so one network serves gaps of every width.
/// </summary>
internal static class SineModes
{
    /// <summary>The transform, <c>[modes, rows]</c>: the first min(rows, most) modes; its transpose leads back.</summary>
    /// <param name="rows">Rows of the gap.</param>
    /// <param name="most">Largest number of modes.</param>
    public static float[,] Matrix(int rows, int most)
    {
        var matrix = new float[Math.Min(rows, most), rows];
        for (var k = 0; k < matrix.GetLength(0); k++)
        {
            for (var t = 0; t < rows; t++)
                matrix[k, t] = (float)(Math.Sqrt(2.0 / (rows + 1)) * Math.Sin(Math.PI * (k + 1) * (t + 1) / (rows + 1)));
        }
        return matrix;
    }

    /// <summary>Rows <c>[N, T, Y, X]</c> to modes <c>[N, K, Y, X]</c>, fp32.</summary>
    public static Tensor Of(Tensor rows, int most) => Apply(rows, tensor(Matrix((int)rows.shape[1], most)).to(rows.device));

    /// <summary>Modes <c>[N, K, Y, X]</c> to rows <c>[N, T, Y, X]</c>, fp32.</summary>
    public static Tensor Rows(Tensor modes, int rows) => Apply(modes, tensor(Matrix(rows, (int)modes.shape[1])).t().to(modes.device));

    private static Tensor Apply(Tensor x, Tensor matrix) =>
        matrix.matmul(x.reshape(x.shape[0], x.shape[1], -1)).reshape(x.shape[0], matrix.shape[0], x.shape[2], x.shape[3]);
}
