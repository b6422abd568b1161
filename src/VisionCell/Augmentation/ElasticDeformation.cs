using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// Smooth bending: random displacements on a lattice of control points, between them a cubic B-spline. Displacements stay below 0.4 of the
/// distance of control points, which rules folding out. Sources: Rueckert et al., "Nonrigid registration using free-form deformations",
/// IEEE TMI 18 (1999), doi:10.1109/42.796284, formula (1); the bound is that of Choi and Lee, "Injectivity conditions of 2D and 3D
/// uniform cubic B-spline functions", Graphical Models 62 (2000), doi:10.1006/gmod.2000.0531 (1 / 2.48 in 3D).
/// </summary>
public sealed record ElasticDeformation : GeometricAugmentation
{
    /// <summary>Creates a deformation.</summary>
    /// <param name="spacing">Distance of control points along every axis, nm, above 0; at least 32 voxels keep the lattice of the resampling finer.</param>
    /// <param name="lateral">Largest displacement of a control point along y and x, nm, 0 to 0.4 of the spacing.</param>
    /// <param name="axial">The same along z; 0 for sections that were bent after cutting.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public ElasticDeformation(double spacing, double lateral, double axial = 0)
    {
        Spacing = Within(spacing, 1e-3, 1e9, "distance of control points", " nm");
        Lateral = Within(lateral, 0, 0.4 * spacing, "lateral displacement", " nm");
        Axial = Within(axial, 0, 0.4 * spacing, "axial displacement", " nm");
    }

    /// <summary>Distance of control points, nm.</summary>
    public double Spacing { get; }

    /// <summary>Largest displacement along y and x, nm.</summary>
    public double Lateral { get; }

    /// <summary>Largest displacement along z, nm.</summary>
    public double Axial { get; }

    /// <inheritdoc/>
    public override SpatialStep Draw(CounterRandom random, Shape3 patch, VoxelSize size)
    {
        double z = patch.Z * size.Z, y = patch.Y * size.Y, x = patch.X * size.X;
        // Half as far again as the corners of the patch: steps composed before this one may lead that far out.
        var reach = 0.75 * Math.Sqrt(z * z + y * y + x * x);
        return Lateral == 0 && Axial == 0 ? AffineStep.Identity : new Field(random, Spacing, Lateral, Axial, reach);
    }

    /// <inheritdoc/>
    public override Augmentation AtStrength(double share) => new ElasticDeformation(Spacing, Lateral * share, Axial * share) { Probability = Probability };

    /// <summary>One draw of the displacements.</summary>
    private sealed class Field : SpatialStep
    {
        private readonly double _spacing;
        private readonly int _half, _n;
        private readonly double[] _z, _y, _x;

        public Field(CounterRandom random, double spacing, double lateral, double axial, double reach)
        {
            _spacing = spacing;
            _half = (int)Math.Ceiling(reach / spacing) + 2;
            _n = 2 * _half + 1;
            var points = _n * _n * _n;
            (_z, _y, _x) = (new double[points], new double[points], new double[points]);
            for (var i = 0; i < points; i++)
                (_z[i], _y[i], _x[i]) = (random.Uniform(-axial, axial), random.Uniform(-lateral, lateral), random.Uniform(-lateral, lateral));
        }

        public override Position Source(Position point)
        {
            Span<double> wz = stackalloc double[4], wy = stackalloc double[4], wx = stackalloc double[4];
            int z = Weights(point.Z, wz), y = Weights(point.Y, wy), x = Weights(point.X, wx);
            double dz = 0, dy = 0, dx = 0;
            for (var k = 0; k < 4; k++)
            {
                for (var j = 0; j < 4; j++)
                {
                    var row = (Inside(z + k) * _n + Inside(y + j)) * _n;
                    for (var i = 0; i < 4; i++)
                    {
                        var w = wz[k] * wy[j] * wx[i];
                        var at = row + Inside(x + i);
                        (dz, dy, dx) = (dz + w * _z[at], dy + w * _y[at], dx + w * _x[at]);
                    }
                }
            }
            return new Position(point.Z + dz, point.Y + dy, point.X + dx);
        }

        private int Inside(int i) => Math.Clamp(i, 0, _n - 1);

        /// <summary>The four weights of the cubic B-spline, and the first control point that they belong to.</summary>
        private int Weights(double at, Span<double> w)
        {
            var u = at / _spacing + _half;
            var i = (int)Math.Floor(u);
            var f = u - i;
            var g = 1 - f;
            w[0] = g * g * g / 6;
            w[1] = (3 * f * f * f - 6 * f * f + 4) / 6;
            w[2] = (3 * g * g * g - 6 * g * g + 4) / 6;
            w[3] = f * f * f / 6;
            return i - 1;
        }
    }
}
