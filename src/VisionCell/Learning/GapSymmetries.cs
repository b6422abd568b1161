using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// A gap also seen from its other side, turned and mirrored: the network is not symmetric by itself, and the mean over what it says of each is
/// closer to the truth.
/// </summary>
internal static class GapSymmetries
{
    /// <summary>As many as are used; twice as many gain 0.04, 0.02 and 0.01 dB (medulla-1, decimate:8).</summary>
    public const int Most = 8;

    // Half of the sixteen symmetries of a gap, in the plane and along z; the first two and four are as unlike each other as can be.
    private static readonly (bool Back, bool Transposed, long[] Flips)[] _all =
        [(false, false, []), (true, true, [2, 3]), (false, false, [2, 3]), (true, true, []), (true, false, [2]), (true, false, [3]), (false, true, [2]), (false, true, [3])];

    /// <summary>How many of them each of several networks takes: networks are as unlike each other as symmetries are, so that two take the time of one.</summary>
    public static int Each(int networks) => networks <= 1 ? Most : networks == 2 ? 4 : 2;

    /// <summary>The mean of what a function of gaps says of the first symmetries.</summary>
    /// <param name="rows">Sections <c>[N, 6, Y, X]</c> and the gap to rows <c>[N, T, Y, X]</c>.</param>
    /// <param name="sections">Sections <c>[N, 6, Y, X]</c>.</param>
    /// <param name="gap">The gap.</param>
    /// <param name="count">How many: 1, 2, 4 or <see cref="Most"/>.</param>
    public static Tensor Mean(Func<Tensor, Gap, Tensor> rows, Tensor sections, Gap gap, int count) => Mean((seen, side) => rows(seen[0], side), [sections], gap, count);

    /// <summary>The same of a function that is shown further images of the gap, whose channels lie along z.</summary>
    /// <param name="rows">Images <c>[N, C, Y, X]</c> and the gap to rows <c>[N, T, Y, X]</c>.</param>
    /// <param name="images">Images <c>[N, C, Y, X]</c>.</param>
    /// <param name="gap">The gap.</param>
    /// <param name="count">How many: 1, 2, 4 or <see cref="Most"/>.</param>
    public static Tensor Mean(Func<Tensor[], Gap, Tensor> rows, Tensor[] images, Gap gap, int count)
    {
        using var scope = NewDisposeScope();
        var sum = zeros([images[0].shape[0], gap.Positions.Count, images[0].shape[2], images[0].shape[3]], device: images[0].device);
        foreach (var (back, transposed, flips) in _all.AsSpan(0, count))
        {
            Tensor[] seen = [.. images.Select(image =>
            {
                var turned = back ? image.flip(1) : image;
                turned = transposed ? turned.transpose(2, 3) : turned;
                return flips.Length == 0 ? turned : turned.flip(flips);
            })];
            var filled = rows(seen, back ? gap.Reversed() : gap);
            filled = flips.Length == 0 ? filled : filled.flip(flips);
            filled = transposed ? filled.transpose(2, 3) : filled;
            sum = sum.Plus(back ? filled.flip(1) : filled);
        }
        return sum.Scale(1.0 / count).MoveToOuterDisposeScope();
    }
}
