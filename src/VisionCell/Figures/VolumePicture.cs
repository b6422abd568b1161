using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Figures;

/// <summary>The static picture of a volume: light gathered from front to back along parallel rays.</summary>
internal static class VolumePicture
{
    private const int Width = 560, Height = 420;

    /// <summary>Draws a volume of at most about 64³ voxels.</summary>
    /// <param name="title">Stands above it.</param>
    /// <param name="volume">Values.</param>
    /// <param name="low">Value shown black.</param>
    /// <param name="high">Value shown white.</param>
    /// <param name="opacity">Opacity of a level, 0 (low) to 1 (high), per voxel passed.</param>
    public static byte[] Draw(string title, Volume<float> volume, double low, double high, Func<double, double> opacity)
    {
        var canvas = new Canvas(Width, Height);
        canvas.TextWithin(10, 6, Width - 20, title, Rgb.Ink, title.Length * 12 < Width ? 2 : 1);
        Paint(canvas, 60, 34, Width - 120, Height - 70, volume, low, high, opacity).DrawLengths(canvas);
        return canvas.ToPng();
    }

    /// <summary>Paints a volume in its box into a rectangle of a picture.</summary>
    /// <param name="canvas">The picture.</param>
    /// <param name="left">Left edge, pixels.</param>
    /// <param name="top">Upper edge, pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="volume">Values.</param>
    /// <param name="low">Value shown black.</param>
    /// <param name="high">Value shown white.</param>
    /// <param name="opacity">Opacity of a level, 0 (low) to 1 (high), per voxel passed.</param>
    /// <param name="smooth">Whether values between voxels are interpolated: where voxels are larger than pixels.</param>
    /// <param name="line">Width of the box's edges, pixels.</param>
    public static Projection Paint(Canvas canvas, int left, int top, int width, int height, Volume<float> volume, double low, double high, Func<double, double> opacity, bool smooth = false, int line = 1)
    {
        var (shape, size) = (volume.Shape, volume.VoxelSize);
        var half = new Vector3d(size.X, size.Y, size.Z) * 0.5;
        var (first, last) = ObliquePlane.Extent(volume);
        var view = new Projection(first - half, last + half, left, top, width, height);
        view.DrawBox(canvas, front: false, Rgb.Pale, line);

        var opacities = new float[256];
        for (var i = 0; i < opacities.Length; i++)
            opacities[i] = (float)Math.Clamp(opacity(i / 255.0), 0, 1);
        var step = Math.Min(size.Z, Math.Min(size.Y, size.X));
        var (boxLow, boxHigh) = (view.Low, view.High);
        var depth = Math.Sqrt((boxHigh - boxLow).Dot(boxHigh - boxLow)) / 2;
        var levels = new byte[volume.Data.Length];
        for (var i = 0; i < levels.Length; i++)
            levels[i] = (byte)Math.Clamp((volume.Data[i] - low) * 255 / (high - low), 0, 255);
        // In voxels from here on: one step along the ray, away from the eye.
        float sx = (float)(-Projection.ToEye.X * step / size.X), sy = (float)(-Projection.ToEye.Y * step / size.Y), sz = (float)(-Projection.ToEye.Z * step / size.Z);
        var steps = (int)(2 * depth / step);
        float Interpolated(float x, float y, float z)
        {
            // Centres of voxels lie at halves; beyond the outermost ones their values go on.
            (x, y, z) = (Math.Clamp(x - 0.5f, 0, shape.X - 1), Math.Clamp(y - 0.5f, 0, shape.Y - 1), Math.Clamp(z - 0.5f, 0, shape.Z - 1));
            int x0 = (int)x, y0 = (int)y, z0 = (int)z, dx = x0 + 1 < shape.X ? 1 : 0, dy = y0 + 1 < shape.Y ? shape.X : 0, dz = z0 + 1 < shape.Z ? shape.SectionCount : 0;
            float fx = x - x0, fy = y - y0, fz = z - z0;
            var at = (z0 * shape.Y + y0) * shape.X + x0;
            float Row(int i) => levels[i] + fx * (levels[i + dx] - levels[i]);
            float Plane(int i) => Row(i) + fy * (Row(i + dy) - Row(i));
            return Plane(at) + fz * (Plane(at + dz) - Plane(at));
        }
        Parallel.For(Math.Max(0, top), Math.Min(canvas.Height, top + height), py =>
        {
            for (var px = left; px < left + width; px++)
            {
                var start = view.Unproject(px, py) + Projection.ToEye * depth - boxLow;
                float x = (float)(start.X / size.X), y = (float)(start.Y / size.Y), z = (float)(start.Z / size.Z);
                float light = 0, through = 1;
                for (var i = 0; i < steps && through > 0.02f; i++, x += sx, y += sy, z += sz)
                {
                    int ix = (int)x, iy = (int)y, iz = (int)z;
                    if (x < 0 || y < 0 || z < 0 || (uint)ix >= (uint)shape.X || (uint)iy >= (uint)shape.Y || (uint)iz >= (uint)shape.Z)
                        continue;
                    var level = smooth ? Interpolated(x, y, z) : levels[(iz * shape.Y + iy) * shape.X + ix];
                    var share = through * opacities[(int)level];
                    light += share * level;
                    through -= share;
                }
                if (through >= 1)
                    continue;
                var at = 3 * (py * canvas.Width + px);
                for (var i = 0; i < 3; i++)
                    canvas.Pixels[at + i] = (byte)Math.Clamp(light + through * canvas.Pixels[at + i], 0, 255);
            }
        });
        view.DrawBox(canvas, front: true, Rgb.Pale, line);
        return view;
    }
}
