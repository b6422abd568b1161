using System.Globalization;
using VisionCell.Augmentation;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>A walk once around a field, at one height.</summary>
public static class Turntable
{
    /// <summary>Cameras on a circle about the y axis through the middle of a box, which they see whole.</summary>
    /// <param name="bounds">The box, nm.</param>
    /// <param name="count">Their number.</param>
    /// <param name="pixels">Edge of their images.</param>
    /// <param name="elevation">How far above the middle they stand, degrees.</param>
    /// <exception cref="BadInputException">A number is out of range.</exception>
    public static IReadOnlyList<Camera> Cameras(FieldBounds bounds, int count, int pixels, double elevation = 25)
    {
        if (count is < 1 or > 10_000 || pixels is < 1 or > 8192 || !(Math.Abs(elevation) <= 85))
            throw new BadInputException(FormattableString.Invariant($"a turntable of {count} views of {pixels} pixels at {elevation} degrees; allowed: 1 to 10,000, 1 to 8192, -85 to 85"));
        const double angle = 30;
        var (low, high) = (bounds.Lower, bounds.Upper);
        var middle = new Position((low.Z + high.Z) / 2, (low.Y + high.Y) / 2, (low.X + high.X) / 2);
        // The sphere about the box just fits the image.
        var radius = new Direction(high.Z - low.Z, high.Y - low.Y, high.X - low.X).Length / 2 / Math.Sin(angle * Math.PI / 360);
        var (up, aside) = Math.SinCos(elevation * Math.PI / 180);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            var (x, z) = Math.SinCos(2 * Math.PI * i / count);
            return Camera.LookAt(new Position(middle.Z - radius * aside * z, middle.Y - radius * up, middle.X + radius * aside * x), middle, angle, pixels, pixels);
        })];
    }

    /// <summary>Frames of the field: its emission where it has one; else its surfaces, lit from the eye.</summary>
    /// <param name="field">A field that is never negative.</param>
    /// <param name="count">Frames.</param>
    /// <param name="pixels">Edge of a frame.</param>
    /// <param name="elevation">How far above the middle the camera stands, degrees.</param>
    /// <param name="cancellation">Ends it between bundles of rays.</param>
    /// <exception cref="BadInputException">The field may be negative, or a number is out of range.</exception>
    public static SliceVideo Video(HashField field, int count = 60, int pixels = 128, double elevation = 25, CancellationToken cancellation = default)
    {
        var cameras = Cameras(field.Bounds, count, pixels, elevation);
        List<byte[]> frames = [.. cameras.Select(c => Shaded(field, FieldRenderer.Render(field, c, cancellation: cancellation)))];
        var voxel = field.VoxelSize;
        return new SliceVideo(frames, pixels, pixels, (voxel.Y, voxel.X), new double[count], [.. frames.Select(_ => true)], Provenance.Of("neural field").With($"turntable of {count} views"))
        {
            Labels = [.. Enumerable.Range(0, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{360.0 * i / count:0}°"))],
        };
    }

    /// <summary>Grey levels of a view.</summary>
    private static byte[] Shaded(HashField field, RenderedView view)
    {
        const float ambient = 0.25f;
        var (camera, grey) = (view.Camera, new byte[view.Opacity.Length]);
        for (var i = 0; i < grey.Length; i++)
        {
            var towards = camera.Ray(i / camera.Width, i % camera.Width).Direction;
            var facing = -(view.Normals[3 * i] * towards.Z + view.Normals[3 * i + 1] * towards.Y + view.Normals[3 * i + 2] * towards.X);
            var light = field.Configuration.Emits ? view.Intensity[i] : view.Opacity[i] * (ambient + (1 - ambient) * Math.Max(0, (float)facing));
            grey[i] = (byte)Math.Clamp(MathF.Round(255 * light), 0, 255);
        }
        return grey;
    }
}
