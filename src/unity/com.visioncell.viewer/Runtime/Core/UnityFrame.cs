#nullable enable
using System;

namespace VisionCell.Viewer
{
    /// <summary>
    /// From the frame of the volume (right-handed, nm: x right, y down, z deeper) to Unity's (left-handed, y up; one unit is a micrometre from
    /// the middle of the scene). Only y changes its sign, so nothing is mirrored.
    /// </summary>
    public sealed class UnityFrame
    {
        public const double NmPerUnit = 1000;

        private readonly Double3 _middle;

        public UnityFrame(Double3 middleNm) => _middle = middleNm;

        public Double3 ToUnity(Double3 pointNm)
        {
            var p = (pointNm - _middle) * (1 / NmPerUnit);
            return new Double3(p.X, -p.Y, p.Z);
        }

        public Double3 ToVolume(Double3 point) => new Double3(point.X, -point.Y, point.Z) * NmPerUnit + _middle;

        /// <summary>A turn: its axis is reflected and its sense reversed.</summary>
        public static Rotation ToUnity(Rotation q) => new Rotation(-q.X, q.Y, -q.Z, q.W);

        /// <summary>The matrix, row by row, from Unity's world to nanometres from a corner of a volume.</summary>
        public double[] WorldToNm(Double3 cornerNm)
        {
            var shift = _middle - cornerNm;
            return new[] { NmPerUnit, 0, 0, shift.X, 0, -NmPerUnit, 0, shift.Y, 0, 0, NmPerUnit, shift.Z, 0, 0, 0, 1 };
        }
    }

    /// <summary>A ruler of a round length: 1, 2 or 5 times a power of ten.</summary>
    public readonly struct Ruler
    {
        public readonly double LengthNm;
        public readonly double Pixels;
        public readonly string Label;

        private Ruler(double lengthNm, double pixels, string label)
        {
            LengthNm = lengthNm;
            Pixels = pixels;
            Label = label;
        }

        /// <summary>The longest that takes at most that many pixels.</summary>
        public static Ruler Within(double pixelNm, double mostPixels)
        {
            if (!(pixelNm > 0) || !(mostPixels > 0))
                throw new ArgumentOutOfRangeException(nameof(pixelNm), "a ruler needs a picture of positive size");
            var most = pixelNm * mostPixels;
            var power = Math.Pow(10, Math.Floor(Math.Log10(most)));
            var length = power * (most >= 5 * power ? 5 : most >= 2 * power ? 2 : 1);
            var label = length >= 1e6 ? FormattableString.Invariant($"{length / 1e6:0.###} mm")
                : length >= 1e3 ? FormattableString.Invariant($"{length / 1e3:0.###} µm") : FormattableString.Invariant($"{length:0.###} nm");
            return new Ruler(length, length / pixelNm, label);
        }
    }
}
