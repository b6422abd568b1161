using System.Collections.Concurrent;
using System.Numerics.Tensors;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>
/// Predicts a section from its neighbours by the linear filter that does it best on the stack's own sections (least squares: the interpolation error
/// filter of Claerbout, "Earth soundings analysis", 1992, in 3D): a constant and a weight for each pixel about the same place in the four nearest whole
/// sections on either side. On an X-ray volume of nerve it left nothing for networks to add (docs/benchmarks/diffusion.md).
/// Sections must be evenly spaced.
/// </summary>
/// <param name="stack">The sections; those that were not observed are never used.</param>
/// <param name="isTarget">Whether a section may be learnt from as what is to be predicted.</param>
/// <param name="seed">Of the pixels that it is learnt from.</param>
internal sealed class LinearPrediction(Volume<float> stack, Func<int, bool> isTarget, int seed)
{
    private const int Samples = 120_000;

    // Share of the mean square added to each weight's own: enough against pixels that say the same.
    private const double Ridge = 1e-5;

    // Pixels about the place that count, in the nearest section, the second, and so on.
    private static readonly int[] _reach = [2, 2, 1, 1];

    private readonly ConcurrentDictionary<string, double[]?> _filters = new();

    /// <summary>Sections that are looked at on either side.</summary>
    public static int Sections => _reach.Length;

    /// <summary>Predicts a window of a section from neighbours; null where the stack has no place to learn it from.</summary>
    /// <param name="section">The section.</param>
    /// <param name="before">Whole sections before it, nearest first; those beyond <see cref="Sections"/> are left out.</param>
    /// <param name="after">The same behind it.</param>
    /// <param name="window">Window of the plane; its z says nothing.</param>
    /// <returns>Grey values, <c>[Y, X]</c> of the window.</returns>
    public float[]? Predict(int section, IReadOnlyList<int> before, IReadOnlyList<int> after, Box window)
    {
        (int Offset, int Reach)[] neighbours = [.. new[] { before, after }.SelectMany(side => side.Take(Sections).Select((z, rank) => (z - section, _reach[rank])))];
        if (_filters.GetOrAdd(string.Join(' ', neighbours), _ => Fit(neighbours)) is not { } filter)
            return null;
        var (height, width) = (window.Shape.Y, window.Shape.X);
        var result = new float[height * width];
        Array.Fill(result, (float)filter[^1]);
        Parallel.For(0, height, y =>
        {
            var target = result.AsSpan(y * width, width);
            var line = new float[width + 2 * _reach.Max()];
            var tap = 0;
            foreach (var (offset, reach) in neighbours)
            {
                var plane = stack.Section(section + offset);
                for (var dy = -reach; dy <= reach; dy++)
                {
                    var row = plane.Slice(Math.Clamp(window.Y + y + dy, 0, stack.Shape.Y - 1) * stack.Shape.X, stack.Shape.X);
                    for (var x = 0; x < width + 2 * reach; x++)
                        line[x] = row[Math.Clamp(window.X + x - reach, 0, stack.Shape.X - 1)];
                    for (var dx = 0; dx <= 2 * reach; dx++)
                        TensorPrimitives.MultiplyAdd(line.AsSpan(dx, width), (float)filter[tap++], target, target);
                }
            }
        });
        return result;
    }

    /// <summary>Weights of all pixels and the constant; null where fewer than twice as many places are to be had.</summary>
    private double[]? Fit((int Offset, int Reach)[] neighbours)
    {
        var (shape, most) = (stack.Shape, _reach.Max());
        int[] targets = [.. Enumerable.Range(0, shape.Z).Where(z => isTarget(z) && neighbours.All(n => z + n.Offset >= 0 && z + n.Offset < shape.Z && !stack.Unobserved.Contains(z + n.Offset)))];
        var taps = neighbours.Sum(n => (2 * n.Reach + 1) * (2 * n.Reach + 1)) + 1;
        if (targets.Length == 0 || Math.Min(shape.Y, shape.X) <= 2 * most || (long)targets.Length * (shape.Y - 2 * most) * (shape.X - 2 * most) < 2 * taps)
            return null;
        var random = new Random(seed);
        var (design, wanted) = (new float[(long)Samples * taps], new float[Samples]);
        for (var s = 0; s < Samples; s++)
        {
            var (z, y, x) = (targets[random.Next(targets.Length)], random.Next(most, shape.Y - most), random.Next(most, shape.X - most));
            wanted[s] = stack[z, y, x];
            var at = (long)s * taps;
            foreach (var (offset, reach) in neighbours)
            {
                for (var dy = -reach; dy <= reach; dy++)
                {
                    for (var dx = -reach; dx <= reach; dx++)
                        design[at++] = stack[z + offset, y + dy, x + dx];
                }
            }
            design[at] = 1;
        }
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var a = tensor(design, [Samples, taps]).to(ScalarType.Float64);
        var squares = a.t().matmul(a);
        squares.diagonal().add_(squares.diagonal().mean() * Ridge);
        return [.. linalg.solve(squares, a.t().matmul(tensor(wanted).to(ScalarType.Float64))).data<double>()];
    }
}
