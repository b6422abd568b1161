using VisionCell.Meshing;

namespace VisionCell.Figures;

/// <summary>The static picture of a mesh: triangles with interpolated normals, a depth buffer and one lamp beside the eye.</summary>
internal static class MeshPicture
{
    private const int Width = 560, Height = 420;

    public static byte[] Draw(string title, Mesh mesh, Rgb colour)
    {
        var canvas = new Canvas(Width, Height);
        canvas.TextWithin(10, 6, Width - 20, title, Rgb.Ink, title.Length * 12 < Width ? 2 : 1);
        if (mesh.VertexCount > 0)
        {
            var (min, max) = mesh.Bounds;
            Paint(canvas, 60, 34, Width - 120, Height - 70, mesh, colour, (new(min.X, min.Y, min.Z), new(max.X, max.Y, max.Z))).DrawLengths(canvas);
        }
        return canvas.ToPng();
    }

    /// <summary>Paints a surface in its box into a rectangle of a picture.</summary>
    /// <param name="canvas">The picture.</param>
    /// <param name="left">Left edge, pixels.</param>
    /// <param name="top">Upper edge, pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="mesh">A surface with at least one vertex.</param>
    /// <param name="colour">Of vertices without one of their own.</param>
    /// <param name="box">The box, nm.</param>
    /// <param name="line">Width of the box's edges, pixels.</param>
    public static Projection Paint(Canvas canvas, int left, int top, int width, int height, Mesh mesh, Rgb colour, (Vector3d Min, Vector3d Max) box, int line = 1)
    {
        var view = new Projection(box.Min, box.Max, left, top, width, height);
        view.DrawBox(canvas, front: false, Rgb.Pale, line);

        var depths = new double[canvas.Width * canvas.Height];
        Array.Fill(depths, double.NegativeInfinity);
        var corners = new (double X, double Y, double Depth)[mesh.VertexCount];
        for (var v = 0; v < corners.Length; v++)
            corners[v] = view.Project(new(mesh.Positions[3 * v], mesh.Positions[3 * v + 1], mesh.Positions[3 * v + 2]));
        var lamp = (Projection.ToEye + new Vector3d(0.1, -0.5, 0.5)).Normalised();
        var light = new double[mesh.VertexCount];
        var normals = mesh.Normals;
        for (var v = 0; v < light.Length; v++)
        {
            var n = new Vector3d(normals[3 * v], normals[3 * v + 1], normals[3 * v + 2]);
            // An open surface shows its inside, whose normals point away from the eye.
            if (n.Dot(Projection.ToEye) < 0)
                n *= -1;
            light[v] = 0.3 + 0.7 * Math.Max(0, n.Dot(lamp));
        }

        for (var t = 0; t < mesh.Triangles.Length; t += 3)
        {
            int i = mesh.Triangles[t], j = mesh.Triangles[t + 1], k = mesh.Triangles[t + 2];
            var (a, b, c) = (corners[i], corners[j], corners[k]);
            var area = (b.X - a.X) * (c.Y - a.Y) - (c.X - a.X) * (b.Y - a.Y);
            if (area == 0)
                continue;
            int first = (int)Math.Floor(Math.Min(a.X, Math.Min(b.X, c.X))), last = (int)Math.Ceiling(Math.Max(a.X, Math.Max(b.X, c.X)));
            int upper = (int)Math.Floor(Math.Min(a.Y, Math.Min(b.Y, c.Y))), lower = (int)Math.Ceiling(Math.Max(a.Y, Math.Max(b.Y, c.Y)));
            for (var y = Math.Max(0, upper); y <= Math.Min(canvas.Height - 1, lower); y++)
            {
                for (var x = Math.Max(0, first); x <= Math.Min(canvas.Width - 1, last); x++)
                {
                    var wb = ((x - a.X) * (c.Y - a.Y) - (c.X - a.X) * (y - a.Y)) / area;
                    var wc = ((b.X - a.X) * (y - a.Y) - (x - a.X) * (b.Y - a.Y)) / area;
                    var wa = 1 - wb - wc;
                    if (wa < -1e-9 || wb < -1e-9 || wc < -1e-9)
                        continue;
                    var depth = wa * a.Depth + wb * b.Depth + wc * c.Depth;
                    if (depth <= depths[y * canvas.Width + x])
                        continue;
                    depths[y * canvas.Width + x] = depth;
                    var brightness = wa * light[i] + wb * light[j] + wc * light[k];
                    var own = mesh.Colours is { } m ? new Rgb(m[4 * i], m[4 * i + 1], m[4 * i + 2]) : colour;
                    canvas.Set(x, y, new Rgb((byte)(own.R * brightness), (byte)(own.G * brightness), (byte)(own.B * brightness)));
                }
            }
        }
        view.DrawBox(canvas, front: true, Rgb.Pale, line);
        return view;
    }
}
