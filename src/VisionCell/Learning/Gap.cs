using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>A gap between two sections, as a network is told of it.</summary>
/// <param name="Distance">Distance of the centres of neighbouring sections, lateral pixels.</param>
/// <param name="Thickness">Thickness of a section, lateral pixels.</param>
/// <param name="Positions">Where rows are wanted: 0 at the centre of the section before the gap, 1 at that of the section after it.</param>
internal sealed record Gap(double Distance, double Thickness, IReadOnlyList<double> Positions)
{
    /// <summary>Sections that a network is shown; the gap lies between the two in the middle.</summary>
    public const int Sections = 6;

    /// <summary>The same gap seen from its other side.</summary>
    public Gap Reversed() => this with { Positions = [.. Positions.Reverse().Select(t => 1 - t)] };

    /// <summary>Linear interpolation between the two sections about the gap: sections <c>[N, 6, Y, X]</c> to rows <c>[N, T, Y, X]</c>.</summary>
    public Tensor Linear(Tensor sections)
    {
        var position = tensor(Positions.Select(t => (float)t).ToArray(), [1, Positions.Count, 1, 1]).to(sections.device);
        var (before, after) = (sections.narrow(1, Sections / 2 - 1, 1), sections.narrow(1, Sections / 2, 1));
        return before.Plus((after - before) * position);
    }

    /// <summary>Sines and cosines of the distance and of the share of it that is thickness (as in Vaswani et al., arXiv:1706.03762).</summary>
    public float[] Conditions(int count)
    {
        var values = new float[count];
        var (distance, share) = (Math.Log2(Distance), Thickness / Distance);
        for (var k = 0; k < count / 4; k++)
        {
            var frequency = 0.5 * (k + 1);
            (values[4 * k], values[4 * k + 1]) = ((float)Math.Sin(distance * frequency), (float)Math.Cos(distance * frequency));
            (values[4 * k + 2], values[4 * k + 3]) = ((float)Math.Sin(share * frequency * Math.PI), (float)Math.Cos(share * frequency * Math.PI));
        }
        return values;
    }

    /// <summary>What the weights of the images depend on, <c>[T, 5]</c>.</summary>
    public float[] PositionFeatures() =>
        [.. Positions.SelectMany(t => new[] { (float)(2 * t - 1), (float)(4 * t * (1 - t)), (float)Math.Abs(2 * t - 1), (float)(Math.Log2(Distance) / 4), (float)(Thickness / Distance) })];
}
