using System.Runtime.CompilerServices;

namespace VisionCell.Meshing;

/// <summary>A point or direction in double precision.</summary>
internal readonly record struct Vector3d(double X, double Y, double Z)
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector3d operator +(Vector3d a, Vector3d b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector3d operator -(Vector3d a, Vector3d b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector3d operator *(Vector3d a, double s) => new(a.X * s, a.Y * s, a.Z * s);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Dot(Vector3d b) => X * b.X + Y * b.Y + Z * b.Z;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector3d Cross(Vector3d b) => new(Y * b.Z - Z * b.Y, Z * b.X - X * b.Z, X * b.Y - Y * b.X);

    public Vector3d Normalised()
    {
        var length = Math.Sqrt(Dot(this));
        return length > 0 ? this * (1 / length) : this;
    }
}

/// <summary>
/// The squared distance to a set of planes as a quadratic form, pᵀAp + 2bᵀp + c (Garland and Heckbert 1997, section 5), each
/// plane weighted by the area it stands for.
/// </summary>
internal readonly record struct Quadric(
    double XX, double XY, double XZ, double YY, double YZ, double ZZ, double X, double Y, double Z, double C)
{
    public static Quadric operator +(Quadric p, Quadric q) => new(
        p.XX + q.XX, p.XY + q.XY, p.XZ + q.XZ, p.YY + q.YY, p.YZ + q.YZ, p.ZZ + q.ZZ, p.X + q.X, p.Y + q.Y, p.Z + q.Z, p.C + q.C);

    public static Quadric OfPlane(Vector3d normal, Vector3d point, double weight)
    {
        var d = -normal.Dot(point);
        return new Quadric(
            weight * normal.X * normal.X, weight * normal.X * normal.Y, weight * normal.X * normal.Z,
            weight * normal.Y * normal.Y, weight * normal.Y * normal.Z, weight * normal.Z * normal.Z,
            weight * d * normal.X, weight * d * normal.Y, weight * d * normal.Z, weight * d * d);
    }

    public static Quadric OfTriangle(Vector3d a, Vector3d b, Vector3d c)
    {
        var cross = (b - a).Cross(c - a);
        return OfPlane(cross.Normalised(), a, Math.Sqrt(cross.Dot(cross)) / 2);
    }

    /// <summary>The plane through a border edge that stands on its triangle.</summary>
    public static Quadric OfBorder(Vector3d a, Vector3d b, Vector3d triangleNormal, double weight)
    {
        var edge = b - a;
        return OfPlane(edge.Cross(triangleNormal).Normalised(), a, weight * edge.Dot(edge) / 2);
    }

    public double Error(Vector3d p) =>
        XX * p.X * p.X + YY * p.Y * p.Y + ZZ * p.Z * p.Z + 2 * (XY * p.X * p.Y + XZ * p.X * p.Z + YZ * p.Y * p.Z) + 2 * (X * p.X + Y * p.Y + Z * p.Z) + C;

    /// <summary>The point of least error; false where the planes do not determine one.</summary>
    public bool TryMinimise(out Vector3d point)
    {
        double c00 = YY * ZZ - YZ * YZ, c01 = XZ * YZ - XY * ZZ, c02 = XY * YZ - XZ * YY;
        var determinant = XX * c00 + XY * c01 + XZ * c02;
        var trace = XX + YY + ZZ;
        if (!(Math.Abs(determinant) > 1e-6 * trace * trace * trace))
        {
            point = default;
            return false;
        }
        double c11 = XX * ZZ - XZ * XZ, c12 = XY * XZ - XX * YZ, c22 = XX * YY - XY * XY;
        point = new Vector3d(c00 * X + c01 * Y + c02 * Z, c01 * X + c11 * Y + c12 * Z, c02 * X + c12 * Y + c22 * Z) * (-1 / determinant);
        return true;
    }
}
