using VisionCell.Volumes;

namespace VisionCell.Viewer.Tests;

/// <summary>
/// The ray marcher on the processor, in double precision, on the plain volume: no bricks, no textures, no skipping. What the shader must
/// draw, written from the formulas and not from the shader.
/// </summary>
internal sealed class ReferenceRayMarcher(Volume<byte> volume, RayMarchParameters how, TransferFunction transfer, ClipVolume clip)
{
    private readonly Double3 _size = new(volume.VoxelSize.X, volume.VoxelSize.Y, volume.VoxelSize.Z);
    private readonly Double3 _corner = new Double3(volume.Origin.X, volume.Origin.Y, volume.Origin.Z) - new Double3(volume.VoxelSize.X, volume.VoxelSize.Y, volume.VoxelSize.Z) * 0.5;
    private readonly int[] _shape = [volume.Shape.X, volume.Shape.Y, volume.Shape.Z];

    /// <summary>Voxel by which gradients and steps are counted: that of the finest level, also where <paramref name="volume"/> is a coarser one.</summary>
    public Double3 Unit { get; init; } = new(volume.VoxelSize.X, volume.VoxelSize.Y, volume.VoxelSize.Z);

    private double Edge => Math.Min(Unit.X, Math.Min(Unit.Y, Unit.Z));

    private double Value(Double3 p)
    {
        Span<int> cell = stackalloc int[3];
        Span<double> share = stackalloc double[3];
        for (var a = 0; a < 3; a++)
        {
            var at = Math.Clamp((p - _corner)[a] / _size[a] - 0.5, 0, _shape[a] - 1);
            cell[a] = Math.Min((int)at, Math.Max(0, _shape[a] - 2));
            share[a] = at - cell[a];
        }
        var sum = 0.0;
        Span<int> v = stackalloc int[3];
        for (var c = 0; c < 8; c++)
        {
            double weight = 1;
            for (var a = 0; a < 3; a++)
            {
                var up = c >> a & 1;
                v[a] = Math.Min(cell[a] + up, _shape[a] - 1);
                weight *= up == 1 ? share[a] : 1 - share[a];
            }
            sum += weight * volume[v[2], v[1], v[0]];
        }
        return (sum - how.Window.Low) / (how.Window.High - how.Window.Low);
    }

    private Double3 Gradient(Double3 p)
    {
        var end = _corner + _size.Times(new Double3(_shape[0], _shape[1], _shape[2]));
        double Along(int a)
        {
            var e = new Double3(a == 0 ? Unit.X : 0, a == 1 ? Unit.Y : 0, a == 2 ? Unit.Z : 0);
            Double3 low = p - e, high = p + e;
            double below = Math.Max(low[a], _corner[a]), above = Math.Min(high[a], end[a]);
            Double3 With(double v) => new(a == 0 ? v : p.X, a == 1 ? v : p.Y, a == 2 ? v : p.Z);
            return (Value(With(above)) - Value(With(below))) / ((above - below) / Unit[a]);
        }
        return new Double3(Along(0), Along(1), Along(2));
    }

    private static double Opacity(double a, double ways) => 1 - Math.Pow(1 - Math.Min(a, 0.9999), ways);

    private double Lit(Double3 p)
    {
        if (how.Shadow <= 0)
            return 1;
        double clear = 1, way = 2 * Edge / how.SamplesPerVoxel, at = 0;
        var box = new ClipVolume(_corner, _corner + _size.Times(new Double3(_shape[0], _shape[1], _shape[2])));
        for (var i = 0; i < 6; i++, way *= 1.5)
        {
            at += way;
            var there = p + how.Light.Unit() * at;
            if (!box.Contains(there))
                break;
            var value = Value(there);
            clear *= 1 - (how.Mode == RenderMode.Surface ? (value >= Iso ? 0.5 : 0) : Opacity(transfer.At(value, 1).A, way / (Edge * how.ReferenceVoxels)));
        }
        return 1 - how.Shadow * (1 - clear);
    }

    private double Iso => (how.IsoValue - how.Window.Low) / (how.Window.High - how.Window.Low);

    private Double3 Shade(Double3 colour, Double3 p, Double3 gradient, Double3 direction)
    {
        var normal = gradient.Over(Unit);
        var light = Lit(p);
        if (normal.Length < 1e-12)
            return colour * Math.Min(1, how.Ambient + how.Diffuse * light);
        normal = normal.Unit();
        var to = how.Light.Unit();
        var specular = how.Specular * Math.Pow(Math.Abs(normal.Dot((to - direction).Unit())), how.Shininess) * light;
        return colour * (how.Ambient + how.Diffuse * Math.Abs(normal.Dot(to)) * light) + new Double3(specular, specular, specular);
    }

    /// <summary>Red, green, blue, opacity of a pixel.</summary>
    public double[] March(Ray3 ray, int x, int y)
    {
        var end = _corner + _size.Times(new Double3(_shape[0], _shape[1], _shape[2]));
        var left = new ClipVolume(new Double3(Math.Max(clip.Low.X, _corner.X), Math.Max(clip.Low.Y, _corner.Y), Math.Max(clip.Low.Z, _corner.Z)), new Double3(Math.Min(clip.High.X, end.X), Math.Min(clip.High.Y, end.Y), Math.Min(clip.High.Z, end.Z)));
        left.Planes.AddRange(clip.Planes);
        if (!left.Clip(ray, out var from, out var to))
            return [0, 0, 0, 0];
        var step = Edge / how.SamplesPerVoxel;
        var noise = 0.06711056f * x + 0.00583715f * y;
        noise = 52.9829189f * (noise - MathF.Floor(noise));
        var t = from + step * (how.Jitter ? noise - MathF.Floor(noise) : 0.5);
        Double3 light = default;
        double clear = 1, most = double.NegativeInfinity;
        var first = true;
        for (; t < to; t += step)
        {
            var p = ray.At(t);
            var value = Value(p);
            if (how.Mode == RenderMode.Maximum)
            {
                most = Math.Max(most, value);
            }
            else if (how.Mode == RenderMode.Surface && value >= Iso)
            {
                double low = first ? t : t - step, high = t;
                for (var i = 0; i < 30; i++)
                {
                    var middle = (low + high) / 2;
                    if (Value(ray.At(middle)) >= Iso)
                        high = middle;
                    else
                        low = middle;
                }
                var hit = ray.At(high);
                var c = Shade(new Double3(how.SurfaceColour.R, how.SurfaceColour.G, how.SurfaceColour.B), hit, Gradient(hit), ray.Direction);
                return [c.X, c.Y, c.Z, how.Opacity];
            }
            else if (how.Mode == RenderMode.Translucent)
            {
                var gradient = Gradient(p);
                var c = transfer.At(value, gradient.Length);
                var opacity = Opacity(c.A, step / (Edge * how.ReferenceVoxels));
                light += Shade(new Double3(c.R, c.G, c.B), p, gradient, ray.Direction) * (clear * opacity);
                clear *= 1 - opacity;
                if (1 - clear >= how.EndOpacity)
                    break;
            }
            first = false;
        }
        if (how.Mode == RenderMode.Surface)
            return [0, 0, 0, 0];
        if (how.Mode == RenderMode.Maximum)
            return double.IsInfinity(most) ? [0, 0, 0, 0] : [Math.Clamp(most, 0, 1), Math.Clamp(most, 0, 1), Math.Clamp(most, 0, 1), how.Opacity];
        return clear < 1 ? [light.X / (1 - clear), light.Y / (1 - clear), light.Z / (1 - clear), (1 - clear) * how.Opacity] : [0, 0, 0, 0];
    }
}
