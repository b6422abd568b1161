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
/// Moves sections where their transforms say, each resampled once from the original by OpenCV's warpAffine (coordinates to 1/32
/// pixel). What lies outside the original repeats its border. A section whose transform is the identity is copied bit by bit.
/// </summary>
public static class SectionResampling
{
    /// <summary>The moved stack, of the same shape.</summary>
    /// <param name="stack">Sections <c>[Z, Y, X]</c>.</param>
    /// <param name="transforms">One for each section.</param>
    /// <param name="interpolation">How grey values between pixels are found.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">The number of transforms is not the number of sections, or one is elastic.</exception>
    public static Volume<float> Apply(Volume<float> stack, SectionTransforms transforms, SectionInterpolation interpolation, CancellationToken cancellation = default)
    {
        if (transforms.Sections.Count != stack.Shape.Z)
            throw new BadInputException($"{transforms.Sections.Count} transforms for {stack.Shape.Z} sections: give one for each");
        if (transforms.Sections.FirstOrDefault(s => s.Elastic is not null) is { } elastic)
            throw new BadInputException($"section {elastic.Z} has an elastic field ({elastic.Elastic}): only affine transforms can be applied");
        var result = new Volume<float>(stack.Shape, stack.VoxelSize, stack.Origin, stack.Provenance.With($"sections moved ({interpolation})"));
        Parallel.For(0, stack.Shape.Z, new ParallelOptions { CancellationToken = cancellation }, z => Apply(stack, result, transforms.Sections[z], interpolation));
        return result;
    }

    private static unsafe void Apply(Volume<float> source, Volume<float> target, SectionTransform transform, SectionInterpolation interpolation)
    {
        if (transform.IsIdentity)
        {
            source.Section(transform.Z).CopyTo(target.Section(transform.Z));
            return;
        }
        double[] affine = [.. transform.Affine[0], .. transform.Affine[1]];
        fixed (double* a = affine)
        fixed (float* s = source.Section(transform.Z))
        fixed (float* t = target.Section(transform.Z))
        {
            using var matrix = Mat.FromPixelData(2, 3, MatType.CV_64FC1, (nint)a);
            using var from = Mat.FromPixelData(source.Shape.Y, source.Shape.X, MatType.CV_32FC1, (nint)s);
            using var to = Mat.FromPixelData(source.Shape.Y, source.Shape.X, MatType.CV_32FC1, (nint)t);
            var flags = (interpolation == SectionInterpolation.Cubic ? InterpolationFlags.Cubic : InterpolationFlags.Linear) | InterpolationFlags.WarpInverseMap;
            Cv2.WarpAffine(from, to, matrix, to.Size(), flags, BorderTypes.Replicate);
        }
    }
}
