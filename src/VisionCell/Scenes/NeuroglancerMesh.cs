using System.Runtime.InteropServices;
using System.Text;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>
/// Meshes as Neuroglancer reads them, at one resolution: a folder with <c>info</c>, for each object a manifest <c>ID:0</c> and a binary
/// fragment (little endian: the number of vertices as uint32, x, y, z of each in nm as float32, three uint32 for each triangle).
/// Source: Neuroglancer, src/datasource/precomputed/meshes.md, "Legacy single-resolution mesh format".
/// </summary>
public static class NeuroglancerMesh
{
    /// <summary>Writes objects into a folder, which must be empty or hold meshes.</summary>
    /// <param name="meshes">Each object under its number, which is above 0.</param>
    /// <param name="folder">Destination.</param>
    /// <exception cref="BadInputException">A mesh is empty, a number is not above 0, or the folder holds something else.</exception>
    public static void Write(IReadOnlyDictionary<ulong, Mesh> meshes, string folder)
    {
        foreach (var (id, mesh) in meshes)
        {
            if (id == 0)
                throw new BadInputException("object 0: numbers of objects begin with 1, 0 is the background");
            if (mesh.TriangleCount == 0)
                throw new BadInputException($"object {id} has no triangle: there is nothing to show");
        }
        AtomicWrite.Folder(folder, f => File.Exists(Path.Combine(f, "info")), target =>
        {
            File.WriteAllText(Path.Combine(target, "info"), """{"@type": "neuroglancer_legacy_mesh"}""");
            foreach (var (id, mesh) in meshes)
            {
                File.WriteAllText(Path.Combine(target, $"{id}:0"), $$"""{"fragments": ["{{id}}.fragment"]}""");
                using var stream = new FileStream(Path.Combine(target, $"{id}.fragment"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
                using var writer = new BinaryWriter(stream, Encoding.UTF8);
                writer.Write((uint)mesh.VertexCount);
                writer.Write(MemoryMarshal.AsBytes(mesh.Positions.AsSpan()));
                writer.Write(MemoryMarshal.AsBytes(mesh.Triangles.AsSpan()));
            }
        });
    }
}
