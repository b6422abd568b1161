using System.Numerics;
using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>A box in a volume, in any orientation: its corner, and a step along its rows, lines and columns; voxels, as (x, y, z).</summary>
internal readonly record struct OrientedBox(Vector3 Corner, Vector3 Rows, Vector3 Lines, Vector3 Columns)
{
    /// <summary>Reads the box from a volume, trilinear.</summary>
    /// <param name="volume">The volume; every axis at least two voxels long.</param>
    /// <param name="rows">Which rows of the box.</param>
    /// <param name="edge">Lines and columns.</param>
    /// <param name="target">Result, <c>[rows, edge, edge]</c>.</param>
    public void Read(Volume<float> volume, int[] rows, int edge, Span<float> target)
    {
        int[] along = [.. Enumerable.Range(0, edge)];
        (Vector3 Step, int[] At, int Stride)[] axes = [(Rows, rows, edge * edge), (Lines, along, edge), (Columns, along, 1)];
        // The innermost loop runs along the volume's own lines, the outermost across its sections, whatever the orientation, so that
        // neighbours share cache lines.
        Array.Sort(axes, (a, b) => Math.Abs(a.Step.X).CompareTo(Math.Abs(b.Step.X)));
        if (Math.Abs(axes[0].Step.Z) < Math.Abs(axes[1].Step.Z))
            (axes[0], axes[1]) = (axes[1], axes[0]);
        var (line, plane, data) = (volume.Shape.X, volume.Shape.SectionCount, volume.Data);
        var most = new Vector3(volume.Shape.X - 1, volume.Shape.Y - 1, volume.Shape.Z - 1);
        var last = most - Vector3.One;
        for (var o = 0; o < axes[0].At.Length; o++)
        {
            for (var m = 0; m < axes[1].At.Length; m++)
            {
                var from = Corner + axes[0].Step * axes[0].At[o] + axes[1].Step * axes[1].At[m];
                var start = o * axes[0].Stride + m * axes[1].Stride;
                for (var i = 0; i < axes[2].At.Length; i++)
                {
                    // Rounding may lead out by a hair.
                    var at = Vector3.Clamp(from + axes[2].Step * axes[2].At[i], Vector3.Zero, most);
                    var lower = Vector3.Min(Vector3.Truncate(at), last);
                    var w = at - lower;
                    var k = (int)lower.Z * plane + (int)lower.Y * line + (int)lower.X;
                    var front = Between(Between(data[k], data[k + 1], w.X), Between(data[k + line], data[k + line + 1], w.X), w.Y);
                    var back = Between(Between(data[k + plane], data[k + plane + 1], w.X), Between(data[k + plane + line], data[k + plane + line + 1], w.X), w.Y);
                    target[start + i * axes[2].Stride] = Between(front, back, w.Z);
                }
            }
        }

        static float Between(float a, float b, float weight) => a + (b - a) * weight;
    }
}
