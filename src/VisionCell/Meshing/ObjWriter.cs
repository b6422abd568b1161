using System.Globalization;
using System.Text;
using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>
/// Wavefront OBJ with its materials in a file <c>NAME.mtl</c> beside it: an object and a material for each mesh. Colours of vertices stand after
/// their positions, which is no part of the format but what MeshLab, Blender and others write and read; a mesh of one colour has that in
/// its material too, for programs that know no others. Source: P. Bourke's copies of the Wavefront specifications of OBJ and MTL,
/// https://paulbourke.net/dataformats.
/// </summary>
internal static class ObjWriter
{
    private static readonly CultureInfo s_culture = CultureInfo.InvariantCulture;

    /// <summary>Writes both files; the materials first, so that an .obj never names a file that is not there.</summary>
    public static void Write(IReadOnlyList<(string Name, Mesh Mesh)> objects, string path, IEnumerable<string> comments)
    {
        var materials = Path.ChangeExtension(path, ".mtl");
        AtomicWrite.File(materials, stream => WithWriter(stream, writer =>
        {
            foreach (var (name, mesh) in objects)
                WriteMaterial(writer, Word(name), mesh);
        }));
        AtomicWrite.File(path, stream => WithWriter(stream, writer =>
        {
            foreach (var comment in comments)
                writer.WriteLine($"# {comment}");
            writer.WriteLine($"mtllib {Path.GetFileName(materials)}");
            var before = 0; // vertices are counted through the whole file, from 1
            foreach (var (name, mesh) in objects)
            {
                writer.WriteLine($"o {Word(name)}");
                writer.WriteLine($"usemtl {Word(name)}");
                WriteMesh(writer, mesh, before + 1);
                before += mesh.VertexCount;
            }
        }));
    }

    private static void WriteMaterial(StreamWriter writer, string name, Mesh mesh)
    {
        // Programs that show colours of vertices multiply them by the material's, so that it is white where they differ.
        var (r, g, b) = (1.0, 1.0, 1.0);
        if (mesh.Colours is null)
            (r, g, b) = (0.85, 0.63, 0.4);
        else if (IsUniform(mesh.Colours))
            (r, g, b) = (mesh.Colours[0] / 255.0, mesh.Colours[1] / 255.0, mesh.Colours[2] / 255.0);
        writer.WriteLine($"newmtl {name}");
        writer.WriteLine(string.Create(s_culture, $"Kd {r:0.####} {g:0.####} {b:0.####}"));
        writer.WriteLine("Ka 0 0 0\nKs 0.1 0.1 0.1\nNs 20\nd 1\nillum 2");
    }

    private static void WriteMesh(StreamWriter writer, Mesh mesh, int first)
    {
        var (positions, normals, colours) = (mesh.Positions, mesh.Normals, mesh.Colours);
        if (colours is not null && IsUniform(colours))
            colours = null;
        for (var v = 0; v < mesh.VertexCount; v++)
        {
            writer.Write(string.Create(s_culture, $"v {positions[3 * v]} {positions[3 * v + 1]} {positions[3 * v + 2]}"));
            writer.WriteLine(colours is null ? "" : string.Create(s_culture, $" {colours[4 * v] / 255f:0.####} {colours[4 * v + 1] / 255f:0.####} {colours[4 * v + 2] / 255f:0.####}"));
        }
        for (var v = 0; v < normals.Length; v += 3)
            writer.WriteLine(string.Create(s_culture, $"vn {normals[v]:0.#####} {normals[v + 1]:0.#####} {normals[v + 2]:0.#####}"));
        for (var t = 0; t < mesh.Triangles.Length; t += 3)
        {
            int a = mesh.Triangles[t] + first, b = mesh.Triangles[t + 1] + first, c = mesh.Triangles[t + 2] + first;
            writer.WriteLine(string.Create(s_culture, $"f {a}//{a} {b}//{b} {c}//{c}"));
        }
    }

    private static bool IsUniform(byte[] colours) => colours.Length > 0 && colours.AsSpan(4).SequenceEqual(colours.AsSpan(0, colours.Length - 4));

    /// <summary>Names end at white space.</summary>
    private static string Word(string name) => string.Join('_', name.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static void WithWriter(Stream stream, Action<StreamWriter> write)
    {
        using var writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
        write(writer);
    }
}
