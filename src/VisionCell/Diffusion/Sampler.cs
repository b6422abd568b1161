using VisionCell.Learning;
using static TorchSharp.torch;

namespace VisionCell.Diffusion;

/// <summary>How a sample is drawn.</summary>
public enum SamplerKind
{
    /// <summary>The deterministic first-order solver (Song et al., "Denoising diffusion implicit models", arXiv:2010.02502, equation 12 with η = 0).</summary>
    Ddim,

    /// <summary>
    /// The deterministic second-order multistep solver DPM-Solver++(2M) (Lu et al., arXiv:2211.01095, algorithm 2): what the last two steps
    /// expect is carried on, one evaluation a step.
    /// </summary>
    DpmSolver,

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
        Tensor? before = null;
        for (var i = 0; i + 1 < levels.Length; i++)
        {
            using var step = NewDisposeScope();
            var (from, to) = (levels[i], levels[i + 1]);
            var clean = denoise(x, from);
            seen?.Invoke(i, clean);
            var expected = clean;
            // Towards no noise at all the step is the first-order one (ibid., section 4.1, "lower order final").
            if (kind == SamplerKind.DpmSolver && before is not null && to > 0)
            {
                var ahead = Math.Log(from / to) / (2 * Math.Log(levels[i - 1] / from));
                expected = clean.clone().Scale(1 + ahead).AddScaled(before, -ahead);
            }
            // What remains of the noise in x, and where the step ends without fresh noise.
            var down = kind == SamplerKind.Ancestral ? to * to / from : to;
            var next = Towards(x, expected, down / from);
            if (kind == SamplerKind.Ancestral && to > 0)
                next.AddScaled(noise(i), Math.Sqrt(to * to - down * down));
            before = clean.MoveToOuterDisposeScope();
            x = (constrain is null ? next : constrain(next, to)).MoveToOuterDisposeScope();
        }
        return x.MoveToOuterDisposeScope();
    }

    private static Tensor Towards(Tensor x, Tensor clean, double left) => clean.clone().Scale(1 - left).AddScaled(x, left);
}
