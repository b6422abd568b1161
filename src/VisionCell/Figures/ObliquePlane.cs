using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Figures;

/// <summary>A plane through a volume: a foot point and two directions in it, nm, x y z.</summary>
internal sealed record ObliquePlane(Vector3d Foot, Vector3d U, Vector3d V, double Step, double UMin, double UMax, double VMin, double VMax)
{
    public static ObliquePlane Of(Volume volume, double tilt, double azimuth, double offset, int mostPixels = 1 << 14)
    {
        var (normal, u, v) = Frame(tilt, azimuth);
        var (low, high) = Extent(volume);
        var foot = (low + high) * 0.5 + normal * offset;
        double uMin = double.PositiveInfinity, uMax = double.NegativeInfinity, vMin = double.PositiveInfinity, vMax = double.NegativeInfinity;
        foreach (var p in Outline(low, high, normal, foot))
        {
            var d = p - foot;
            (uMin, uMax) = (Math.Min(uMin, d.Dot(u)), Math.Max(uMax, d.Dot(u)));
            (vMin, vMax) = (Math.Min(vMin, d.Dot(v)), Math.Max(vMax, d.Dot(v)));
        }
        if (!(uMax > uMin) || !(vMax > vMin))
            throw new BadInputException($"the oblique plane at {offset} nm from the centre (tilt {tilt}, azimuth {azimuth} degrees) does not meet the volume of {volume.Shape} voxels of {volume.VoxelSize}; use a smaller offset");
        var size = volume.VoxelSize;
        var step = Math.Max(Math.Min(size.Z, Math.Min(size.Y, size.X)), Math.Max(uMax - uMin, vMax - vMin) / (mostPixels - 1));
        return new ObliquePlane(foot, u, v, step, uMin, uMax, vMin, vMax);
    }

    /// <summary>Through a point, around the foot of the volume's middle, so large that no turn and no point in the volume leave it.</summary>
    /// <param name="volume">What is cut.</param>
    /// <param name="tilt">As in <see cref="Frame"/>.</param>
    /// <param name="azimuth">As in <see cref="Frame"/>.</param>
    /// <param name="point">A point of the plane, nm.</param>
    /// <param name="mostPixels">Along each side.</param>
    public static ObliquePlane Through(Volume volume, double tilt, double azimuth, Vector3d point, int mostPixels)
    {
        var (normal, u, v) = Frame(tilt, azimuth);
        var (low, high) = Extent(volume);
        var middle = (low + high) * 0.5;
        var size = volume.VoxelSize;
        var finest = Math.Min(size.Z, Math.Min(size.Y, size.X));
        var reach = Math.Max(finest, Math.Sqrt((high - low).Dot(high - low)) / 2);
        var pixels = Math.Min(mostPixels, (int)Math.Ceiling(2 * reach / finest) + 1);
        return new ObliquePlane(middle + normal * (point - middle).Dot(normal), u, v, 2 * reach / (pixels - 1), -reach, reach, -reach, reach);
    }

    /// <summary>Directions of a plane, right-handed, so that nothing is mirrored; untilted, u is x and v is y: the plain xy section.</summary>
    /// <param name="tilt">Angle between the normal and z, degrees.</param>
    /// <param name="azimuth">Direction into which the normal is tilted, degrees from x towards y.</param>
    public static (Vector3d Normal, Vector3d U, Vector3d V) Frame(double tilt, double azimuth)
    {
        double t = tilt * Math.PI / 180, a = azimuth * Math.PI / 180;
        var upright = Math.Abs(Math.Sin(t)) < 1e-9;
        return (new Vector3d(Math.Sin(t) * Math.Cos(a), Math.Sin(t) * Math.Sin(a), Math.Cos(t)),
            upright ? new Vector3d(1, 0, 0) : new Vector3d(-Math.Sin(a), Math.Cos(a), 0),
            upright ? new Vector3d(0, 1, 0) : new Vector3d(-Math.Cos(t) * Math.Cos(a), -Math.Cos(t) * Math.Sin(a), Math.Sin(t)));
    }

    public int Columns => (int)Math.Floor((UMax - UMin) / Step + 1e-6) + 1;

    public int Rows => (int)Math.Floor((VMax - VMin) / Step + 1e-6) + 1;

    public Vector3d At(int row, int column) => Foot + U * (UMin + column * Step) + V * (VMin + row * Step);

    public SectionImage Sample(Volume volume)
    {
        var source = volume.ToFloat32();
        var data = new float[Rows * Columns];
        Parallel.For(0, Rows, r =>
        {
            for (var c = 0; c < Columns; c++)
                data[r * Columns + c] = Interpolate(source, At(r, c));
        });
        return new SectionImage(data, Rows, Columns, VMin, Step, UMin, Step, "v", "u");
    }

    /// <summary>Centres of the first and the last voxel.</summary>
    public static (Vector3d Low, Vector3d High) Extent(Volume volume)
    {
        var (shape, size, origin) = (volume.Shape, volume.VoxelSize, volume.Origin);
        var low = new Vector3d(origin.X, origin.Y, origin.Z);
        return (low, low + new Vector3d((shape.X - 1) * size.X, (shape.Y - 1) * size.Y, (shape.Z - 1) * size.Z));
    }

    /// <summary>Trilinear interpolation; NaN outside the voxel centres.</summary>
    public static float Interpolate(Volume<float> volume, Vector3d point)
    {
        var (shape, size, origin) = (volume.Shape, volume.VoxelSize, volume.Origin);
        if (!Cell((point.X - origin.X) / size.X, shape.X, out var x0, out var fx) ||
            !Cell((point.Y - origin.Y) / size.Y, shape.Y, out var y0, out var fy) ||
            !Cell((point.Z - origin.Z) / size.Z, shape.Z, out var z0, out var fz))
            return float.NaN;
        int dx = shape.X > 1 ? 1 : 0, dy = shape.Y > 1 ? shape.X : 0, dz = shape.Z > 1 ? shape.SectionCount : 0;
        var d = volume.Data;
        var i = volume.Index(z0, y0, x0);
        double Row(int at) => d[at] + fx * (d[at + dx] - (double)d[at]);
        double Plane(int at) => Row(at) + fy * (Row(at + dy) - Row(at));
        return (float)(Plane(i) + fz * (Plane(i + dz) - Plane(i)));
    }

    private static bool Cell(double at, int count, out int cell, out double fraction)
    {
        const double Rounding = 1e-6;
        (cell, fraction) = (0, 0);
        if (!(at >= -Rounding && at <= count - 1 + Rounding))
            return false;
        cell = Math.Clamp((int)at, 0, Math.Max(0, count - 2));
        fraction = Math.Clamp(at - cell, 0, 1);
        return true;
    }

    /// <summary>Where the plane crosses the edges of the box.</summary>
    private static IEnumerable<Vector3d> Outline(Vector3d low, Vector3d high, Vector3d normal, Vector3d foot)
    {
        Vector3d Corner(int c) => new((c & 1) != 0 ? high.X : low.X, (c & 2) != 0 ? high.Y : low.Y, (c & 4) != 0 ? high.Z : low.Z);
        var scale = Math.Sqrt((high - low).Dot(high - low)) * 1e-9;
        for (var c = 0; c < 8; c++)
        {
            for (var bit = 1; bit < 8; bit <<= 1)
            {
                if ((c & bit) != 0)
                    continue;
                Vector3d a = Corner(c), b = Corner(c | bit);
                double da = (a - foot).Dot(normal), db = (b - foot).Dot(normal);
                if (Math.Abs(da) <= scale)
                    yield return a;
                if (Math.Abs(db) <= scale)
                    yield return b;
                if (da * db < 0)
                    yield return a + (b - a) * (da / (da - db));
            }
        }
    }
}
