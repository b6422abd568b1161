#nullable enable
using System;
using System.Collections.Generic;

namespace VisionCell.Viewer
{
    /// <summary>Colour and opacity of a value: red, green, blue and opacity for one reference length of way, each 0 to 1.</summary>
    public readonly struct Rgba
    {
        public readonly float R;
        public readonly float G;
        public readonly float B;
        public readonly float A;

        public Rgba(float r, float g, float b, float a)
        {
            R = r;
            G = g;
            B = b;
            A = a;
        }

        public static Rgba Lerp(Rgba a, Rgba b, float t) => new Rgba(a.R + (b.R - a.R) * t, a.G + (b.G - a.G) * t, a.B + (b.B - a.B) * t, a.A + (b.A - a.A) * t);
    }

    /// <summary>
    /// From a value (0 black, 1 white) and, in two dimensions, its gradient (0 none, 1 from black to white within a voxel) to colour and
    /// opacity; kept as a table of <see cref="Values"/> by <see cref="Gradients"/>, which is what the shader samples.
    /// </summary>
    public sealed class TransferFunction
    {
        public const int Values = 256;

        private readonly Rgba[] _table;

        private TransferFunction(int gradients, Rgba[] table)
        {
            Gradients = gradients;
            _table = table;
        }

        /// <summary>1 for a function of the value alone.</summary>
        public int Gradients { get; }

        /// <summary>Rows of values, one for each gradient.</summary>
        public IReadOnlyList<Rgba> Table => _table;

        /// <summary>Straight lines between points, which are given by ascending value; before the first and after the last as these.</summary>
        /// <exception cref="ArgumentException">There is no point, or they do not ascend.</exception>
        public static TransferFunction OfPoints(params (double Value, Rgba Colour)[] points)
        {
            if (points.Length == 0)
                throw new ArgumentException("a transfer function needs at least one point", nameof(points));
            for (var i = 1; i < points.Length; i++)
            {
                if (!(points[i].Value >= points[i - 1].Value))
                    throw new ArgumentException($"the points of a transfer function must ascend: {points[i].Value} follows {points[i - 1].Value}", nameof(points));
            }
            var table = new Rgba[Values];
            var next = 0;
            for (var i = 0; i < Values; i++)
            {
                var value = i / (Values - 1.0);
                while (next < points.Length && points[next].Value < value)
                    next++;
                if (next == 0 || next == points.Length)
                {
                    table[i] = points[Math.Min(next, points.Length - 1)].Colour;
                    continue;
                }
                var (a, b) = (points[next - 1], points[next]);
                table[i] = Rgba.Lerp(a.Colour, b.Colour, (float)((value - a.Value) / (b.Value - a.Value)));
            }
            return new TransferFunction(1, table);
        }

        /// <summary>Dark structures opaque, as stained membranes are.</summary>
        public static TransferFunction DarkOpaque() => OfPoints((0, new Rgba(0.05f, 0.05f, 0.08f, 0.6f)), (0.35, new Rgba(0.6f, 0.5f, 0.4f, 0.1f)), (0.55, new Rgba(1, 1, 1, 0)));

        /// <summary>The same with an opacity that grows from none at gradient <paramref name="from"/> to its own at <paramref name="to"/>: surfaces, not what they enclose.</summary>
        /// <exception cref="ArgumentException">The gradients do not ascend, or this is a function of two dimensions already.</exception>
        public TransferFunction WithGradient(double from, double to, int gradients = 64)
        {
            if (Gradients != 1 || !(to > from) || gradients < 2)
                throw new ArgumentException($"gradients {from} to {to} in {gradients} steps of a function of {Gradients}: they must ascend, in at least 2 steps, of a function of the value alone");
            var table = new Rgba[Values * gradients];
            for (var g = 0; g < gradients; g++)
            {
                var share = (float)Math.Min(1, Math.Max(0, (g / (gradients - 1.0) - from) / (to - from)));
                for (var i = 0; i < Values; i++)
                    table[g * Values + i] = new Rgba(_table[i].R, _table[i].G, _table[i].B, _table[i].A * share);
            }
            return new TransferFunction(gradients, table);
        }

        /// <summary>Bilinear, as a texture is sampled whose first and last texel stand for 0 and 1.</summary>
        public Rgba At(double value, double gradient = 0)
        {
            var row = Cell(gradient, Gradients, out var rowShare);
            var column = Cell(value, Values, out var share);
            var low = Rgba.Lerp(_table[row * Values + column], _table[row * Values + Math.Min(column + 1, Values - 1)], share);
            if (Gradients == 1)
                return low;
            var above = Math.Min(row + 1, Gradients - 1) * Values;
            return Rgba.Lerp(low, Rgba.Lerp(_table[above + column], _table[above + Math.Min(column + 1, Values - 1)], share), rowShare);
        }

        /// <summary>The largest opacity that values within a range can have: 0 means that a brick of that range is empty.</summary>
        public float MostOpaque(double low, double high)
        {
            // One entry beyond each end, because entries are interpolated.
            var first = Math.Max(0, (int)Math.Floor(Clamp(low) * (Values - 1)));
            var last = Math.Min(Values - 1, (int)Math.Ceiling(Clamp(high) * (Values - 1)));
            var most = 0f;
            for (var g = 0; g < Gradients; g++)
            {
                for (var i = first; i <= last; i++)
                    most = Math.Max(most, _table[g * Values + i].A);
            }
            return most;
        }

        private static double Clamp(double value) => Math.Min(1, Math.Max(0, value));

        private static int Cell(double value, int count, out float share)
        {
            var at = Clamp(value) * (count - 1);
            var cell = Math.Min((int)at, Math.Max(0, count - 2));
            share = (float)(at - cell);
            return cell;
        }
    }
}
