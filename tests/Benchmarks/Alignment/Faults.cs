using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Alignment;

/// <summary>What is put on a stack: where each output pixel of the faulted section comes from, as a transform and a displacement field.</summary>
internal sealed record Fault(string Name, SectionTransform[] Transforms, ElasticField?[] Fields);

/// <summary>Simulated faults with a seed.</summary>
internal static class Faults
{
    public static Fault None(int count) => new("none", [.. Enumerable.Range(0, count).Select(z => Of(z, AffineMap.Identity))], new ElasticField?[count]);

    /// <summary>Each section shifted by up to ±shift and turned by up to ±degrees, all independent, and a slow drift of a few pixels and a third of a degree over the stack.</summary>
    public static Fault Rigid(int count, int edge, double shift, double degrees, double drift, int seed)
    {
        var random = new Random(seed);
        double Uniform(double reach) => reach * (2 * random.NextDouble() - 1);
        var (phase, phase2) = (Uniform(Math.PI), Uniform(Math.PI));
        var centre = 0.5 * (edge - 1);
        return new Fault("rigid", [.. Enumerable.Range(0, count).Select(z =>
        {
            var slow = 2 * Math.PI * z / count;
            return Of(z, AffineMap.Rotation(
                (Uniform(degrees) + drift / 20 * Math.Sin(slow + phase)) * Math.PI / 180, centre, centre,
                Uniform(shift) + drift * Math.Sin(slow + phase2), Uniform(shift) + drift * Math.Cos(slow + phase)));
        })], new ElasticField?[count]);
    }

    /// <summary>A smooth random field a section, independent: Gaussian noise of a given correlation length, scaled so that its longest displacement is the amplitude.</summary>
    public static Fault Elastic(int count, int height, int width, double amplitude, double length, int seed)
    {
        var random = new Random(seed);
        const double Spacing = 8;
        return new Fault("elastic", [.. Enumerable.Range(0, count).Select(z => Of(z, AffineMap.Identity))], [.. Enumerable.Range(0, count).Select(_ =>
        {
            var zero = ElasticField.Zero(height, width, Spacing);
            var y = Smooth(zero.Rows, zero.Columns, length / Spacing, random);
            var x = Smooth(zero.Rows, zero.Columns, length / Spacing, random);
            var longest = Enumerable.Range(0, y.Length).Max(n => Math.Sqrt(y[n] * y[n] + x[n] * x[n]));
            return new ElasticField(Spacing, 0, zero.Rows, zero.Columns, [.. y.Select(v => (float)(v * amplitude / longest))], [.. x.Select(v => (float)(v * amplitude / longest))]);
        })]);
    }

    /// <summary>The faulted stack, cropped by a margin so that no border was invented.</summary>
    public static Volume<float> Put(Volume<float> truth, Fault fault, int margin)
    {
        var named = new SectionTransforms([.. fault.Transforms.Select(t => fault.Fields[t.Z] is null ? t : t with { Elastic = "put in" })]);
        var moved = SectionResampling.Apply(truth, named, fault.Fields, SectionInterpolation.Cubic);
        return moved.Crop(new Box(0, margin, margin, new Shape3(truth.Shape.Z, truth.Shape.Y - 2 * margin, truth.Shape.X - 2 * margin)));
    }

    private static SectionTransform Of(int z, AffineMap map) => new(z, map.Rows, null, 1, SectionStatus.Kept, "put in");

    /// <summary>White noise smoothed by a Gaussian whose standard deviation is half the length, nodes.</summary>
    private static double[] Smooth(int rows, int columns, double length, Random random)
    {
        var sigma = length / 2;
        var pad = (int)Math.Ceiling(3 * sigma);
        var (h, w) = (rows + 2 * pad, columns + 2 * pad);
        var noise = new double[h, w];
        for (var r = 0; r < h; r++)
        {
            for (var c = 0; c < w; c++)
                noise[r, c] = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        }
        var kernel = Enumerable.Range(-pad, 2 * pad + 1).Select(k => Math.Exp(-k * k / (2 * sigma * sigma))).ToArray();
        var across = new double[h, columns];
        for (var r = 0; r < h; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                for (var k = 0; k < kernel.Length; k++)
                    across[r, c] += kernel[k] * noise[r, c + k];
            }
        }
        var result = new double[rows * columns];
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
            {
                for (var k = 0; k < kernel.Length; k++)
                    result[r * columns + c] += kernel[k] * across[r + k, c];
            }
        }
        return result;
    }
}
