using VisionCell.Learning;
using static TorchSharp.torch;

namespace VisionCell.Augmentation;

/// <summary>What a gap network learns from in one step.</summary>
/// <param name="Sections">Standardised grey values, <c>[N, 6, Y, X]</c>; released by <see cref="Loss"/>.</param>
/// <param name="Wanted">Truth within the gap, <c>[N, T, Y, X]</c>: rows, or means of as many neighbouring rows as <paramref name="Thickness"/> says; released likewise.</param>
/// <param name="Gap">The gap and its rows.</param>
/// <param name="Thickness">Rows that one wanted image is the mean of.</param>
internal sealed record GapBatch(Tensor Sections, Tensor Wanted, Gap Gap, int Thickness = 1)
{
    /// <summary>A network's mean squared error over that of linear interpolation, so that every distance of sections counts alike; a scalar.</summary>
    /// <param name="fill">The network: rows of a gap from its sections.</param>
    public Tensor Loss(Func<Tensor, Gap, Tensor> fill)
    {
        using var scope = NewDisposeScope();
        using var sections = Sections;
        using var wanted = Wanted;
        var error = (Means(fill(sections, Gap)) - wanted).Squared().mean();
        return error.div(Floor(sections, wanted)).MoveToOuterDisposeScope();
    }

    /// <summary>The mean squared error of linear interpolation; a scalar.</summary>
    private Tensor Floor(Tensor sections, Tensor wanted)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return (Means(Gap.Linear(sections)) - wanted).Squared().mean().MoveToOuterDisposeScope();
    }

    private Tensor Means(Tensor rows) => Thickness == 1 ? rows : rows.reshape(rows.shape[0], -1, Thickness, rows.shape[2], rows.shape[3]).mean([2]);
}
