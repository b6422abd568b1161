using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>What a shading is estimated from.</summary>
public enum ShadingScope
{
    /// <summary>From all sections together: what is the same in all of them is the microscope's.</summary>
    Stack,

    /// <summary>From each section by itself: also what is the specimen's own.</summary>
    Section,
}

/// <summary>How uneven background is taken out.</summary>
public sealed record ShadingConfiguration
{
    /// <summary>Creates a configuration.</summary>
    /// <param name="scope">What a shading is estimated from.</param>
    /// <param name="order">Order of the polynomial along each axis; 1 is a ramp, 2 a bowl. Higher orders follow the specimen.</param>
    /// <param name="isFactor">Whether shading multiplies grey values (illumination) or adds to them (background).</param>
    /// <param name="deadZone">Shadings weaker than this share of the sections' contrast (root mean square over standard deviation) are left alone.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public ShadingConfiguration(ShadingScope scope = ShadingScope.Stack, int order = 2, bool isFactor = false, double deadZone = 0.05)
    {
        Scope = scope;
        Order = order is >= 1 and <= 6 ? order : throw new BadInputException($"shading of order {order}: must be 1 to 6");
        IsFactor = isFactor;
        DeadZone = deadZone is >= 0 and <= 10 ? deadZone : throw new BadInputException($"dead zone of shading {deadZone}: must be 0 to 10");
    }

    /// <summary>What a shading is estimated from.</summary>
    public ShadingScope Scope { get; }

    /// <summary>Order of the polynomial along each axis.</summary>
    public int Order { get; }

    /// <summary>Whether shading multiplies grey values.</summary>
    public bool IsFactor { get; }

    /// <summary>Shadings weaker than this share of the contrast are left alone.</summary>
    public double DeadZone { get; }
}

/// <summary>
/// A smooth shading of a section: Σ c_ij T_i(v) T_j(u), i + j at most the order, without the constant; T are Chebyshev polynomials of u, v = -1 to 1
/// over the width and the height. Values are grey values to subtract, or shares of 1 to divide by 1 + them.
/// </summary>
/// <param name="Order">Order of the polynomial.</param>
/// <param name="IsFactor">Whether it multiplies.</param>
/// <param name="Coefficients">c_ij with i (along y) outermost.</param>
public sealed record Shading(int Order, bool IsFactor, IReadOnlyList<double> Coefficients)
{
    /// <summary>Takes the shading out of a section <c>[Y, X]</c>, in place.</summary>
    public void Remove(Span<float> section, int height, int width) => Change(section, height, width, undo: false);

    /// <summary>Puts it back, up to rounding.</summary>
    public void Restore(Span<float> section, int height, int width) => Change(section, height, width, undo: true);

    /// <summary>The shading at a place; u and v from -1 to 1.</summary>
    public double At(double v, double u) => ShadingCorrection.Terms(Order, v, u).Zip(Coefficients, (t, c) => t * c).Sum();

    private void Change(Span<float> section, int height, int width, bool undo)
    {
        // For each row a polynomial in u.
        var along = new double[Order + 1][];
        for (var j = 0; j <= Order; j++)
            along[j] = [.. Enumerable.Range(0, width).Select(x => ShadingCorrection.Chebyshev(j, (2.0 * x + 1) / width - 1))];
        for (var y = 0; y < height; y++)
        {
            var v = (2.0 * y + 1) / height - 1;
            var weights = new double[Order + 1];
            var at = 0;
            for (var i = 0; i <= Order; i++)
            {
                for (var j = 0; j <= Order - i; j++)
                {
                    if (i + j > 0)
                        weights[j] += Coefficients[at++] * ShadingCorrection.Chebyshev(i, v);
                }
            }
            var row = section.Slice(y * width, width);
            for (var x = 0; x < width; x++)
            {
                var value = weights[0];
                for (var j = 1; j <= Order; j++)
                    value += weights[j] * along[j][x];
                row[x] = (float)((IsFactor, undo) switch
                {
                    (false, false) => row[x] - value,
                    (false, true) => row[x] + value,
                    // Illumination that falls to under a tenth is no shading but a shadow.
                    (true, false) => row[x] / Math.Max(0.1, 1 + value),
                    (true, true) => row[x] * Math.Max(0.1, 1 + value),
                });
            }
        }
    }
}

/// <summary>
/// Estimates shading from the grid of mean grey values that <see cref="SectionFeatures"/> keep, by least squares with Huber's weights (1964,
/// doi:10.1214/aoms/1177703732), so that dark or bright objects do not pull at it. Of the stack: the median over its good sections of each field, less the section's mean.
/// </summary>
public static class ShadingCorrection
{
    // Fewer sections than this show more of the specimen than of the microscope.
    private const int FewestSections = 8;

    /// <summary>Estimates the shading of each section; null where there is none to speak of.</summary>
    /// <param name="features">Of every section.</param>
    /// <param name="lost">Sections that are not used; those of <see cref="ShadingScope.Section"/> have no shading.</param>
    /// <param name="configuration">How.</param>
    /// <param name="notices">Told where nothing can be said.</param>
    public static IReadOnlyList<Shading?> Estimate(
        IReadOnlyList<SectionFeatures> features, IReadOnlySet<int> lost, ShadingConfiguration configuration, ICollection<string> notices)
    {
        var good = features.Where(f => f.HasContrast && !lost.Contains(f.Z)).ToArray();
        if (configuration.Scope == ShadingScope.Section)
            return [.. features.Select(f => f.HasContrast && !lost.Contains(f.Z) ? Fit([.. f.Grid.Select(g => g - f.Mean)], f.Mean, f.Deviation, configuration) : null)];
        if (good.Length < FewestSections)
        {
            notices.Add($"shading is not estimated: {good.Length} good sections show more of the specimen than of the microscope, at least {FewestSections} are needed");
            return new Shading?[features.Count];
        }
        var fields = Enumerable.Range(0, SectionFeatures.GridEdge * SectionFeatures.GridEdge).Select(i => Ordered.Median(good.Select(f => f.Grid[i] - f.Mean))).ToArray();
        var shading = Fit(fields, Ordered.Median(good.Select(f => f.Mean)), Ordered.Median(good.Select(f => f.Deviation)), configuration);
        return [.. features.Select(_ => shading)];
    }

    /// <summary>The terms of the polynomial at a place, the constant left out.</summary>
    internal static IEnumerable<double> Terms(int order, double v, double u) =>
        from i in Enumerable.Range(0, order + 1) from j in Enumerable.Range(0, order - i + 1) where i + j > 0 select Chebyshev(i, v) * Chebyshev(j, u);

    internal static double Chebyshev(int order, double x) => order == 0 ? 1 : order == 1 ? x : 2 * x * Chebyshev(order - 1, x) - Chebyshev(order - 2, x);

    private static Shading? Fit(double[] fields, double mean, double deviation, ShadingConfiguration configuration)
    {
        var edge = SectionFeatures.GridEdge;
        double Place(int i) => (2.0 * i + 1) / edge - 1;
        var terms = fields.Select((_, i) => (double[])[1, .. Terms(configuration.Order, Place(i / edge), Place(i % edge))]).ToArray();
        var solution = new double[terms[0].Length];
        var weights = fields.Select(_ => 1.0).ToArray();
        for (var pass = 0; pass < 8; pass++)
        {
            var system = new BandedSystem(solution.Length, solution.Length - 1);
            var right = new double[solution.Length];
            for (var i = 0; i < fields.Length; i++)
            {
                for (var a = 0; a < solution.Length; a++)
                {
                    right[a] += weights[i] * terms[i][a] * fields[i];
                    for (var b = 0; b <= a; b++)
                        system.Add(a, b, weights[i] * terms[i][a] * terms[i][b]);
                }
            }
            solution = system.Solve(right);
            var rest = fields.Select((f, i) => Math.Abs(f - terms[i].Zip(solution, (t, c) => t * c).Sum())).ToArray();
            var limit = 1.345 * 1.4826 * Ordered.Median(rest);
            weights = [.. rest.Select(r => r <= limit ? 1 : limit / r)];
        }
        var strength = Math.Sqrt(terms.Average(t => Math.Pow(t.Zip(solution, (a, c) => a * c).Sum() - solution[0], 2)));
        if (strength < configuration.DeadZone * deviation || (configuration.IsFactor && mean <= 0))
            return null;
        return new Shading(configuration.Order, configuration.IsFactor, [.. solution.Skip(1).Select(c => configuration.IsFactor ? c / mean : c)]);
    }
}
