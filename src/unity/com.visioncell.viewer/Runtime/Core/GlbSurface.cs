#nullable enable
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace VisionCell.Viewer
{
    /// <summary>The surface in a .glb file of Vision Cell: one mesh of triangles, positions in micrometres, in the frame of the volume.</summary>
    public sealed class GlbSurface
    {
        private const int Triangles = 4;
        private const int ByteComponent = 5121;
        private const int UInt32Component = 5125;
        private const int FloatComponent = 5126;

        private GlbSurface(float[] positions, float[] normals, int[] triangles, byte[]? colours)
        {
            Positions = positions;
            Normals = normals;
            Indices = triangles;
            Colours = colours;
        }

        /// <summary>x, y, z of each vertex, µm.</summary>
        public float[] Positions { get; }

        /// <summary>Unit vectors out of the structure.</summary>
        public float[] Normals { get; }

        /// <summary>Three vertices each.</summary>
        public int[] Indices { get; }

        /// <summary>Red, green, blue and alpha of each vertex, linear light, 0 to 255; null where the file has none.</summary>
        public byte[]? Colours { get; }

        /// <summary>Reads the bytes of a file. Source: glTF 2.0, chapter 4.4 (binary container).</summary>
        /// <exception cref="InvalidDataException">It is no such file.</exception>
        public static GlbSurface Parse(byte[] file)
        {
            if (file.Length < 28 || Word(file, 0) != 0x46546C67 || Word(file, 4) != 2 || Word(file, 16) != 0x4E4F534A)
                throw new InvalidDataException("this is no binary glTF 2.0");
            var length = (int)Word(file, 12);
            if (length < 0 || length > file.Length - 28 || Word(file, 24 + length) != 0x004E4942)
                throw new InvalidDataException("the binary glTF is damaged");
            var json = Json.ParseObject(Encoding.UTF8.GetString(file, 20, length).TrimEnd(' ', '\0'));
            var data = new ArraySegment<byte>(file, 28 + length, file.Length - 28 - length);
            var primitive = At(At(json, "meshes", 0), "primitives", 0);
            if (primitive.TryGetValue("mode", out var mode) && !Equals(mode, (double)Triangles))
                throw new InvalidDataException("the mesh holds no triangles");
            var attributes = primitive["attributes"] as Dictionary<string, object?> ?? throw new InvalidDataException("the mesh has no attributes");
            var positions = Floats(json, data, Json.Number(attributes, "POSITION"));
            var normals = Floats(json, data, Json.Number(attributes, "NORMAL"));
            var (bytes, count) = Bytes(json, data, Json.Number(primitive, "indices"), UInt32Component, 1);
            var indices = new int[count];
            for (var i = 0; i < count; i++)
            {
                indices[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4 * i));
                if (indices[i] < 0 || indices[i] >= positions.Length / 3)
                    throw new InvalidDataException("a triangle names a vertex that is not there");
            }
            byte[]? colours = null;
            if (attributes.ContainsKey("COLOR_0"))
            {
                var (rgba, coloured) = Bytes(json, data, Json.Number(attributes, "COLOR_0"), ByteComponent, 4);
                colours = 3 * coloured == positions.Length ? rgba.ToArray() : throw new InvalidDataException("the mesh has not a colour for each vertex");
            }
            return normals.Length == positions.Length ? new GlbSurface(positions, normals, indices, colours) : throw new InvalidDataException("the mesh has not a normal for each vertex");
        }

        private static float[] Floats(Dictionary<string, object?> json, ArraySegment<byte> data, double accessor)
        {
            var (bytes, count) = Bytes(json, data, accessor, FloatComponent, 3);
            var result = new float[3 * count];
            for (var i = 0; i < result.Length; i++)
                result[i] = BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4 * i)));
            return result;
        }

        private static (ArraySegment<byte> Bytes, int Count) Bytes(Dictionary<string, object?> json, ArraySegment<byte> data, double accessor, int component, int perElement)
        {
            var a = At(json, "accessors", (int)accessor);
            if (Json.Number(a, "componentType") != component)
                throw new InvalidDataException("an accessor is of another type than Vision Cell writes");
            var view = At(json, "bufferViews", (int)Json.Number(a, "bufferView"));
            var element = perElement * (component == ByteComponent ? 1 : 4);
            if (view.ContainsKey("byteStride") && Json.Number(view, "byteStride") != element)
                throw new InvalidDataException("an accessor is laid out otherwise than Vision Cell writes it");
            var count = (int)Json.Number(a, "count");
            var offset = (view.ContainsKey("byteOffset") ? Json.Number(view, "byteOffset") : 0) + (a.ContainsKey("byteOffset") ? Json.Number(a, "byteOffset") : 0);
            if (count < 0 || offset < 0 || offset + (double)element * count > data.Count)
                throw new InvalidDataException("an accessor reaches beyond the file");
            return (new ArraySegment<byte>(data.Array!, data.Offset + (int)offset, element * count), count);
        }

        private static Dictionary<string, object?> At(Dictionary<string, object?> from, string key, int index)
        {
            var list = Json.List(from, key);
            return index >= 0 && index < list.Count && list[index] is Dictionary<string, object?> found ? found : throw new InvalidDataException($"'{key}' has no entry {index}");
        }

        private static uint Word(byte[] file, int at) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at));
    }
}
