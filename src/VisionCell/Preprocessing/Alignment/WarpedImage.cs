using OpenCvSharp;

namespace VisionCell.Preprocessing;

/// <summary>A prepared section as it lies in the common frame; 0, the local mean, where it shows nothing.</summary>
internal sealed class WarpedImage
{
    private const float Outside = 1e6f;

    /// <summary>Distance of the pixels that are looked at to tell how much of a patch is missing.</summary>
    private const int Grid = 4;

    private readonly bool[] _missing; // every fourth pixel along both axes
    private readonly bool[] _shown;
    private readonly int _columns;

    private WarpedImage(int height, int width, float[] values)
    {
        (Height, Width, Values) = (height, width, values);
        _columns = (width + Grid - 1) / Grid;
        _missing = new bool[(height + Grid - 1) / Grid * _columns];
        for (var y = 0; y < height; y += Grid)
        {
            for (var x = 0; x < width; x += Grid)
                _missing[y / Grid * _columns + x / Grid] = values[y * width + x] > 100;
        }
        _shown = new bool[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            _shown[i] = values[i] <= 4;
            if (!_shown[i])
                values[i] = 0;
        }
    }

    public int Height { get; }

    public int Width { get; }

    /// <summary><c>[Height, Width]</c>.</summary>
    public float[] Values { get; }

    /// <summary>Which pixels show something <c>[Height, Width]</c>.</summary>
    public bool[] Shown => _shown;

    /// <summary>Moves an image where an affine map and a displacement field, both in pixels of this image, say.</summary>
    public static unsafe WarpedImage Of(ImageLevel image, AffineMap map, ElasticField? field)
    {
        var values = new float[image.Values.Length];
        var (y, x) = SectionResampling.Sources(image.Height, image.Width, map, field);
        fixed (float* s = image.Values)
        fixed (float* t = values)
        {
            using var from = Mat.FromPixelData(image.Height, image.Width, MatType.CV_32FC1, (nint)s);
            using var to = Mat.FromPixelData(image.Height, image.Width, MatType.CV_32FC1, (nint)t);
            SectionResampling.Remap(from, to, y, x, InterpolationFlags.Linear, BorderTypes.Constant, new Scalar(Outside));
        }
        return new WarpedImage(image.Height, image.Width, values);
    }

    /// <summary>Share of a box that shows nothing.</summary>
    public double Missing(int y0, int x0, int y1, int x1)
    {
        var (missing, count) = (0, 0);
        for (var y = y0 / Grid; y * Grid < y1; y++)
        {
            for (var x = x0 / Grid; x * Grid < x1; x++, count++)
            {
                if (_missing[y * _columns + x])
                    missing++;
            }
        }
        return (double)missing / Math.Max(1, count);
    }
}
