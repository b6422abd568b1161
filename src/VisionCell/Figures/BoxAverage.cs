using System.Numerics.Tensors;

namespace VisionCell.Figures;

/// <summary>Averages over boxes of one axis; a value that a box edge cuts counts to both by its share.</summary>
internal static class BoxAverage
{
    /// <summary><c>[outer, count, inner]</c> to <c>[outer, target, inner]</c>.</summary>
    public static float[] Along(float[] data, int outer, int count, int inner, int target)
    {
        if (target == count)
            return data;
        var result = new float[(long)outer * target * inner];
        var scale = (double)count / target;
        Parallel.For(0, outer * target, r =>
        {
            int o = r / target, j = r % target;
            var sum = result.AsSpan(r * inner, inner);
            double from = j * scale, to = (j + 1) * scale;
            for (var i = (int)from; i < count && i < to; i++)
            {
                var share = (float)((Math.Min(to, i + 1) - Math.Max(from, i)) / scale);
                var row = data.AsSpan((o * count + i) * inner, inner);
                if (share > 0)
                    TensorPrimitives.MultiplyAdd(row, share, sum, sum);
            }
        });
        return result;
    }
}
