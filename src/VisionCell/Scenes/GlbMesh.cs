using SharpGLTF.Schema2;
using SharpGLTF.Validation;
using VisionCell.Volumes;
using Mesh = VisionCell.Meshing.Mesh;

namespace VisionCell.Scenes;

/// <summary>Reads the surface of a <c>.glb</c> file that <see cref="Meshing.MeshFile"/> wrote: all triangles of it, in nanometres, with the colours of its vertices where all have some.</summary>
public static class GlbMesh
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="BadInputException">It is missing, no glTF, without triangles, or does not say how long its unit is.</exception>
    public static Mesh Read(string path)
    {
        if (!File.Exists(path))
            throw new BadInputException($"{path}: no such file");
        ModelRoot model;
        try
        {
            model = ModelRoot.Load(path);
        }
        catch (Exception e) when (e is InvalidDataException or ModelException or ArgumentException or System.Text.Json.JsonException or EndOfStreamException)
        {
            throw new BadInputException($"{path}: not a glTF file that can be read ({e.Message.Split('\n')[0].Trim()}); give the .glb of 'visioncell mesh'", e);
        }
        List<float> positions = [];
        List<int> triangles = [];
        List<byte> colours = [];
        foreach (var mesh in model.LogicalMeshes)
        {
            if ((double?)mesh.Extras?["nanometresPerUnit"] is not (> 0 and var scale))
                throw new BadInputException($"{path}: does not say how many nanometres its unit is (extras.nanometresPerUnit); give the .glb of 'visioncell mesh'");
            foreach (var primitive in mesh.Primitives)
            {
                var first = positions.Count / 3;
                foreach (var p in primitive.GetVertexAccessor("POSITION").AsVector3Array())
                    positions.AddRange([(float)(p.X * scale), (float)(p.Y * scale), (float)(p.Z * scale)]);
                if (primitive.GetVertexAccessor("COLOR_0") is { } accessor)
                {
                    foreach (var c in accessor.AsColorArray())
                        colours.AddRange([Srgb(c.X), Srgb(c.Y), Srgb(c.Z), (byte)Math.Round(255 * Math.Clamp(c.W, 0, 1))]);
                }
                foreach (var (a, b, c) in primitive.GetTriangleIndices())
                    triangles.AddRange([first + a, first + b, first + c]);
            }
        }
        var coloured = 3 * colours.Count == 4 * positions.Count;
        return triangles.Count > 0 ? new Mesh([.. positions], [.. triangles], null, coloured ? [.. colours] : null) : throw new BadInputException($"{path}: holds no triangle");
    }

    /// <summary>glTF holds vertex colours as linear light.</summary>
    private static byte Srgb(float linear)
    {
        var c = Math.Clamp(linear, 0, 1);
        return (byte)Math.Round(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * Math.Pow(c, 1 / 2.4) - 0.055));
    }
}
