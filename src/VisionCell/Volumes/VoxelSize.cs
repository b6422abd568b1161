using System.Globalization;

namespace VisionCell.Volumes;

/// <summary>The edge lengths of a voxel in nanometres. Always finite and positive; unknown is <c>null</c>, never 1.</summary>
public readonly record struct VoxelSize
{
    /// <summary>Creates a voxel size.</summary>
    /// <param name="z">Distance between sections, nm.</param>
    /// <param name="y">Distance between rows, nm.</param>
    /// <param name="x">Distance between columns, nm.</param>
    /// <exception cref="BadInputException">An edge is not a positive, finite number.</exception>
    public VoxelSize(double z, double y, double x)
    {
        Z = Checked(z, "z");
        Y = Checked(y, "y");
        X = Checked(x, "x");
    }

    /// <summary>Distance between sections, nm.</summary>
    public double Z { get; }

    /// <summary>Distance between rows, nm.</summary>
    public double Y { get; }

    /// <summary>Distance between columns, nm.</summary>
    public double X { get; }

    /// <summary>Volume of one voxel, nm³.</summary>
    public double Product => Z * Y * X;

    /// <summary>Whether all edges agree within <paramref name="tolerance"/> (relative).</summary>
    public bool IsIsotropic(double tolerance = 1e-3) =>
        Math.Abs(Z - X) <= tolerance * X && Math.Abs(Y - X) <= tolerance * X;

    /// <summary>Reads <c>Z,Y,X</c> in nanometres, as <c>--voxel-size</c> takes it.</summary>
    /// <exception cref="BadInputException">The text is not three positive numbers.</exception>
    public static VoxelSize Parse(string text)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries);
        var edges = new double[3];
        if (parts.Length != 3)
            throw new BadInputException($"voxel size '{text}' has {parts.Length} number(s), not 3: give Z,Y,X in nanometres, for example 80,10,10");
        for (var i = 0; i < 3; i++)
        {
            if (!double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out edges[i]))
                throw new BadInputException($"voxel size '{text}': '{parts[i]}' is not a number; give Z,Y,X in nanometres, for example 80,10,10");
        }
        return new VoxelSize(edges[0], edges[1], edges[2]);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Z:0.####} x {Y:0.####} x {X:0.####} nm");

    private static double Checked(double value, string axis) =>
        double.IsFinite(value) && value > 0
            ? value
            : throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"voxel size {value} nm along {axis}: must be a positive number of nanometres"));
}
