#nullable enable
using System;
using System.Collections.Generic;

namespace VisionCell.Viewer
{
    /// <summary>A plane that cuts away the points p with normal·p above the offset.</summary>
    public readonly struct ClipPlane
    {
        /// <summary>Of length 1.</summary>
        public readonly Double3 Normal;

        public readonly double OffsetNm;

        public ClipPlane(Double3 normal, double offsetNm)
        {
            Normal = normal.Unit();
            OffsetNm = offsetNm;
        }

        /// <summary>How far outside a point lies, nm; negative where it is kept.</summary>
        public double Outside(Double3 pointNm) => Normal.Dot(pointNm) - OffsetNm;
    }

    /// <summary>What is left of space: a box, less what planes cut away.</summary>
    public sealed class ClipVolume
    {
        /// <summary>How many planes the shader takes.</summary>
        public const int MostPlanes = 8;

        public ClipVolume(Double3 low, Double3 high)
        {
            Low = low;
            High = high;
        }

        public Double3 Low { get; set; }

        public Double3 High { get; set; }

        public List<ClipPlane> Planes { get; } = new List<ClipPlane>();

        public bool Contains(Double3 p)
        {
            for (var a = 0; a < 3; a++)
            {
                if (p[a] < Low[a] || p[a] > High[a])
                    return false;
            }
            foreach (var plane in Planes)
            {
                if (plane.Outside(p) > 0)
                    return false;
            }
            return true;
        }

        /// <summary>The part of a ray that is left, from its beginning on; false where nothing is.</summary>
        public bool Clip(Ray3 ray, out double from, out double to)
        {
            from = 0;
            to = double.PositiveInfinity;
            for (var a = 0; a < 3; a++)
            {
                // The three slabs of the box are six planes.
                if (!Cut(ray.Direction[a], ray.Origin[a] - High[a], ref from, ref to) || !Cut(-ray.Direction[a], Low[a] - ray.Origin[a], ref from, ref to))
                    return false;
            }
            foreach (var plane in Planes)
            {
                if (!Cut(plane.Normal.Dot(ray.Direction), plane.Outside(ray.Origin), ref from, ref to))
                    return false;
            }
            return from < to;
        }

        // Kept is where outside + slope · t is at most 0.
        private static bool Cut(double slope, double outside, ref double from, ref double to)
        {
            if (Math.Abs(slope) < 1e-12)
                return outside <= 0;
            var t = -outside / slope;
            if (slope > 0)
                to = Math.Min(to, t);
            else
                from = Math.Max(from, t);
            return from < to;
        }
    }
}
