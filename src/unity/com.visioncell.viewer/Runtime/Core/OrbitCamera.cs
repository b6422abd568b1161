#nullable enable
using System;

namespace VisionCell.Viewer
{
    /// <summary>A ray in nanometres.</summary>
    public readonly struct Ray3
    {
        public readonly Double3 Origin;

        /// <summary>Of length 1.</summary>
        public readonly Double3 Direction;

        public Ray3(Double3 origin, Double3 direction)
        {
            Origin = origin;
            Direction = direction;
        }

        public Double3 At(double distance) => Origin + Direction * distance;
    }

    /// <summary>
    /// A camera that turns about a point. Its axes are x right, y down, z into the picture; <see cref="Orientation"/> turns them into those of
    /// the volume, as in view.json. A point of the picture is (u, v), from (-1, -1) at its upper left corner to (1, 1) at its lower right one.
    /// </summary>
    public sealed class OrbitCamera
    {
        /// <summary>Angle from the lower to the upper edge of a perspective picture.</summary>
        public const double FieldOfView = Math.PI / 4;

        private double _heightNm = 1000;

        public Double3 TargetNm { get; set; }

        public Rotation Orientation { get; set; } = Rotation.Identity;

        public bool Orthographic { get; set; } = true;

        /// <summary>Height of what the picture shows at the target, nm.</summary>
        public double HeightNm
        {
            get => _heightNm;
            set => _heightNm = value > 0 && !double.IsInfinity(value) ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "must be a positive number of nanometres");
        }

        public Double3 Right => Orientation.Apply(new Double3(1, 0, 0));

        public Double3 Down => Orientation.Apply(new Double3(0, 1, 0));

        public Double3 Forward => Orientation.Apply(new Double3(0, 0, 1));

        /// <summary>From the eye to the target, nm: where the picture of the target is <see cref="HeightNm"/> high.</summary>
        public double DistanceNm => HeightNm / 2 / Math.Tan(FieldOfView / 2);

        public Double3 EyeNm => TargetNm - Forward * DistanceNm;

        /// <summary>Turns what is seen by a drag; 1 is half the height of the picture, which turns by a right angle.</summary>
        public void Orbit(double right, double down)
        {
            // About the camera's own axes, so that the near side moves with the pointer.
            var turn = Rotation.About(new Double3(0, 1, 0), right * Math.PI / 2) * Rotation.About(new Double3(1, 0, 0), -down * Math.PI / 2);
            Orientation = (Orientation * turn).Unit();
        }

        /// <summary>Turns the picture about its middle, radians, clockwise.</summary>
        public void Roll(double angle) => Orientation = (Orientation * Rotation.About(new Double3(0, 0, 1), -angle)).Unit();

        /// <summary>Moves what is seen by a drag, so that the target's plane follows the pointer; 1 is half the height of the picture.</summary>
        public void Pan(double right, double down) => TargetNm -= Right * (right * HeightNm / 2) + Down * (down * HeightNm / 2);

        /// <summary>Makes what is seen larger (above 1) or smaller, and keeps the point of the target's plane at (u, v) where it is.</summary>
        public void Zoom(double factor, double u, double v, double aspect)
        {
            if (!(factor > 0))
                throw new ArgumentOutOfRangeException(nameof(factor), factor, "must be positive");
            var kept = Right * (u * aspect * HeightNm / 2) + Down * (v * HeightNm / 2);
            TargetNm += kept * (1 - 1 / factor);
            HeightNm /= factor;
        }

        /// <summary>The ray behind a point of the picture; an orthographic one begins one height before the target.</summary>
        /// <param name="u">-1 left, 1 right.</param>
        /// <param name="v">-1 top, 1 bottom.</param>
        /// <param name="aspect">Width over height.</param>
        public Ray3 RayAt(double u, double v, double aspect)
        {
            var across = Right * (u * aspect * HeightNm / 2) + Down * (v * HeightNm / 2);
            return Orthographic
                ? new Ray3(TargetNm + across - Forward * HeightNm, Forward)
                : new Ray3(EyeNm, (Forward * DistanceNm + across).Unit());
        }

        /// <summary>Where a point lies in the picture, and how far behind the eye's plane, nm.</summary>
        public (double U, double V, double DepthNm) Project(Double3 pointNm, double aspect)
        {
            var d = pointNm - TargetNm;
            var depth = Forward.Dot(d) + DistanceNm;
            var scale = Orthographic ? 2 / HeightNm : 2 / HeightNm * DistanceNm / depth;
            return (Right.Dot(d) * scale / aspect, Down.Dot(d) * scale, depth);
        }

        /// <summary>Length of a pixel at a distance behind the eye's plane, nm.</summary>
        public double PixelNm(int pixelsHigh, double depthNm) => HeightNm / pixelsHigh * (Orthographic ? 1 : depthNm / DistanceNm);

        /// <summary>The whole of a box in view, however it is turned.</summary>
        public void Frame(Double3 low, Double3 high)
        {
            TargetNm = (low + high) * 0.5;
            HeightNm = (high - low).Length;
        }
    }
}
