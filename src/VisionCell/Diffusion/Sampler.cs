using VisionCell.Learning;
using static TorchSharp.torch;

namespace VisionCell.Diffusion;

/// <summary>How a sample is drawn.</summary>
public enum SamplerKind
{
    /// <summary>The deterministic first-order solver (Song et al., "Denoising diffusion implicit models", arXiv:2010.02502, equation 12 with η = 0).</summary>
    Ddim,

    /// <summary>The deterministic second-order solver of EDM (arXiv:2206.00364, algorithm 1): two evaluations a step, one in the last.</summary>
    Heun,

    /// <summary>Ancestral sampling (Ho et al., "Denoising diffusion probabilistic models", arXiv:2006.11239, algorithm 2), with fresh noise in every step.</summary>
    Ancestral,
}

/// <summary>Draws samples with a denoiser D(x; σ) by going down the noise levels.</summary>
/// <param name="kind">How.</param>
/// <param name="denoise">The denoiser: what is expected behind x at noise σ.</param>
internal sealed class Sampler(SamplerKind kind, Func<Tensor, double, Tensor> denoise)
{
    /// <summary>Draws a sample.</summary>
    /// <param name="start">The noisy start x at the first level.</param>
    /// <param name="levels">Noise levels, falling, the last 0 (<see cref="NoiseSchedule.Levels"/>).</param>
    /// <param name="noise">Fresh unit noise of a step, for ancestral sampling.</param>
    /// <param name="constrain">Sets what is known in x at a noise level, at the start and after every step; null where nothing is.</param>
    /// <param name="seen">Shown the denoised image of every step; null for nobody.</param>
    public Tensor Run(Tensor start, double[] levels, Func<int, Tensor> noise, Func<Tensor, double, Tensor>? constrain = null, Action<int, Tensor>? seen = null)
    {
        using var scope = NewDisposeScope();
        var x = constrain is null ? start.clone() : constrain(start, levels[0]);
        for (var i = 0; i + 1 < levels.Length; i++)
        {
            using var step = NewDisposeScope();
            var (from, to) = (levels[i], levels[i + 1]);
            var clean = denoise(x, from);
            seen?.Invoke(i, clean);
            // What the noise in x is worth, and where the step ends without fresh noise.
            var down = kind == SamplerKind.Ancestral ? to * to / from : to;
            var next = Towards(x, clean, down / from);
            if (kind == SamplerKind.Heun && to > 0)
            {
                // The slope (x − D) / σ at the end, averaged with that at the start.
                var slope = (x - clean).Scale(0.5 / from).AddScaled(next - denoise(next, to), 0.5 / to);
                next = x.clone().AddScaled(slope, to - from);
            }
            if (kind == SamplerKind.Ancestral && to > 0)
                next.AddScaled(noise(i), Math.Sqrt(to * to - down * down));
            x = (constrain is null ? next : constrain(next, to)).MoveToOuterDisposeScope();
        }
        return x.MoveToOuterDisposeScope();
    }

    private static Tensor Towards(Tensor x, Tensor clean, double left) => clean.clone().Scale(1 - left).AddScaled(x, left);
}
