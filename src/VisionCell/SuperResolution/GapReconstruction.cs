using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Learning;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.SuperResolution;

/// <summary>
/// Applies the gap network to every gap of a block, each also seen from its other side and turned (the network is not symmetric
/// by itself), and averages. Rows outside the centres of the first and the last section take those repeated beyond the ends.
/// </summary>
/// <param name="network">The network.</param>
/// <param name="weights">Its trained weights.</param>
/// <param name="precision">Where it runs.</param>
/// <param name="standardisation">Grey values of the stack.</param>
/// <param name="symmetries">How many of them: 2, 4 or <see cref="GapSymmetries.Most"/>.</param>
internal sealed class GapReconstruction(GapNetwork network, Weights weights, ComputePrecision precision, Standardisation standardisation, int symmetries = 4)
{
    /// <summary>
    /// Pixels on either side; past these the weights of the receptive field no longer show. A multiple of every lateral multiple, so that the
    /// network's grid lies on the same pixels in every block.
    /// </summary>
    public const int HaloPixels = 64;

    /// <summary>
    /// Fills a block, <c>[Z, Y, X]</c>, not yet projected onto the sections: rows that are themselves observed are left at zero.
    /// </summary>
    public Volume<float> Fill(SparseVolume sparse, Box block, CancellationToken cancellation)
    {
        var result = sparse.NewIsotropic(block, "superresolution");
        var shape = sparse.Observed.Shape;
        var (fromY, toY) = Window(block.Y, block.Shape.Y, shape.Y);
        var (fromX, toX) = Window(block.X, block.Shape.X, shape.X);
        var window = new Box(0, fromY, fromX, new Shape3(1, toY - fromY, toX - fromX));
        foreach (var (gap, rows, sections) in GapsOfStack.Of(sparse, block.Z, block.Shape.Z))
        {
            cancellation.ThrowIfCancellationRequested();
            var filled = Apply(GapsOfStack.Standardised(sparse.Observed, sections, window, standardisation), toY - fromY, toX - fromX, gap);
            for (var t = 0; t < rows.Length; t++)
            {
                for (var y = 0; y < block.Shape.Y; y++)
                {
                    var line = filled.AsSpan((t * (toY - fromY) + y + block.Y - fromY) * (toX - fromX) + block.X - fromX, block.Shape.X);
                    var target = result.Data.AsSpan(result.Index(rows[t] - block.Z, y, 0), block.Shape.X);
                    TensorPrimitives.Multiply(line, standardisation.Deviation, target);
                    TensorPrimitives.Add(target, standardisation.Mean, target);
                }
            }
        }
        return result;
    }

    private static (int From, int To) Window(int start, int length, int limit) =>
        (Math.Max(0, (start - HaloPixels) / HaloPixels * HaloPixels), Math.Min(limit, start + length + HaloPixels));

    /// <summary>The mean over the symmetries of a gap: sections <c>[6, Y, X]</c> to rows <c>[T, Y, X]</c>.</summary>
    private float[] Apply(float[] sections, int height, int width, Gap gap)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var x = tensor(sections, [1, Gap.Sections, height, width]).to(precision.Device);
        var mean = GapSymmetries.Mean((seen, side) => network.Forward(weights, seen, side), x, gap, symmetries);
        return [.. mean.cpu().contiguous().data<float>()];
    }
}
