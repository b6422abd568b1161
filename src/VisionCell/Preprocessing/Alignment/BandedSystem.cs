namespace VisionCell.Preprocessing;

/// <summary>A symmetric positive definite system whose entries lie near the diagonal, solved by Cholesky factorisation within the band: linear in the number of unknowns.</summary>
internal sealed class BandedSystem(int count, int band)
{
    private readonly double[,] _entries = new double[count, band + 1]; // [i, k]: entry (i, i - k)

    /// <summary>Adds to entry (i, j) and, by symmetry, (j, i).</summary>
    public void Add(int i, int j, double value) => _entries[Math.Max(i, j), Math.Abs(i - j)] += value;

    /// <summary>Adds weight * (Σ coefficient_k x_(first + k))² to the quadratic form.</summary>
    public void AddSquare(double weight, int first, params ReadOnlySpan<double> coefficients)
    {
        for (var a = 0; a < coefficients.Length; a++)
        {
            for (var b = 0; b <= a; b++)
                Add(first + a, first + b, weight * coefficients[a] * coefficients[b]);
        }
    }

    /// <summary>Solves for a right-hand side; the system is used up.</summary>
    public double[] Solve(IReadOnlyList<double> right)
    {
        var x = right.ToArray();
        for (var i = 0; i < count; i++)
        {
            for (var k = Math.Min(i, band); k >= 0; k--)
            {
                var j = i - k;
                var sum = _entries[i, k];
                for (var m = Math.Max(0, i - band); m < j; m++)
                    sum -= _entries[i, i - m] * _entries[j, j - m];
                _entries[i, k] = k > 0 ? sum / _entries[j, 0] : Math.Sqrt(sum);
            }
        }
        for (var i = 0; i < count; i++)
        {
            for (var k = 1; k <= Math.Min(i, band); k++)
                x[i] -= _entries[i, k] * x[i - k];
            x[i] /= _entries[i, 0];
        }
        for (var i = count - 1; i >= 0; i--)
        {
            for (var k = 1; k <= Math.Min(count - 1 - i, band); k++)
                x[i] -= _entries[i + k, k] * x[i + k];
            x[i] /= _entries[i, 0];
        }
        return x;
    }
}
