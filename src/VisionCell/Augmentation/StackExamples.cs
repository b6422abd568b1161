using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.Augmentation;

/// <summary>
/// Examples for networks that fill gaps that a sparse stack holds itself: of every second or third section (or of means of two thick
/// ones) those between are the truth, at the scale of the stack and at half of it. The sections that <see cref="HalfScale"/> judges by are
/// never the truth here.
/// </summary>
internal sealed class StackExamples
{
    private const int Patch = 96;
    private const int Batch = 8;

    // Networks know no wider gaps.
    private const double WidestGap = 24;

    private readonly Task[] _tasks;
    private readonly SparseVolume _sparse;
    private readonly double _jitter;
    private readonly Device _device;

    private StackExamples(Task[] tasks, SparseVolume sparse, double jitter, Device device) => (_tasks, _sparse, _jitter, _device) = (tasks, sparse, jitter, device);

    /// <summary>The examples of a stack; null where it has none.</summary>
    /// <param name="standardised">Its sections, standardised.</param>
    /// <param name="sparse">The stack.</param>
    /// <param name="jitter">Largest random gain and offset, standard deviations.</param>
    /// <param name="device">Where examples are needed.</param>
    /// <param name="strides">Every how many-th section is taken, at the scale of the stack, where gaps of that width are to be filled; null where narrower ones are.</param>
    public static StackExamples? Of(Volume<float> standardised, SparseVolume sparse, double jitter, Device device, IReadOnlyList<int>? strides = null)
    {
        var (sampling, half) = (sparse.Sampling, HalfScale.Reduced(standardised));
        // Twice as often every second section as every third, which for thick ones has no middle.
        (int Stride, int Scale)[] wanted = strides is not null ? [.. strides.Select(s => (s, 1))]
            : sampling.IsDecimation ? [(2, 1), (2, 2), (2, 1), (2, 2), (3, 1), (3, 2)] : [(2, 1), (2, 2)];
        Task[] tasks = [.. wanted
            .Where(w => sparse.MeanPitch * w.Stride / w.Scale <= WidestGap)
            .Select(w => new Task(w.Scale == 1 ? standardised : half, w.Stride, w.Scale, Starts(sparse, w.Stride)))
            .Where(t => t.Starts.Length > 0 && Math.Min(t.Sections.Shape.Y, t.Sections.Shape.X) >= 32)];
        return tasks.Length == 0 ? null : new StackExamples(tasks, sparse, jitter, device);
    }

    /// <summary>One step's examples.</summary>
    public GapBatch Draw(Random random)
    {
        var task = _tasks[random.Next(_tasks.Length)];
        var (volume, stride) = (task.Sections, task.Stride);
        var thick = !_sparse.Sampling.IsDecimation;
        var edge = Math.Min(Patch, Math.Min(volume.Shape.Y, volume.Shape.X) / 8 * 8);
        var (count, pixels) = (thick ? 2 : stride - 1, edge * edge);
        var (sections, wanted) = (new float[Batch * Gap.Sections * pixels], new float[Batch * count * pixels]);
        // Examples of one step share a gap: at positions of their own, sections lie alike only where they are the same.
        var (shared, turned) = (_sparse.IsEven ? -1 : task.Starts[random.Next(task.Starts.Length)], random.Next(2) == 0);
        for (var n = 0; n < Batch; n++)
        {
            var start = shared >= 0 ? shared : task.Starts[random.Next(task.Starts.Length)];
            var view = new View(random, volume.Shape, edge);
            var backwards = shared >= 0 ? turned : random.Next(2) == 0;
            var (gain, offset) = ((float)(1 + _jitter * (2 * random.NextDouble() - 1)), (float)(_jitter * (2 * random.NextDouble() - 1)));
            void Copy(int z, Span<float> target)
            {
                view.Copy(volume.Section(z), target);
                TensorPrimitives.Multiply(target, gain, target);
                TensorPrimitives.Add(target, offset, target);
            }
            for (var i = 0; i < Gap.Sections; i++)
            {
                var target = sections.AsSpan((n * Gap.Sections + (backwards ? Gap.Sections - 1 - i : i)) * pixels, pixels);
                var z = Inside(start + (i - Gap.Sections / 2 + 1) * stride, stride, thick ? volume.Shape.Z - 1 : volume.Shape.Z);
                Copy(z, target);
                if (!thick)
                    continue;
                var second = new float[pixels];
                Copy(z + 1, second);
                TensorPrimitives.Add(target, second, target);
                TensorPrimitives.Multiply(target, 0.5f, target);
            }
            for (var j = 0; j < count; j++)
                Copy(start + 1 + j, wanted.AsSpan((n * count + (backwards ? count - 1 - j : j)) * pixels, pixels));
        }
        var x = tensor(sections, [Batch, Gap.Sections, edge, edge]).to(_device).DetachFromDisposeScope();
        var y = tensor(wanted, [Batch, count, edge, edge]).to(_device).DetachFromDisposeScope();
        var (pitch, scale) = (_sparse.Sampling.ExactPitch, (double)task.Scale);
        if (thick)
        {
            var rows = (int)Math.Ceiling(pitch);
            return new GapBatch(x, y, new Gap(2 * pitch / scale, 2 * pitch / scale, [.. Enumerable.Range(0, 2 * rows).Select(r => (r + 0.5) / (2 * rows))]), rows);
        }
        if (shared < 0)
            return new GapBatch(x, y, new Gap(stride * pitch / scale, 1 / scale, [.. Enumerable.Range(1, stride - 1).Select(j => j / (double)stride)]));
        var (from, distance) = (_sparse.Centre(shared), _sparse.Centre(shared + stride) - _sparse.Centre(shared));
        var gap = new Gap(distance / scale, 1 / scale, [.. Enumerable.Range(1, stride - 1).Select(j => (_sparse.Centre(shared + j) - from) / distance)]);
        return new GapBatch(x, y, turned ? gap.Reversed() : gap);
    }

    /// <summary>The first of the two sections about a gap, where all that is needed was observed and nothing between is kept to judge by.</summary>
    private static int[] Starts(SparseVolume sparse, int stride)
    {
        var thick = !sparse.Sampling.IsDecimation;
        // Thick: sections 0 and 1 make the one before the gap, 2 and 3 the one behind it, and 1 and 2 are the truth.
        var last = sparse.Sections - 1 - (thick ? 3 : stride);
        return [.. Enumerable.Range(0, Math.Max(0, last + 1)).Where(start =>
            Enumerable.Range(1, thick ? 2 : stride - 1).All(j => sparse.IsObserved(start + j) && !HalfScale.IsKept(start + j, thick))
            && Enumerable.Range(0, Gap.Sections).Select(i => Inside(start + (i - Gap.Sections / 2 + 1) * stride, stride, thick ? sparse.Sections - 1 : sparse.Sections))
                .All(z => sparse.IsObserved(z) && (!thick || sparse.IsObserved(z + 1))))];
    }

    /// <summary>The nearest section inside the stack, as many strides away.</summary>
    private static int Inside(int z, int stride, int count)
    {
        while (z < 0)
            z += stride;
        while (z >= count)
            z -= stride;
        return z;
    }

    /// <summary>Sections of one scale and how they are taken.</summary>
    private sealed record Task(Volume<float> Sections, int Stride, int Scale, int[] Starts);

    /// <summary>A square of a section in one of its eight orientations.</summary>
    private readonly struct View
    {
        private readonly int _start;
        private readonly int _down;
        private readonly int _along;
        private readonly int _edge;

        public View(Random random, Shape3 shape, int edge)
        {
            var (y, x) = (random.Next(shape.Y - edge + 1), random.Next(shape.X - edge + 1));
            var (flipY, flipX) = (random.Next(2) == 0, random.Next(2) == 0);
            _edge = edge;
            _start = (flipY ? y + edge - 1 : y) * shape.X + (flipX ? x + edge - 1 : x);
            var (down, along) = (flipY ? -shape.X : shape.X, flipX ? -1 : 1);
            (_down, _along) = random.Next(2) == 0 ? (down, along) : (along, down);
        }

        public void Copy(ReadOnlySpan<float> section, Span<float> target)
        {
            for (var a = 0; a < _edge; a++)
            {
                for (var b = 0; b < _edge; b++)
                    target[a * _edge + b] = section[_start + a * _down + b * _along];
            }
        }
    }
}
