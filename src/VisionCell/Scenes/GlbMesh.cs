using SharpGLTF.Schema2;
using SharpGLTF.Validation;
using VisionCell.Volumes;
using Mesh = VisionCell.Meshing.Mesh;

namespace VisionCell.Scenes;

/// <summary>Reads the surface of a <c>.glb</c> file that <see cref="Meshing.MeshFile"/> wrote: all triangles of it, in nanometres.</summary>
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
        foreach (var mesh in model.LogicalMeshes)
        {
            if ((double?)mesh.Extras?["nanometresPerUnit"] is not (> 0 and var scale))
                throw new BadInputException($"{path}: does not say how many nanometres its unit is (extras.nanometresPerUnit); give the .glb of 'visioncell mesh'");
            foreach (var primitive in mesh.Primitives)
            {
                var first = positions.Count / 3;
                foreach (var p in primitive.GetVertexAccessor("POSITION").AsVector3Array())
                    positions.AddRange([(float)(p.X * scale), (float)(p.Y * scale), (float)(p.Z * scale)]);
                foreach (var (a, b, c) in primitive.GetTriangleIndices())
                    triangles.AddRange([first + a, first + b, first + c]);
            }
        }
        return triangles.Count > 0 ? new Mesh([.. positions], [.. triangles]) : throw new BadInputException($"{path}: holds no triangle");
    }
}
