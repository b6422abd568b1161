namespace VisionCell.Kernels.Simd;

/// <summary>The volume rendering integral of one ray and its gradient (<see cref="IRayKernels{T}.Composite"/>).</summary>
internal static unsafe class RayCompositing
{
    /// <summary>Intensity, opacity, depth of the samples [from, to).</summary>
    public static void Forward(int from, int to, float* samples, float* densities, float* emissions, float background, float* image)
    {
        var (passed, intensity, depth) = (1f, 0f, 0f);
        for (var i = from; i < to; i++)
        {
            var stopped = Stopped(densities[i] * samples[2 * (nint)i + 1]);
            var weight = passed * stopped;
            intensity = MathF.FusedMultiplyAdd(weight, emissions[i], intensity);
            depth = MathF.FusedMultiplyAdd(weight, samples[2 * (nint)i], depth);
            passed -= weight;
        }
        (image[0], image[1], image[2]) = (MathF.FusedMultiplyAdd(passed, background, intensity), 1 - passed, depth);
    }

    /// <summary>Far to near, so that what lies behind a sample is known: dσᵢ = δᵢ (Tᵢ₊₁ vᵢ − Σ_{j&gt;i} wⱼvⱼ − T b), v and b being what a weight and T count.</summary>
    public static void Backward(int from, int to, float* samples, float* densities, float* emissions, float background, float* gradient, float* densityGradient, float* emissionGradient)
    {
        var opticalDepth = 0.0;
        for (var i = from; i < to; i++)
            opticalDepth += densities[i] * samples[2 * (nint)i + 1];
        var behind = MathF.Exp(-(float)opticalDepth) * (gradient[0] * background - gradient[1]);
        for (var i = to - 1; i >= from; i--)
        {
            var length = samples[2 * (nint)i + 1];
            var own = densities[i] * length;
            var after = MathF.Exp(-(float)opticalDepth);
            opticalDepth -= own;
            var weight = MathF.Exp(-(float)opticalDepth) * Stopped(own);
            var value = gradient[0] * emissions[i] + gradient[2] * samples[2 * (nint)i];
            densityGradient[i] = length * (after * value - behind);
            emissionGradient[i] = gradient[0] * weight;
            behind += weight * value;
        }
    }

    /// <summary>1 − exp(−x), with its digits where x is small.</summary>
    private static float Stopped(float x) => x < 0.03f ? x * (1 - x * (0.5f - x * (1f / 6 - x * (1f / 24)))) : 1 - MathF.Exp(-x);
}
