using System.Collections.Concurrent;
using VisionCell.Acquisition;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using static TorchSharp.torch;

namespace VisionCell.SuperResolution;

/// <summary>
/// The acquisition model in the loop: fine rows are sampled into sections, the network restores the rows from them, and what is
/// compared is the restoration after its projection onto the sections, so that nothing is learnt of what is observed anyway.
/// </summary>
/// <param name="network">The network.</param>
/// <param name="sampling">How sections sample the rows.</param>
/// <param name="device">Where the network runs.</param>
internal sealed class ProjectedLoss(SectionNetwork network, AxialSampling sampling, Device device)
{
    private readonly ConcurrentDictionary<int, (int, float)[][]> _interpolations = [];

    /// <summary>Mean squared error over the fine rows <c>[N, H, W]</c> of a batch; a scalar.</summary>
    public Tensor Loss(Weights weights, float[] fine, int rows, int width)
    {
        using var scope = NewDisposeScope();
        var (sections, linear, target) = Degrade(fine, rows, width);
        var restored = network.Forward(weights, sections, linear);
        return Project(restored - target).Squared().mean().MoveToOuterDisposeScope();
    }

    /// <summary>Gain in PSNR over linear interpolation, dB, over planes that are not trained on.</summary>
    public double GainOverLinear(Weights weights, IEnumerable<(float[] Fine, int Rows, int Width)> planes)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (own, floor) = (0.0, 0.0);
        foreach (var (fine, rows, width) in planes)
        {
            var (sections, linear, target) = Degrade(fine, rows, width);
            own += Project(network.Forward(weights, sections, linear) - target).Squared().sum().Number();
            floor += Project(linear - target).Squared().sum().Number();
        }
        return 10 * Math.Log10(floor / own);
    }

    /// <summary>A plane that is not trained on: linear interpolation, what the network makes of it, and the truth, side by side; standardised grey values of ±2.5 are black and white.</summary>
    public TrainingPicture Picture(Weights weights, (float[] Fine, int Rows, int Width) plane)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var (sections, linear, target) = Degrade(plane.Fine, plane.Rows, plane.Width);
        var beside = cat([linear, network.Forward(weights, sections, linear), target], 3);
        return new TrainingPicture("linear, network, truth", [.. beside.cpu().contiguous().data<float>().Select(v => v / 5 + 0.5f)], 3 * plane.Width);
    }

    /// <summary>Sections <c>[N, 1, n, W]</c>, their linear interpolation and the truth, both <c>[N, 1, H, W]</c>.</summary>
    private (Tensor Sections, Tensor Linear, Tensor Target) Degrade(float[] fine, int rows, int width)
    {
        var batch = fine.Length / (rows * width);
        var count = sampling.SectionsIn(rows);
        var interpolation = _interpolations.GetOrAdd(count, sections => AxialInterpolation.Weights(InterpolationKernel.Linear, sampling, sections));
        var sections = new float[batch * count * width];
        var linear = new float[fine.Length];
        for (var b = 0; b < batch; b++)
        {
            var observed = sections.AsSpan(b * count * width, count * width);
            sampling.Acquire(fine.AsSpan(b * rows * width, rows * width), width, observed);
            AxialInterpolation.Interpolate(interpolation, observed, width, linear.AsSpan(b * rows * width, rows * width));
        }
        return (tensor(sections, [batch, 1, count, width]).to(device),
            tensor(linear, [batch, 1, rows, width]).to(device),
            tensor(fine, [batch, 1, rows, width]).to(device));
    }

    /// <summary>What of an error <c>[N, 1, H, W]</c> is left after the projection onto the sections: their mean error is gone.</summary>
    private Tensor Project(Tensor error)
    {
        var (batch, rows, width) = (error.shape[0], (int)error.shape[2], error.shape[3]);
        var count = sampling.SectionsIn(rows);
        // Rows after the last section do not exist: zeros complete its pitch.
        var complete = nn.functional.pad(error, [0, 0, 0, count * sampling.Pitch - rows]).view(batch, count, sampling.Pitch, width); // (N, n, pitch, W)
        var observed = complete.narrow(2, 0, sampling.Thickness);
        var gaps = complete.narrow(2, sampling.Thickness, sampling.Pitch - sampling.Thickness);
        return cat([observed - observed.mean([2], keepdim: true), gaps], 2);
    }
}
