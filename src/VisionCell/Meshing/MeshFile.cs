using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>What one unit of a .glb file stands for. The other formats hold nanometres.</summary>
public enum GltfUnit
{
    /// <summary>One unit is one micrometre: the sizes that viewers and engines are made for. The file says so in its extras.</summary>
    Micrometre,

    /// <summary>Metres, as glTF defines them: the same positions under a node scaled by 1e-6. Most viewers clip so small an object.</summary>
    Metre,
}

/// <summary>What is written beside the geometry.</summary>
/// <param name="VoxelSize">Voxel size of the volume that the surface was extracted from, nm.</param>
/// <param name="Name">Name of the object.</param>
/// <param name="IsoValue">The iso value, in the units of the volume, where there is one.</param>
/// <param name="Provenance">Where the data come from; null for nothing said.</param>
/// <param name="GltfUnit">What one unit of a .glb file stands for.</param>
public sealed record MeshMetadata(VoxelSize VoxelSize, string Name = "surface", double? IsoValue = null, Provenance? Provenance = null, GltfUnit GltfUnit = GltfUnit.Micrometre);

/// <summary>
/// Writes meshes: <c>.glb</c> (glTF 2.0 binary), <c>.ply</c> (binary, little endian), <c>.obj</c> (text, its materials in a <c>.mtl</c> beside it),
/// <c>.stl</c> (binary).
/// Axes x, y, z are those of the volume (y runs down the images) in every format. PLY, OBJ and STL hold nanometres; STL can't
/// carry normals by vertex or colours. A file is written beside its place and renamed into it.
/// </summary>
public static class MeshFile
{
    /// <summary>Endings that can be written.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".glb", ".ply", ".obj", ".stl"];

    /// <summary>Writes a mesh in the format that the ending of the path names.</summary>
    /// <param name="mesh">The surface, nm.</param>
    /// <param name="path">Where to; folders are made.</param>
    /// <param name="metadata">Voxel size, name, provenance.</param>
    /// <exception cref="BadInputException">The ending is none of <see cref="Extensions"/>, or the file can't be written.</exception>
    public static void Write(Mesh mesh, string path, MeshMetadata metadata)
    {
        Action<Mesh, Stream, MeshMetadata> write;
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".obj":
                ObjWriter.Write([(metadata.Name, mesh)], path, Comments(metadata));
                return;
            case ".glb":
                write = GltfWriter.Write;
                break;
            case ".ply":
                write = WritePly;
                break;
            case ".stl":
                write = WriteStl;
                break;
            case var other:
                throw new BadInputException($"{path}: a mesh can't be written as '{other}'; use {string.Join(", ", Extensions)}");
        }
        AtomicWrite.File(path, stream => write(mesh, stream, metadata));
    }

    /// <summary>Writes several objects: a .glb holds a node for each, an .obj an object with its material; the other formats hold them as one mesh.</summary>
    /// <param name="objects">Names and surfaces, nm.</param>
    /// <param name="path">As above.</param>
    /// <param name="metadata">As above.</param>
    /// <exception cref="BadInputException">As above.</exception>
    public static void Write(IReadOnlyList<(string Name, Mesh Mesh)> objects, string path, MeshMetadata metadata)
    {
        if (Path.GetExtension(path).Equals(".glb", StringComparison.OrdinalIgnoreCase))
            AtomicWrite.File(path, stream => GltfWriter.Write(objects, stream, metadata));
        else if (Path.GetExtension(path).Equals(".obj", StringComparison.OrdinalIgnoreCase))
            ObjWriter.Write(objects, path, Comments(metadata));
        else
            Write(Mesh.Merge(objects.Select(o => o.Mesh)), path, metadata);
    }

    /// <summary>Voxel size, unit and origin of the data as one-line statements.</summary>
    private static IEnumerable<string> Comments(MeshMetadata metadata)
    {
        var size = metadata.VoxelSize;
        yield return string.Create(CultureInfo.InvariantCulture, $"voxel_size_nm_zyx {size.Z:R} {size.Y:R} {size.X:R}");
        yield return "unit nm";
        if (metadata.IsoValue is { } iso)
            yield return string.Create(CultureInfo.InvariantCulture, $"iso_value {iso:R}");
        foreach (var line in (IEnumerable<string>)(metadata.Provenance is { } from ? [$"source {from.Source}", .. from.Steps.Select(s => $"step {s}")] : []))
            yield return line.ReplaceLineEndings(" ");
    }

    private static void WritePly(Mesh mesh, Stream stream, MeshMetadata metadata)
    {
        var header = new StringBuilder("ply\nformat binary_little_endian 1.0\n");
        foreach (var comment in Comments(metadata))
            header.Append("comment ").Append(comment).Append('\n');
        header.Append(CultureInfo.InvariantCulture, $"element vertex {mesh.VertexCount}\n");
        foreach (var name in (string[])["x", "y", "z", "nx", "ny", "nz"])
            header.Append("property float ").Append(name).Append('\n');
        if (mesh.Colours is not null)
            header.Append("property uchar red\nproperty uchar green\nproperty uchar blue\nproperty uchar alpha\n");
        header.Append(CultureInfo.InvariantCulture, $"element face {mesh.TriangleCount}\nproperty list uchar int vertex_indices\nend_header\n");
        stream.Write(Encoding.UTF8.GetBytes(header.ToString()));

        var normals = mesh.Normals;
        Span<byte> record = stackalloc byte[28];
        for (var v = 0; v < mesh.VertexCount; v++)
        {
            for (var a = 0; a < 3; a++)
            {
                BinaryPrimitives.WriteSingleLittleEndian(record[(4 * a)..], mesh.Positions[3 * v + a]);
                BinaryPrimitives.WriteSingleLittleEndian(record[(12 + 4 * a)..], normals[3 * v + a]);
            }
            mesh.Colours?.AsSpan(4 * v, 4).CopyTo(record[24..]);
            stream.Write(record[..(mesh.Colours is null ? 24 : 28)]);
        }
        record[0] = 3;
        for (var t = 0; t < mesh.Triangles.Length; t += 3)
        {
            for (var i = 0; i < 3; i++)
                BinaryPrimitives.WriteInt32LittleEndian(record[(1 + 4 * i)..], mesh.Triangles[t + i]);
            stream.Write(record[..13]);
        }
    }

    private static void WriteStl(Mesh mesh, Stream stream, MeshMetadata metadata)
    {
        // A binary file must not begin with "solid": readers would take it for the text format.
        var header = new byte[84];
        var text = Encoding.ASCII.GetBytes("binary STL; " + string.Join("; ", Comments(metadata)));
        text.AsSpan(0, Math.Min(80, text.Length)).CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(80), (uint)mesh.TriangleCount);
        stream.Write(header);
        Span<byte> record = stackalloc byte[50];
        for (var t = 0; t < mesh.Triangles.Length; t += 3)
        {
            var (x, y, z) = Mesh.AreaVector(mesh.Positions, mesh.Triangles, t);
            var scale = 1 / Math.Max(double.Epsilon, Math.Sqrt(x * x + y * y + z * z));
            BinaryPrimitives.WriteSingleLittleEndian(record, (float)(x * scale));
            BinaryPrimitives.WriteSingleLittleEndian(record[4..], (float)(y * scale));
            BinaryPrimitives.WriteSingleLittleEndian(record[8..], (float)(z * scale));
            for (var i = 0; i < 9; i++)
                BinaryPrimitives.WriteSingleLittleEndian(record[(12 + 4 * i)..], mesh.Positions[3 * mesh.Triangles[t + i / 3] + i % 3]);
            stream.Write(record);
        }
    }
}
