namespace VisionCell.Diffusion;

/// <summary>
/// The noise levels and scalings of EDM (Karras et al., "Elucidating the design space of diffusion-based generative models",
/// arXiv:2206.00364). A sample x = r + σ n of what is modelled, r with standard deviation σ_data, is denoised by
/// D(x; σ) = c_skip x + c_out F(c_in x; c_noise) (their equation 7), so that what F takes and what it has to give both have unit
/// variance at every σ (their table 1).
/// </summary>
/// <param name="dataDeviation">σ_data, standardised grey values.</param>
internal sealed class NoiseSchedule(double dataDeviation)
{
    private const double Rho = 7; // their section 3, "Discretization"

    /// <summary>Noise under this is none.</summary>
    public double Least => dataDeviation / 250;

    /// <summary>Noise in which nothing of what is modelled shows any more.</summary>
    public double Most => dataDeviation * 12;

    /// <summary>Share of the noisy sample in the denoised one.</summary>
    public double Skip(double sigma) => Square(dataDeviation) / (Square(sigma) + Square(dataDeviation));

    /// <summary>Scale of the network's output.</summary>
    public double Output(double sigma) => sigma * dataDeviation / Math.Sqrt(Square(sigma) + Square(dataDeviation));

    /// <summary>Scale of the network's input.</summary>
    public double Input(double sigma) => 1 / Math.Sqrt(Square(sigma) + Square(dataDeviation));

    /// <summary>What the network is told of the noise; about −1.5 to 1.5.</summary>
    public double Told(double sigma) => Math.Log(sigma / dataDeviation) / 2;

    /// <summary>A noise level to train at: log-normal about 0.6 σ_data, as their table 1 has it.</summary>
    /// <param name="normal">A standard normal number.</param>
    public double Trained(double normal) => Math.Clamp(0.6 * dataDeviation * Math.Exp(1.2 * normal), Least, Most);

    /// <summary>The levels that a sampler goes through: from <paramref name="start"/> down to none, <c>steps + 1</c> of them (their equation 5).</summary>
    /// <param name="steps">Steps, at least 1.</param>
    /// <param name="start">Level to start from.</param>
    public double[] Levels(int steps, double start)
    {
        var (from, to) = (Math.Pow(start, 1 / Rho), Math.Pow(Math.Min(Least, start), 1 / Rho));
        return [.. Enumerable.Range(0, steps).Select(i => steps == 1 ? start : Math.Pow(from + i / (steps - 1.0) * (to - from), Rho)), 0];
    }

    private static double Square(double x) => x * x;
}
