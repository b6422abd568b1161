namespace VisionCell.Preprocessing;

/// <summary>Positions along a chain from measured differences, in least squares: minimises Σ w (p_to - p_from - d)² with p_0 = 0.</summary>
internal static class ChainSolver
{
    /// <summary>Solves for the positions.</summary>
    /// <param name="count">Number of positions.</param>
    /// <param name="links">Measured differences; they must connect all positions.</param>
    public static double[] Solve(int count, IReadOnlyList<(int From, int To, double Weight, double Difference)> links)
    {
        var system = new BandedSystem(count, links.Count == 0 ? 0 : links.Max(l => Math.Abs(l.To - l.From)));
        var right = new double[count];
        system.Add(0, 0, 1);
        foreach (var (from, to, weight, difference) in links)
        {
            system.Add(from, from, weight);
            system.Add(to, to, weight);
            system.Add(from, to, -weight);
            right[to] += weight * difference;
            right[from] -= weight * difference;
        }
        return system.Solve(right);
    }
}
