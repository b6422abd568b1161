namespace VisionCell.Evaluation;

/// <summary>Sampled Gaussian windows that sum to 1, as SSIM and the high-frequency ratio use them.</summary>
internal static class GaussianKernel
{
    /// <summary>Weights at -radius … radius.</summary>
    /// <param name="sigma">Standard deviation, voxels.</param>
    /// <param name="radius">Half width, voxels.</param>
    public static double[] Create(double sigma, int radius)
    {
        var weights = new double[2 * radius + 1];
        var sum = 0.0;
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = Math.Exp(-0.5 * (i - radius) * (i - radius) / (sigma * sigma));
            sum += weights[i];
        }
        for (var i = 0; i < weights.Length; i++)
            weights[i] /= sum;
        return weights;
    }

    /// <summary>The index that a half-sample symmetric border (… b a | a b c … y z | z y …) puts in place of one outside 0 … length-1.</summary>
    public static int Reflect(int index, int length)
    {
        var period = 2 * length;
        index %= period;
        if (index < 0)
            index += period;
        return index < length ? index : period - 1 - index;
    }
}
