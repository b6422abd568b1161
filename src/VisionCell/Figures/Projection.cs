using VisionCell.Meshing;

namespace VisionCell.Figures;

/// <summary>
/// The view of a box on a static picture: parallel projection from x = y = z towards the centre, z upwards: about
/// where the camera of the interactive figure starts.
/// </summary>
internal sealed class Projection
{
    private static readonly Vector3d s_toEye = new Vector3d(1, 1, 1).Normalised();
    private static readonly Vector3d s_right = new Vector3d(-1, 1, 0).Normalised();
    private static readonly Vector3d s_up = new Vector3d(-1, -1, 2).Normalised();

    private readonly Vector3d _centre;
    private readonly double _scale;
    private readonly double _x, _y;

    public Projection(Vector3d low, Vector3d high, int left, int top, int width, int height)
    {
        (Low, High) = (low, high);
        _centre = (low + high) * 0.5;
        (_x, _y) = (left + width / 2.0, top + height / 2.0);
        double across = 1e-9, upwards = 1e-9;
        foreach (var corner in Corners())
        {
            across = Math.Max(across, Math.Abs((corner - _centre).Dot(s_right)));
            upwards = Math.Max(upwards, Math.Abs((corner - _centre).Dot(s_up)));
        }
        _scale = Math.Min(width / 2.0 / across, height / 2.0 / upwards);
    }

    public static Vector3d ToEye => s_toEye;

    public Vector3d Low { get; }

    public Vector3d High { get; }

    /// <summary>Pixel and distance towards the eye.</summary>
    public (double X, double Y, double Depth) Project(Vector3d p)
    {
        var d = p - _centre;
        return (_x + d.Dot(s_right) * _scale, _y - d.Dot(s_up) * _scale, d.Dot(s_toEye));
    }

    /// <summary>The point under a pixel in the plane through the centre.</summary>
    public Vector3d Unproject(double x, double y) => _centre + s_right * ((x - _x) / _scale) + s_up * ((_y - y) / _scale);

    /// <summary>The edges of the box that lie behind its contents, or those in front.</summary>
    public void DrawBox(Canvas canvas, bool front, Rgb colour, int thickness = 1)
    {
        for (var c = 0; c < 8; c++)
        {
            for (var bit = 1; bit < 8; bit <<= 1)
            {
                // The corner nearest the eye is the one with all coordinates high.
                if ((c & bit) != 0 || (c | bit) == 7 != front)
                    continue;
                var (x0, y0, _) = Project(Corner(c));
                var (x1, y1, _) = Project(Corner(c | bit));
                canvas.Line(x0, y0, x1, y1, colour, thickness);
            }
        }
    }

    /// <summary>Lengths of the box along its three lower edges.</summary>
    public void DrawLengths(Canvas canvas)
    {
        foreach (var (from, to, name, length) in ((int, int, string, double)[])
            [(2, 3, "x", High.X - Low.X), (1, 3, "y", High.Y - Low.Y), (1, 5, "z", High.Z - Low.Z)])
        {
            var (x0, y0, _) = Project(Corner(from));
            var (x1, y1, _) = Project(Corner(to));
            var text = $"{name} {Labels.Length(length)}";
            var beside = name == "x" ? 4 : -Canvas.TextWidth(text) - 4;
            canvas.Text((int)((x0 + x1) / 2) + beside, (int)((y0 + y1) / 2) + (name == "z" ? -4 : 6), text, Rgb.Ink);
        }
    }

    private IEnumerable<Vector3d> Corners() => Enumerable.Range(0, 8).Select(Corner);

    private Vector3d Corner(int c) => new((c & 1) != 0 ? High.X : Low.X, (c & 2) != 0 ? High.Y : Low.Y, (c & 4) != 0 ? High.Z : Low.Z);
}
