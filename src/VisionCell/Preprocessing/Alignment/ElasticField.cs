using System.Text.Json.Serialization;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>
/// A smooth displacement of the pixels of one section, given at the nodes of a square mesh: node (row, column) lies at pixel
/// (origin + row * spacing, origin + column * spacing), and its displacement (pixels) is added to an output pixel before the affine
/// map takes it to the input. Between nodes: Catmull-Rom splines (Keys, IEEE Trans. Acoustics, Speech, and Signal Processing 29, 1981,
/// doi:10.1109/TASSP.1981.1163711), which are continuous with their first derivative; beyond the last node the border repeats.
/// </summary>
public sealed record ElasticField
{
    /// <summary>Creates a field.</summary>
    /// <param name="spacing">Distance between nodes, pixels.</param>
    /// <param name="origin">Row and column of the first node, pixels.</param>
    /// <param name="rows">Rows of nodes.</param>
    /// <param name="columns">Columns of nodes.</param>
    /// <param name="y">Displacements along y <c>[rows, columns]</c>, pixels.</param>
    /// <param name="x">Displacements along x <c>[rows, columns]</c>, pixels.</param>
    /// <exception cref="BadInputException">The numbers do not fit, or one is not finite.</exception>
    public ElasticField(double spacing, double origin, int rows, int columns, float[] y, float[] x)
    {
        if (!(spacing > 0) || rows < 1 || columns < 1 || !double.IsFinite(origin))
            throw new BadInputException($"an elastic field of {rows} x {columns} nodes, {spacing} pixels apart: all three must be positive");
        if (y.Length != rows * columns || x.Length != rows * columns)
            throw new BadInputException($"an elastic field of {rows} x {columns} nodes with {y.Length} and {x.Length} displacements: give one along y and one along x for each node");
        if (!y.All(float.IsFinite) || !x.All(float.IsFinite))
            throw new BadInputException("an elastic field with a displacement that is not a number");
        (Spacing, Origin, Rows, Columns, Y, X) = (spacing, origin, rows, columns, y, x);
    }

    /// <summary>Distance between nodes, pixels.</summary>
    public double Spacing { get; }

    /// <summary>Row and column of the first node, pixels.</summary>
    public double Origin { get; }

    /// <summary>Rows of nodes.</summary>
    public int Rows { get; }

    /// <summary>Columns of nodes.</summary>
    public int Columns { get; }

    /// <summary>Displacements along y <c>[Rows, Columns]</c>, pixels.</summary>
    public float[] Y { get; }

    /// <summary>Displacements along x <c>[Rows, Columns]</c>, pixels.</summary>
    public float[] X { get; }

    /// <summary>A field of zeros whose nodes cover a section.</summary>
    public static ElasticField Zero(int height, int width, double spacing)
    {
        var (rows, columns) = ((int)Math.Ceiling((height - 1) / spacing) + 1, (int)Math.Ceiling((width - 1) / spacing) + 1);
        return new ElasticField(spacing, 0, rows, columns, new float[rows * columns], new float[rows * columns]);
    }

    /// <summary>Root of the mean square of the nodes' displacements, pixels.</summary>
    [JsonIgnore]
    public double Length => Math.Sqrt(Enumerable.Range(0, Y.Length).Average(i => (double)Y[i] * Y[i] + (double)X[i] * X[i]));

    /// <summary>The same field for sections with <paramref name="factor"/> times as many pixels along each edge.</summary>
    public ElasticField Scaled(double factor) => new(
        Spacing * factor, factor * (Origin + 0.5) - 0.5, Rows, Columns, [.. Y.Select(v => (float)(v * factor))], [.. X.Select(v => (float)(v * factor))]);

    /// <summary>Displacement at a point, pixels.</summary>
    public (double Y, double X) At(double y, double x)
    {
        Span<double> rowWeights = stackalloc double[4], columnWeights = stackalloc double[4];
        var row = Weights((y - Origin) / Spacing, Rows, rowWeights);
        var column = Weights((x - Origin) / Spacing, Columns, columnWeights);
        double dy = 0, dx = 0;
        for (var i = 0; i < 4; i++)
        {
            var line = Math.Clamp(row - 1 + i, 0, Rows - 1) * Columns;
            for (var j = 0; j < 4; j++)
            {
                var at = line + Math.Clamp(column - 1 + j, 0, Columns - 1);
                dy += rowWeights[i] * columnWeights[j] * Y[at];
                dx += rowWeights[i] * columnWeights[j] * X[at];
            }
        }
        return (dy, dx);
    }

    /// <summary>Displacements at every pixel of a section.</summary>
    /// <param name="height">Rows of the section.</param>
    /// <param name="width">Columns of the section.</param>
    /// <param name="y">Receives displacements along y <c>[height, width]</c>, pixels.</param>
    /// <param name="x">Receives displacements along x <c>[height, width]</c>, pixels.</param>
    public void Expand(int height, int width, float[] y, float[] x)
    {
        var columnAt = new int[width];
        var columnWeights = new float[4 * width];
        Span<double> weights = stackalloc double[4];
        for (var i = 0; i < width; i++)
        {
            columnAt[i] = Weights((i - Origin) / Spacing, Columns, weights);
            for (var k = 0; k < 4; k++)
                columnWeights[4 * i + k] = (float)weights[k];
        }
        Parallel.For(0, height, () => (new float[Columns + 3], new float[Columns + 3]), (j, _, lines) =>
        {
            Span<double> rowWeights = stackalloc double[4];
            var row = Weights((j - Origin) / Spacing, Rows, rowWeights);
            var (lineY, lineX) = lines;
            for (var c = 0; c < Columns + 3; c++)
            {
                var column = Math.Clamp(c - 1, 0, Columns - 1);
                double dy = 0, dx = 0;
                for (var k = 0; k < 4; k++)
                {
                    var at = Math.Clamp(row - 1 + k, 0, Rows - 1) * Columns + column;
                    dy += rowWeights[k] * Y[at];
                    dx += rowWeights[k] * X[at];
                }
                (lineY[c], lineX[c]) = ((float)dy, (float)dx);
            }
            for (var i = 0; i < width; i++)
            {
                var (at, w) = (columnAt[i], 4 * i);
                y[j * width + i] = columnWeights[w] * lineY[at] + columnWeights[w + 1] * lineY[at + 1] + columnWeights[w + 2] * lineY[at + 2] + columnWeights[w + 3] * lineY[at + 3];
                x[j * width + i] = columnWeights[w] * lineX[at] + columnWeights[w + 1] * lineX[at + 1] + columnWeights[w + 2] * lineX[at + 2] + columnWeights[w + 3] * lineX[at + 3];
            }
            return lines;
        }, _ => { });
    }

    /// <summary>
    /// Least determinant of the derivative of u + displacement(u) over the pixels of a section: what a small area becomes. Where it is
    /// positive the field folds nowhere. Taken from the differences between each pixel and the next ones.
    /// </summary>
    public double MinimumJacobian(int height, int width)
    {
        var (y, x) = (new float[height * width], new float[height * width]);
        Expand(height, width, y, x);
        var least = double.PositiveInfinity;
        for (var j = 0; j + 1 < height; j++)
        {
            for (var i = 0; i + 1 < width; i++)
            {
                var at = j * width + i;
                var determinant = (1 + x[at + 1] - x[at]) * (1.0 + y[at + width] - y[at]) - (x[at + width] - x[at]) * (double)(y[at + 1] - y[at]);
                least = Math.Min(least, determinant);
            }
        }
        return least;
    }

    /// <summary>Writes the field as JSON; beside and renamed into place.</summary>
    public void Write(string path) => Configuration.Write(path, this);

    /// <summary>Reads a field.</summary>
    /// <exception cref="BadInputException">The file is missing or is none.</exception>
    public static ElasticField Read(string path) => Configuration.Read<ElasticField>(path);

    /// <summary>Catmull-Rom weights of the four nodes around a place; returns the second of them.</summary>
    private static int Weights(double at, int count, Span<double> weights)
    {
        at = Math.Clamp(at, 0, count - 1);
        var node = Math.Min((int)at, Math.Max(0, count - 2));
        var t = at - node;
        weights[0] = 0.5 * t * (-1 + t * (2 - t));
        weights[1] = 0.5 * (2 + t * t * (-5 + 3 * t));
        weights[2] = 0.5 * t * (1 + t * (4 - 3 * t));
        weights[3] = 0.5 * t * t * (t - 1);
        return node;
    }
}
