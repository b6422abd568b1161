#nullable enable
using System;

namespace VisionCell.Viewer
{
    /// <summary>A point or direction x, y, z in the frame of the volume: x right, y down the images, z deeper into the stack. Points are nanometres.</summary>
    public readonly struct Double3 : IEquatable<Double3>
    {
        public readonly double X;
        public readonly double Y;
        public readonly double Z;

        public Double3(double x, double y, double z)
        {
            X = x;
            Y = y;
            Z = z;
        }

        public double this[int axis] => axis == 0 ? X : axis == 1 ? Y : Z;

        public double Length => Math.Sqrt(Dot(this));

        public static Double3 operator +(Double3 a, Double3 b) => new Double3(a.X + b.X, a.Y + b.Y, a.Z + b.Z);

        public static Double3 operator -(Double3 a, Double3 b) => new Double3(a.X - b.X, a.Y - b.Y, a.Z - b.Z);

        public static Double3 operator *(Double3 a, double s) => new Double3(a.X * s, a.Y * s, a.Z * s);

        public double Dot(Double3 b) => X * b.X + Y * b.Y + Z * b.Z;

        public Double3 Cross(Double3 b) => new Double3(Y * b.Z - Z * b.Y, Z * b.X - X * b.Z, X * b.Y - Y * b.X);

        /// <summary>Component by component.</summary>
        public Double3 Times(Double3 b) => new Double3(X * b.X, Y * b.Y, Z * b.Z);

        /// <summary>Component by component.</summary>
        public Double3 Over(Double3 b) => new Double3(X / b.X, Y / b.Y, Z / b.Z);

        public Double3 Unit() => this * (1 / Length);

        public bool Equals(Double3 other) => X == other.X && Y == other.Y && Z == other.Z;

        public override bool Equals(object? obj) => obj is Double3 other && Equals(other);

        public override int GetHashCode() => HashCode.Combine(X, Y, Z);

        public override string ToString() => FormattableString.Invariant($"({X}, {Y}, {Z})");
    }

    /// <summary>A unit quaternion x, y, z, w.</summary>
    public readonly struct Rotation
    {
        public readonly double X;
        public readonly double Y;
        public readonly double Z;
        public readonly double W;

        public Rotation(double x, double y, double z, double w)
        {
            X = x;
            Y = y;
            Z = z;
            W = w;
        }

        public static Rotation Identity => new Rotation(0, 0, 0, 1);

        /// <summary>About an axis, radians, by the right-hand rule.</summary>
        public static Rotation About(Double3 axis, double angle)
        {
            var u = axis.Unit() * Math.Sin(angle / 2);
            return new Rotation(u.X, u.Y, u.Z, Math.Cos(angle / 2));
        }

        /// <summary>First the right one, then the left one.</summary>
        public static Rotation operator *(Rotation a, Rotation b) => new Rotation(
            a.W * b.X + a.X * b.W + a.Y * b.Z - a.Z * b.Y,
            a.W * b.Y - a.X * b.Z + a.Y * b.W + a.Z * b.X,
            a.W * b.Z + a.X * b.Y - a.Y * b.X + a.Z * b.W,
            a.W * b.W - a.X * b.X - a.Y * b.Y - a.Z * b.Z);

        public Rotation Inverse() => new Rotation(-X, -Y, -Z, W);

        public Rotation Unit()
        {
            var s = 1 / Math.Sqrt(X * X + Y * Y + Z * Z + W * W);
            return new Rotation(X * s, Y * s, Z * s, W * s);
        }

        public Double3 Apply(Double3 v)
        {
            var u = new Double3(X, Y, Z);
            var t = u.Cross(v) * 2;
            return v + t * W + u.Cross(t);
        }
    }
}
