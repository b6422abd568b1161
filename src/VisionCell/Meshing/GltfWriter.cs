using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SharpGLTF.Memory;
using SharpGLTF.Schema2;

namespace VisionCell.Meshing;

/// <summary>
/// glTF 2.0 in one binary file. Positions are micrometres (see <see cref="GltfUnit"/>); voxel size, unit and provenance stand in
/// the extras of the mesh. The frame is right-handed as the volume's own, so it is written as it is: y runs down the images,
/// and a viewer, which takes y for up, shows the structure turned about x, never mirrored.
/// </summary>
internal static class GltfWriter
{
    private const float NmPerUnit = 1000;

    public static void Write(Mesh mesh, Stream stream, MeshMetadata metadata) => Write([(metadata.Name, mesh)], stream, metadata);

    /// <summary>Several objects, a node each.</summary>
    public static void Write(IReadOnlyList<(string Name, Mesh Mesh)> objects, Stream stream, MeshMetadata metadata)
    {
        var model = ModelRoot.CreateModel();
        model.Asset.Generator = "Vision Cell";
        var material = model.CreateMaterial(metadata.Name);
        material.InitializePBRMetallicRoughness();
        material.DoubleSided = true; // open borders show the inside
        if (material.FindChannel("MetallicRoughness") is { } channel)
        {
            channel.SetFactor("MetallicFactor", 0);
            channel.SetFactor("RoughnessFactor", 0.6f);
        }
        foreach (var (name, mesh) in objects)
        {
            var node = model.UseScene(0).CreateNode(name);
            node.Mesh = Add(model, mesh, material, metadata with { Name = name });
            if (metadata.GltfUnit == GltfUnit.Metre)
                node.LocalTransform = Matrix4x4.CreateScale(1e-6f);
        }
        // Objects share one buffer: a binary file holds one.
        model.MergeBuffers();
        model.WriteGLB(stream);
    }

    private static SharpGLTF.Schema2.Mesh Add(ModelRoot model, Mesh mesh, Material material, MeshMetadata metadata)
    {
        var gltf = model.CreateMesh(metadata.Name);
        gltf.Extras = Extras(metadata);
        var primitive = gltf.CreatePrimitive();
        primitive.DrawPrimitiveType = PrimitiveType.TRIANGLES;

        var positions = new float[mesh.Positions.Length];
        for (var i = 0; i < positions.Length; i++)
            positions[i] = mesh.Positions[i] / NmPerUnit;
        AddVertices(model, primitive, "POSITION", MemoryMarshal.AsBytes(positions.AsSpan()), mesh.VertexCount, new AttributeFormat(DimensionType.VEC3, EncodingType.FLOAT));
        AddVertices(model, primitive, "NORMAL", MemoryMarshal.AsBytes(mesh.Normals.AsSpan()), mesh.VertexCount, new AttributeFormat(DimensionType.VEC3, EncodingType.FLOAT));
        if (mesh.Colours is not null)
            AddVertices(model, primitive, "COLOR_0", Linear(mesh.Colours), mesh.VertexCount, new AttributeFormat(DimensionType.VEC4, EncodingType.UNSIGNED_BYTE, true));

        var indices = model.CreateAccessor();
        indices.SetIndexData(model.UseBufferView(MemoryMarshal.AsBytes(mesh.Triangles.AsSpan()).ToArray(), 0, null, 0, BufferMode.ELEMENT_ARRAY_BUFFER), 0, mesh.Triangles.Length, IndexEncodingType.UNSIGNED_INT);
        primitive.SetIndexAccessor(indices);
        primitive.Material = material;
        return gltf;
    }

    private static void AddVertices(ModelRoot model, MeshPrimitive primitive, string name, ReadOnlySpan<byte> data, int count, AttributeFormat format)
    {
        var accessor = model.CreateAccessor();
        accessor.SetVertexData(model.UseBufferView(data.ToArray(), 0, null, 0, BufferMode.ARRAY_BUFFER), 0, count, format);
        primitive.SetVertexAccessor(name, accessor);
    }

    private static JsonObject Extras(MeshMetadata metadata)
    {
        var size = metadata.VoxelSize;
        var extras = new JsonObject
        {
            ["unit"] = "micrometre",
            ["nanometresPerUnit"] = NmPerUnit,
            ["voxelSizeNmZyx"] = new JsonArray(size.Z, size.Y, size.X),
            ["axes"] = "x right, y down, z deeper into the stack",
        };
        if (metadata.IsoValue is { } iso)
            extras["isoValue"] = iso;
        if (metadata.Provenance is { } provenance)
        {
            extras["source"] = provenance.Source;
            extras["steps"] = new JsonArray([.. provenance.Steps.Select(s => (JsonNode)s)]);
        }
        return extras;
    }

    /// <summary>glTF takes vertex colours as linear light, unlike textures; alpha is linear already.</summary>
    private static byte[] Linear(byte[] srgb)
    {
        var result = (byte[])srgb.Clone();
        for (var i = 0; i < result.Length; i++)
        {
            var c = srgb[i] / 255.0;
            if (i % 4 != 3)
                result[i] = (byte)Math.Round(255 * (c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4)));
        }
        return result;
    }
}
