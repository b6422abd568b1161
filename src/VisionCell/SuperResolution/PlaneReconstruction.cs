using System.Numerics.Tensors;
using VisionCell.Acquisition;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Volumes;
using static TorchSharp.torch;

namespace VisionCell.SuperResolution;

/// <summary>
/// Applies the network to every xz and every yz plane of a block and averages the two, each plane also turned by half a turn
/// (the network is not symmetric by itself).
/// </summary>
/// <param name="network">The network.</param>
/// <param name="weights">Its trained weights.</param>
/// <param name="precision">Where it runs.</param>
/// <param name="standardisation">Grey values of the stack.</param>
internal sealed class PlaneReconstruction(SectionNetwork network, Weights weights, ComputePrecision precision, Standardisation standardisation)
{
    /// <summary>Sections on either side; the receptive field is about 20 of them and 50 pixels, and beyond these its weights no longer show.</summary>
    public const int HaloSections = 16;

    private const int HaloPixels = 48;

    // Pixels of the section grid in one pass: enough to keep two cores busy, and under 200 MB of activations.
    private const int PixelsAPass = 65_536;

    /// <summary>Fills a slab, <c>[Z, Y, X]</c>, not yet projected onto the sections.</summary>
    /// <param name="sparse">The stack.</param>
    /// <param name="slab">Where.</param>
    /// <param name="cancellation">Stops between planes.</param>
    /// <param name="alongX">Only the xz planes, or only the yz planes; null for the mean of both.</param>
    public Volume<float> Fill(SparseVolume sparse, Box slab, CancellationToken cancellation, bool? alongX = null)
    {
        var result = sparse.NewIsotropic(slab, "superresolution");
        var sections = sparse.SectionsAbout(slab.Z, slab.Shape.Z, HaloSections);
        foreach (var direction in alongX is { } only ? [only] : new[] { true, false })
            AddPlanes(sparse, slab, sections, direction, alongX is null ? 0.5f : 1, result, cancellation);
        return result;
    }

    /// <summary>Adds a share of what the planes of one direction say.</summary>
    private void AddPlanes(SparseVolume sparse, Box slab, (int From, int To) sections, bool alongX, float share, Volume<float> result, CancellationToken cancellation)
    {
        var shape = sparse.Observed.Shape;
        var (planes, first, start, length, limit) = alongX
            ? (slab.Shape.Y, slab.Y, slab.X, slab.Shape.X, shape.X)
            : (slab.Shape.X, slab.X, slab.Y, slab.Shape.Y, shape.Y);
        var from = Math.Max(0, start - HaloPixels);
        var width = Math.Min(limit, start + length + HaloPixels) - from;
        var count = sections.To - sections.From;
        var batch = Math.Clamp(PixelsAPass / (count * width), 1, planes);
        var interpolation = AxialInterpolation.Weights(InterpolationKernel.Linear, network.Sampling, count);
        var rows = new SectionGrid(sparse, network.Sampling).FineRows(sections.From, count, slab.Z, slab.Shape.Z);
        var (mean, deviation) = (standardisation.Mean, standardisation.Deviation);

        for (var plane = 0; plane < planes; plane += batch)
        {
            cancellation.ThrowIfCancellationRequested();
            var size = Math.Min(batch, planes - plane);
            var observed = new float[size * count * width];
            for (var p = 0; p < size; p++)
            {
                for (var i = 0; i < count; i++)
                    CopyLine(sparse.Observed, sections.From + i, first + plane + p, from, alongX, observed.AsSpan((p * count + i) * width, width));
            }
            TensorPrimitives.Subtract(observed, mean, observed);
            TensorPrimitives.Multiply(observed, 1 / deviation, observed);
            var fine = Apply(observed, size, count, width, interpolation);
            for (var p = 0; p < size; p++)
            {
                for (var z = 0; z < slab.Shape.Z; z++)
                {
                    var (target, step) = alongX ? (result.Index(z, plane + p, 0), 1) : (result.Index(z, 0, plane + p), slab.Shape.X);
                    for (var k = 0; k < length; k++)
                        result.Data[target + k * step] += share * mean;
                    foreach (var (row, weight) in rows[z])
                    {
                        var line = fine.AsSpan((p * interpolation.Length + row) * width + start - from, length);
                        var factor = share * weight * deviation;
                        for (var k = 0; k < length; k++)
                            result.Data[target + k * step] += factor * line[k];
                    }
                }
            }
        }
    }

    /// <summary>The mean of the network on planes <c>[N, n, W]</c> as they are and turned by half a turn: <c>[N, H, W]</c>.</summary>
    private float[] Apply(float[] observed, int size, int count, int width, (int, float)[][] interpolation)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var rows = interpolation.Length;
        var linear = new float[size * rows * width];
        for (var p = 0; p < size; p++)
            AxialInterpolation.Interpolate(interpolation, observed.AsSpan(p * count * width, count * width), width, linear.AsSpan(p * rows * width, rows * width));
        var x = tensor(observed, [size, 1, count, width]).to(precision.Device);
        var b = tensor(linear, [size, 1, rows, width]).to(precision.Device);
        var straight = network.Forward(weights, x, b);
        var turned = network.Forward(weights, x.flip(2, 3), b.flip(2, 3)).flip(2, 3);
        return [.. straight.Plus(turned).Scale(0.5).cpu().data<float>()];
    }

    private static void CopyLine(Volume<float> volume, int z, int plane, int from, bool alongX, Span<float> line)
    {
        if (alongX)
        {
            volume.Data.AsSpan(volume.Index(z, plane, from), line.Length).CopyTo(line);
            return;
        }
        for (var k = 0; k < line.Length; k++)
            line[k] = volume[z, from + k, plane];
    }
}
