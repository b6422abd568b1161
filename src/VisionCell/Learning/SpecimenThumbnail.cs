using System.Numerics.Tensors;
using OpenCvSharp;
using VisionCell.Volumes;

namespace VisionCell.Learning;

/// <summary>
/// A small picture of a specimen, kept beside the weights that were trained on it, to tell whether a stack shows the same specimen: what a
/// network has seen must not be scored with it. Every thumbnail voxel is the mean of a cube. A stack is compared by normalised
/// cross-correlation of its sections with the thumbnail's along each axis in each orientation; so crops, other grey levels, light
/// denoising, thick and left-out sections do not hide it. Another voxel size or an oblique cut would.
/// </summary>
/// <param name="Shape">Voxels of the thumbnail.</param>
/// <param name="Grey">Its voxels <c>[Z, Y, X]</c>, 0 to 255.</param>
/// <param name="Reduction">Edge of the cubes, voxels.</param>
internal sealed record SpecimenThumbnail(Shape3 Shape, byte[] Grey, int Reduction)
{
    // Measured on four volumes and three more stacks: the specimen itself, cropped to a quarter at an odd place, 0.86 to 0.99; another
    // specimen at most 0.29, and 0.65 where only 64 x 64 pixels are compared.
    private const double SameFrom = 0.7;
    private const int Compared = 3;
    private const int LargestTemplate = 40;
    private const int SmallestTemplate = 16;

    // What is broader than this, thumbnail pixels, is taken away before comparing: broad structures look alike in any specimen.
    private const double Broadest = 2;

    /// <summary>The thumbnail of a volume.</summary>
    public static SpecimenThumbnail Of(Volume<float> volume, int reduction = 4)
    {
        var shape = new Shape3(volume.Shape.Z / reduction, volume.Shape.Y / reduction, volume.Shape.X / reduction);
        var (low, high) = (TensorPrimitives.Min(volume.Data), TensorPrimitives.Max(volume.Data));
        var grey = new byte[shape.Count];
        Parallel.For(0, shape.Z, z =>
        {
            var sum = new float[shape.SectionCount];
            for (var k = 0; k < reduction; k++)
                AddReduced(volume.Section(z * reduction + k), volume.Shape.X, reduction, shape.Y, shape.X, sum);
            for (var i = 0; i < sum.Length; i++)
                grey[z * shape.SectionCount + i] = (byte)Math.Round(255 * (sum[i] / (reduction * reduction * reduction) - low) / Math.Max(high - low, 1e-6f));
        });
        return new SpecimenThumbnail(shape, grey, reduction);
    }

    /// <summary>Whether sections of a stack are found in this specimen.</summary>
    /// <param name="stack">Sections <c>[n, Y, X]</c>, lateral pixels as large as the voxels of the specimen.</param>
    public bool Shows(Volume<float> stack) => Likeness(stack) >= SameFrom;

    /// <summary>The median over some sections of the best correlation found, −1 to 1; 0 where the sections are too small to tell.</summary>
    internal double Likeness(Volume<float> stack)
    {
        var (height, width) = (stack.Shape.Y / Reduction, stack.Shape.X / Reduction);
        var (th, tw) = (Math.Min(height, LargestTemplate), Math.Min(width, LargestTemplate));
        if (Math.Min(th, tw) < SmallestTemplate)
            return 0;
        int[] seen = [.. Enumerable.Range(0, stack.Shape.Z).Where(z => !stack.Unobserved.Contains(z))];
        int[] chosen = [.. Enumerable.Range(0, Math.Min(Compared, seen.Length)).Select(i => seen[(2 * i + 1) * seen.Length / (2 * Math.Min(Compared, seen.Length))])];
        var best = new double[chosen.Length];
        Parallel.For(0, chosen.Length, i =>
        {
            var reduced = new float[height * width];
            AddReduced(stack.Section(chosen[i]), stack.Shape.X, Reduction, height, width, reduced);
            using var whole = Fine(height, width, reduced);
            using var template = whole[new Rect((width - tw) / 2, (height - th) / 2, tw, th)].Clone();
            best[i] = Best(template);
        });
        return best.Order().ElementAt(best.Length / 2);
    }

    /// <summary>The best correlation of a template in any of its 8 orientations with any plane of the thumbnail.</summary>
    private double Best(Mat template)
    {
        var best = -1.0;
        for (var orientation = 0; orientation < 8; orientation++)
        {
            using var turned = Turned(template, orientation);
            for (var axis = 0; axis < 3; axis++)
            {
                foreach (var plane in Planes(axis))
                {
                    using (plane)
                    {
                        if (turned.Rows > plane.Rows || turned.Cols > plane.Cols)
                            break;
                        using var match = new Mat();
                        Cv2.MatchTemplate(plane, turned, match, TemplateMatchModes.CCoeffNormed);
                        Cv2.MinMaxLoc(match, out _, out double highest);
                        best = double.IsFinite(highest) ? Math.Max(best, highest) : best;
                    }
                }
            }
        }
        return best;
    }

    private static Mat Turned(Mat template, int orientation)
    {
        using var transposed = orientation >= 4 ? template.T().ToMat() : template.Clone();
        var turned = new Mat();
        switch (orientation % 4)
        {
            case 1: Cv2.Flip(transposed, turned, FlipMode.X); break;
            case 2: Cv2.Flip(transposed, turned, FlipMode.Y); break;
            case 3: Cv2.Flip(transposed, turned, FlipMode.XY); break;
            default: transposed.CopyTo(turned); break;
        }
        return turned;
    }

    /// <summary>The planes across an axis, 32-bit float.</summary>
    private IEnumerable<Mat> Planes(int axis)
    {
        int[] lengths = [Shape.Z, Shape.Y, Shape.X];
        int[] steps = [Shape.SectionCount, Shape.X, 1];
        var (down, along) = axis switch { 0 => (1, 2), 1 => (0, 2), _ => (0, 1) };
        var pixels = new float[lengths[down] * lengths[along]];
        for (var k = 0; k < lengths[axis]; k++)
        {
            for (var i = 0; i < pixels.Length; i++)
                pixels[i] = Grey[k * steps[axis] + i / lengths[along] * steps[down] + i % lengths[along] * steps[along]];
            yield return Fine(lengths[down], lengths[along], pixels);
        }
    }

    /// <summary>An image less its broad structures.</summary>
    private static Mat Fine(int height, int width, float[] pixels)
    {
        using var image = Mat.FromPixelData(height, width, MatType.CV_32FC1, pixels);
        using var broad = new Mat();
        Cv2.GaussianBlur(image, broad, new Size(0, 0), Broadest, Broadest);
        var fine = new Mat();
        Cv2.Subtract(image, broad, fine);
        return fine;
    }

    /// <summary>Adds the sums of blocks of pixels to an image <c>[height, width]</c>.</summary>
    private static void AddReduced(ReadOnlySpan<float> section, int sectionWidth, int reduction, int height, int width, Span<float> sums)
    {
        for (var y = 0; y < height * reduction; y++)
        {
            for (var x = 0; x < width * reduction; x++)
                sums[y / reduction * width + x / reduction] += section[y * sectionWidth + x];
        }
    }
}
