using OpenCvSharp;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>How grey values between pixels are found.</summary>
public enum SectionInterpolation
{
    /// <summary>Bilinear: no overshoot, smooths.</summary>
    Linear,

    /// <summary>Bicubic: keeps fine detail, may overshoot by a few grey values at edges.</summary>
    Cubic,
}

/// <summary>
/// Moves sections where their transforms say, each resampled once from the original by OpenCV (coordinates to 1/32 pixel). What lies
/// outside the original repeats its border; in labels it is background. A section whose transform is the identity is copied bit by bit.
/// Every method takes <c>scale</c>: a transform that was estimated on a reduced section moves one with <c>scale</c> times as many
/// pixels along each edge.
/// </summary>
public static class SectionResampling
{
    /// <summary>Rounds of the iteration that inverts a displacement field; each shrinks the error by the field's strain, which is below 0.7 for fields with a Jacobian above 0.3.</summary>
    private const int InverseRounds = 24;

    /// <summary>The moved stack, of the same shape, by affine maps alone.</summary>
    /// <param name="stack">Sections <c>[Z, Y, X]</c>.</param>
    /// <param name="transforms">One for each section.</param>
    /// <param name="interpolation">How grey values between pixels are found.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">The number of transforms is not the number of sections, or one is elastic.</exception>
    public static Volume<float> Apply(Volume<float> stack, SectionTransforms transforms, SectionInterpolation interpolation, CancellationToken cancellation = default) =>
        Apply(stack, transforms, null, interpolation, cancellation);

    /// <summary>The moved stack, of the same shape.</summary>
    /// <param name="stack">Sections <c>[Z, Y, X]</c>.</param>
    /// <param name="transforms">One for each section.</param>
    /// <param name="fields">Displacement fields, one for each section; needed where a transform names one.</param>
    /// <param name="interpolation">How grey values between pixels are found.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">The number of transforms or fields is not the number of sections, or a field is missing.</exception>
    public static Volume<float> Apply(
        Volume<float> stack, SectionTransforms transforms, IReadOnlyList<ElasticField?>? fields, SectionInterpolation interpolation, CancellationToken cancellation = default)
    {
        if (transforms.Sections.Count != stack.Shape.Z)
            throw new BadInputException($"{transforms.Sections.Count} transforms for {stack.Shape.Z} sections: give one for each");
        if (fields is not null && fields.Count != stack.Shape.Z)
            throw new BadInputException($"{fields.Count} displacement fields for {stack.Shape.Z} sections: give one for each, null where there is none");
        if (transforms.Sections.FirstOrDefault(s => s.Elastic is not null && fields?[s.Z] is null) is { } elastic)
            throw new BadInputException($"section {elastic.Z} has an elastic field ({elastic.Elastic}) that was not given: read it with the transforms");
        var result = new Volume<float>(stack.Shape, stack.VoxelSize, stack.Origin, stack.Provenance.With($"sections moved ({interpolation})"));
        Parallel.For(0, stack.Shape.Z, new ParallelOptions { CancellationToken = cancellation }, z =>
            Apply(stack.Section(z), result.Section(z), stack.Shape.Y, stack.Shape.X, transforms.Sections[z], fields?[z], interpolation));
        return result;
    }

    /// <summary>Moves one section.</summary>
    /// <param name="section">Grey values <c>[height, width]</c> as they came.</param>
    /// <param name="destination">Receives the moved section <c>[height, width]</c>.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="transform">Where its pixels come from.</param>
    /// <param name="field">Displacement field on top of it; null for none.</param>
    /// <param name="interpolation">How grey values between pixels are found.</param>
    /// <param name="scale">How many times as many pixels along each edge as the section on which the transform was estimated.</param>
    public static unsafe void Apply(
        ReadOnlySpan<float> section, Span<float> destination, int height, int width, SectionTransform transform, ElasticField? field, SectionInterpolation interpolation, double scale = 1)
    {
        var map = Affine(transform, scale);
        if (field is null && map == AffineMap.Identity)
        {
            section.CopyTo(destination);
            return;
        }
        var flags = interpolation == SectionInterpolation.Cubic ? InterpolationFlags.Cubic : InterpolationFlags.Linear;
        double[] affine = [map.A, map.B, map.Tx, map.C, map.D, map.Ty];
        fixed (double* a = affine)
        fixed (float* s = section)
        fixed (float* t = destination)
        {
            using var from = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)s);
            using var to = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)t);
            if (field is null)
            {
                using var matrix = Mat.FromPixelData(2, 3, MatType.CV_64FC1, (nint)a);
                Cv2.WarpAffine(from, to, matrix, to.Size(), flags | InterpolationFlags.WarpInverseMap, BorderTypes.Replicate);
                return;
            }
            var (y, x) = Sources(height, width, map, Scaled(field, scale));
            Remap(from, to, y, x, flags, BorderTypes.Replicate, default);
        }
    }

    /// <summary>A section at any places of the frame to which it is moved.</summary>
    /// <param name="section">Grey values <c>[height, width]</c> as they came.</param>
    /// <param name="destination">Receives its grey value at each place <c>[height, width]</c>.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="transform">Where the pixels of the moved section come from.</param>
    /// <param name="field">Displacement field on top of it; null for none.</param>
    /// <param name="interpolation">How grey values between pixels are found.</param>
    /// <param name="places">Rows and columns of the places, pixels of the moved section.</param>
    internal static unsafe void Apply(
        ReadOnlySpan<float> section, Span<float> destination, int height, int width, SectionTransform transform, ElasticField? field, SectionInterpolation interpolation, (float[] Y, float[] X) places)
    {
        var (y, x) = (new float[section.Length], new float[section.Length]);
        Parallel.For(0, height, j =>
        {
            for (var at = j * width; at < (j + 1) * width; at++)
            {
                var (toY, toX) = Source(places.Y[at], places.X[at], transform, field);
                (y[at], x[at]) = ((float)toY, (float)toX);
            }
        });
        fixed (float* s = section)
        fixed (float* t = destination)
        {
            using var from = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)s);
            using var to = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)t);
            Remap(from, to, y, x, interpolation == SectionInterpolation.Cubic ? InterpolationFlags.Cubic : InterpolationFlags.Linear, BorderTypes.Replicate, default);
        }
    }

    /// <summary>Moves the labels of one section: each pixel takes the label nearest to where it comes from; outside is background.</summary>
    /// <typeparam name="T">Type of a label.</typeparam>
    /// <param name="labels">Labels <c>[height, width]</c>.</param>
    /// <param name="destination">Receives the result <c>[height, width]</c>.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="transform">Where the pixels of the moved section come from.</param>
    /// <param name="field">Displacement field on top of it; null for none.</param>
    /// <param name="background">Label of what lies outside.</param>
    /// <param name="scale">How many times as many pixels along each edge as the section on which the transform was estimated.</param>
    public static void ApplyLabels<T>(
        ReadOnlySpan<T> labels, Span<T> destination, int height, int width, SectionTransform transform, ElasticField? field, T background = default, double scale = 1)
        where T : unmanaged
    {
        var (y, x) = Sources(height, width, Affine(transform, scale), Scaled(field, scale));
        Gather(labels, destination, height, width, y, x, background);
    }

    /// <summary>Marks the pixels of a moved section that come from outside the original, and so were invented: 1 there, 0 elsewhere.</summary>
    /// <param name="mask">Receives the marks <c>[height, width]</c>.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="transform">Where the pixels of the moved section come from.</param>
    /// <param name="field">Displacement field on top of it; null for none.</param>
    /// <param name="scale">How many times as many pixels along each edge as the section on which the transform was estimated.</param>
    public static void MarkOutside(Span<byte> mask, int height, int width, SectionTransform transform, ElasticField? field, double scale = 1)
    {
        var (y, x) = Sources(height, width, Affine(transform, scale), Scaled(field, scale));
        for (var i = 0; i < y.Length; i++)
            mask[i] = y[i] >= -0.5f && y[i] <= height - 0.5f && x[i] >= -0.5f && x[i] <= width - 0.5f ? (byte)0 : (byte)1;
    }

    /// <summary>Takes a moved section back to where it was; what had left the section on the way repeats the border.</summary>
    /// <param name="moved">Grey values <c>[height, width]</c> of the moved section.</param>
    /// <param name="destination">Receives the result <c>[height, width]</c>.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="transform">Where the pixels of the moved section come from.</param>
    /// <param name="field">Displacement field on top of it; null for none.</param>
    /// <param name="interpolation">How grey values between pixels are found.</param>
    /// <param name="scale">How many times as many pixels along each edge as the section on which the transform was estimated.</param>
    public static unsafe void Undo(
        ReadOnlySpan<float> moved, Span<float> destination, int height, int width, SectionTransform transform, ElasticField? field, SectionInterpolation interpolation, double scale = 1)
    {
        var map = Affine(transform, scale);
        if (field is null && map == AffineMap.Identity)
        {
            moved.CopyTo(destination);
            return;
        }
        var (y, x) = Targets(height, width, map, Scaled(field, scale));
        fixed (float* s = moved)
        fixed (float* t = destination)
        {
            using var from = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)s);
            using var to = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)t);
            Remap(from, to, y, x, interpolation == SectionInterpolation.Cubic ? InterpolationFlags.Cubic : InterpolationFlags.Linear, BorderTypes.Replicate, default);
        }
    }

    /// <summary>Takes labels of a moved section back to where it was.</summary>
    /// <typeparam name="T">Type of a label.</typeparam>
    /// <param name="labels">Labels <c>[height, width]</c>.</param>
    /// <param name="destination">Receives the result <c>[height, width]</c>.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="transform">Where the pixels of the moved section come from.</param>
    /// <param name="field">Displacement field on top of it; null for none.</param>
    /// <param name="background">Label of what lies outside.</param>
    /// <param name="scale">How many times as many pixels along each edge as the section on which the transform was estimated.</param>
    public static void UndoLabels<T>(
        ReadOnlySpan<T> labels, Span<T> destination, int height, int width, SectionTransform transform, ElasticField? field, T background = default, double scale = 1)
        where T : unmanaged
    {
        var (y, x) = Targets(height, width, Affine(transform, scale), Scaled(field, scale));
        Gather(labels, destination, height, width, y, x, background);
    }

    /// <summary>Where an output pixel comes from.</summary>
    public static (double Y, double X) Source(double y, double x, SectionTransform transform, ElasticField? field)
    {
        var (dy, dx) = field?.At(y, x) ?? (0, 0);
        return AffineMap.Of(transform).Apply(y + dy, x + dx);
    }

    /// <summary>Where an input pixel goes: the inverse of <see cref="Source"/>.</summary>
    public static (double Y, double X) Target(double y, double x, SectionTransform transform, ElasticField? field)
    {
        var (toY, toX) = AffineMap.Of(transform).Inverse().Apply(y, x);
        var (u, v) = (toY, toX);
        for (var round = 0; field is not null && round < InverseRounds; round++)
        {
            var (dy, dx) = field.At(u, v);
            (u, v) = (toY - dy, toX - dx);
        }
        return (u, v);
    }

    private static AffineMap Affine(SectionTransform transform, double scale) => scale == 1 ? AffineMap.Of(transform) : AffineMap.Of(transform).Scaled(scale);

    private static ElasticField? Scaled(ElasticField? field, double scale) => scale == 1 ? field : field?.Scaled(scale);

    /// <summary>Where every output pixel comes from: rows and columns <c>[height, width]</c>, pixels.</summary>
    internal static (float[] Y, float[] X) Sources(int height, int width, AffineMap map, ElasticField? field)
    {
        var (y, x) = (new float[height * width], new float[height * width]);
        field?.Expand(height, width, y, x);
        Parallel.For(0, height, j =>
        {
            for (var i = 0; i < width; i++)
            {
                var at = j * width + i;
                var (toY, toX) = map.Apply(j + (double)y[at], i + (double)x[at]);
                (y[at], x[at]) = ((float)toY, (float)toX);
            }
        });
        return (y, x);
    }

    /// <summary>Where every input pixel goes: rows and columns <c>[height, width]</c>, pixels.</summary>
    internal static (float[] Y, float[] X) Targets(int height, int width, AffineMap map, ElasticField? field)
    {
        var inverse = map.Inverse();
        var (y, x) = (new float[height * width], new float[height * width]);
        Parallel.For(0, height, j =>
        {
            for (var i = 0; i < width; i++)
            {
                var (toY, toX) = inverse.Apply(j, i);
                var (u, v) = (toY, toX);
                for (var round = 0; field is not null && round < InverseRounds; round++)
                {
                    var (dy, dx) = field.At(u, v);
                    var step = Math.Abs(toY - dy - u) + Math.Abs(toX - dx - v);
                    (u, v) = (toY - dy, toX - dx);
                    if (step < 1e-3)
                        break;
                }
                (y[j * width + i], x[j * width + i]) = ((float)u, (float)v);
            }
        });
        return (y, x);
    }

    internal static unsafe void Remap(Mat from, Mat to, float[] y, float[] x, InterpolationFlags interpolation, BorderTypes border, Scalar outside)
    {
        fixed (float* py = y)
        fixed (float* px = x)
        {
            using var mapY = Mat.FromPixelData(to.Rows, to.Cols, MatType.CV_32FC1, (nint)py);
            using var mapX = Mat.FromPixelData(to.Rows, to.Cols, MatType.CV_32FC1, (nint)px);
            Cv2.Remap(from, to, mapX, mapY, interpolation, border, outside);
        }
    }

    private static void Gather<T>(ReadOnlySpan<T> source, Span<T> destination, int height, int width, float[] y, float[] x, T background)
        where T : unmanaged
    {
        for (var i = 0; i < y.Length; i++)
        {
            var (row, column) = ((int)MathF.Round(y[i]), (int)MathF.Round(x[i]));
            destination[i] = row >= 0 && row < height && column >= 0 && column < width ? source[row * width + column] : background;
        }
    }
}
