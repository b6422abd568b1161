using VisionCell.Kernels;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>
/// The nodes of a dense level as coefficients of a volume: the value of a voxel is what the level interpolates at its centre. As interpolation goes axis by axis,
/// so does the least-squares fit: along each, two nodes a voxel make a tridiagonal system.
/// </summary>
internal sealed class TrilinearHats
{
    // Voxels that one task takes of an axis that is not the last.
    private const int Run = 4096;

    private readonly Axis[] _axes;

    /// <summary>Lays a level over a volume.</summary>
    /// <param name="level">A dense level.</param>
    /// <param name="shape">Voxels.</param>
    /// <param name="voxel">Their size, nm.</param>
    /// <param name="edge">Edge of the grid's cube, nm; the volume begins in its corner.</param>
    public TrilinearHats(HashGridLevel level, Shape3 shape, VoxelSize voxel, double edge) =>
        _axes = [new Axis(level, shape.Z, voxel.Z / edge), new Axis(level, shape.Y, voxel.Y / edge), new Axis(level, shape.X, voxel.X / edge)];

    /// <summary>The nodes <c>[nodes, nodes, nodes]</c> that come closest to voxels <c>[Z, Y, X]</c>; nodes that touch none are 0.</summary>
    public float[] Fit(float[] voxels)
    {
        int[] lengths = [.. _axes.Select(a => a.Voxels)];
        for (var axis = 2; axis >= 0; axis--)
            voxels = Along(axis, voxels, lengths, _axes[axis].Nodes, _axes[axis].Fit);
        return voxels;
    }

    /// <summary>Adds what the nodes interpolate, times a factor, to the voxels.</summary>
    public void Add(float factor, float[] nodes, float[] voxels)
    {
        int[] lengths = [.. _axes.Select(a => a.Nodes)];
        for (var axis = 0; axis < 3; axis++)
            nodes = Along(axis, nodes, lengths, _axes[axis].Voxels, _axes[axis].Interpolate);
        System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(nodes, factor, voxels, voxels);
    }

    /// <summary>What an axis does to lines of which neighbouring elements lie <paramref name="stride"/> apart; so many lines lie side by side.</summary>
    private delegate void LineOperation(ReadOnlySpan<float> source, Span<float> target, int stride, int lines);

    private static float[] Along(int axis, float[] source, int[] lengths, int length, LineOperation operation)
    {
        var (outer, from, inner) = (lengths[..axis].Aggregate(1, (a, b) => a * b), lengths[axis], lengths[(axis + 1)..].Aggregate(1, (a, b) => a * b));
        lengths[axis] = length;
        var target = new float[outer * length * inner];
        var runs = (inner + Run - 1) / Run;
        Parallel.For(0, outer * runs, task =>
        {
            var (o, k) = (task / runs, task % runs * Run);
            operation(source.AsSpan(o * from * inner + k), target.AsSpan(o * length * inner + k), inner, Math.Min(Run, inner - k));
        });
        return target;
    }

    /// <summary>One axis: the two nodes about each voxel, and the factors of the system of the fit.</summary>
    private sealed class Axis
    {
        private readonly int[] _node;
        private readonly float[] _upper;
        private readonly float[] _above;
        private readonly float[] _inverse;

        public Axis(HashGridLevel level, int voxels, double voxel)
        {
            (Voxels, Nodes, _node, _upper) = (voxels, level.Nodes, new int[voxels], new float[voxels]);
            var (diagonal, beside) = (new double[Nodes], new double[Nodes]);
            for (var i = 0; i < voxels; i++)
            {
                var place = (i + 0.5) * voxel * level.Scale + 0.5;
                _node[i] = Math.Min((int)place, Nodes - 2);
                var upper = place - _node[i];
                // Where a node lies on the voxel but for rounding, its neighbour has no part.
                upper = upper < 1e-5 ? 0 : upper > 1 - 1e-5 ? 1 : upper;
                _upper[i] = (float)upper;
                diagonal[_node[i]] += (1 - upper) * (1 - upper);
                diagonal[_node[i] + 1] += upper * upper;
                beside[_node[i]] += upper * (1 - upper);
            }
            // Nodes that no voxel holds come out as 0, and those that few hold stay small.
            (_above, _inverse) = (new float[Nodes], new float[Nodes]);
            var above = 0.0;
            for (var i = 0; i < Nodes; i++)
            {
                var pivot = diagonal[i] + 1e-4 - (i > 0 ? beside[i - 1] * above : 0);
                above = beside[i] / pivot;
                (_above[i], _inverse[i]) = ((float)above, (float)(1 / pivot));
            }
        }

        public int Voxels { get; }

        public int Nodes { get; }

        /// <summary>(AᵀA)⁻¹Aᵀ of voxels to nodes, by elimination without pivots, as the system is positive.</summary>
        public void Fit(ReadOnlySpan<float> voxels, Span<float> nodes, int stride, int lines)
        {
            for (var i = 0; i < Voxels; i++)
            {
                var source = voxels.Slice(i * stride, lines);
                var lower = nodes.Slice(_node[i] * stride, lines);
                var upper = nodes.Slice((_node[i] + 1) * stride, lines);
                var share = _upper[i];
                for (var k = 0; k < lines; k++)
                {
                    lower[k] += (1 - share) * source[k];
                    upper[k] += share * source[k];
                }
            }
            for (var i = 0; i < Nodes; i++)
            {
                // beside[i - 1] is above[i - 1] · pivot[i - 1].
                var here = nodes.Slice(i * stride, lines);
                var last = nodes.Slice(Math.Max(0, i - 1) * stride, lines);
                var factor = i > 0 ? _above[i - 1] / _inverse[i - 1] : 0;
                for (var k = 0; k < lines; k++)
                    here[k] = (here[k] - factor * (i > 0 ? last[k] : 0)) * _inverse[i];
            }
            for (var i = Nodes - 2; i >= 0; i--)
            {
                var here = nodes.Slice(i * stride, lines);
                var next = nodes.Slice((i + 1) * stride, lines);
                for (var k = 0; k < lines; k++)
                    here[k] -= _above[i] * next[k];
            }
        }

        /// <summary>A of nodes to voxels.</summary>
        public void Interpolate(ReadOnlySpan<float> nodes, Span<float> voxels, int stride, int lines)
        {
            for (var i = 0; i < Voxels; i++)
            {
                var target = voxels.Slice(i * stride, lines);
                var lower = nodes.Slice(_node[i] * stride, lines);
                var upper = nodes.Slice((_node[i] + 1) * stride, lines);
                var share = _upper[i];
                for (var k = 0; k < lines; k++)
                    target[k] = (1 - share) * lower[k] + share * upper[k];
            }
        }
    }
}
