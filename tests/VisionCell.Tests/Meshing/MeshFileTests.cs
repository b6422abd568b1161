using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using SharpGLTF.Schema2;
using VisionCell.Meshing;
using VisionCell.Volumes;
using Mesh = VisionCell.Meshing.Mesh;

namespace VisionCell.Tests.Meshing;

public sealed class MeshFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vc-mesh").FullName;
    private readonly MeshMetadata _metadata = new(new VoxelSize(40, 12, 8), "ball", 0, Provenance.Of("ball.tif").With("crop"));
    private readonly Mesh _mesh;

    public MeshFileTests()
    {
        var plain = MarchingCubes.Extract(Shapes.AnisotropicBall(), 0);
        var colours = new byte[4 * plain.VertexCount];
        new Random(1).NextBytes(colours);
        _mesh = new Mesh(plain.Positions, plain.Triangles, plain.Normals, colours);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string PathOf(string name) => Path.Combine(_folder, name);

    [Theory]
    [InlineData(GltfUnit.Micrometre)]
    [InlineData(GltfUnit.Metre)]
    public void Glb_holds_the_mesh_in_micrometres_with_voxel_size(GltfUnit unit)
    {
        MeshFile.Write(_mesh, PathOf("a.glb"), _metadata with { GltfUnit = unit });
        var model = ModelRoot.Load(PathOf("a.glb")); // validates
        var primitive = Assert.Single(Assert.Single(model.LogicalMeshes).Primitives);
        var positions = primitive.GetVertexAccessor("POSITION").AsVector3Array();
        Assert.Equal(_mesh.VertexCount, positions.Count);
        for (var v = 0; v < positions.Count; v++)
        {
            Assert.Equal(_mesh.Positions[3 * v] / 1000, positions[v].X, 1e-6f);
            Assert.Equal(_mesh.Positions[3 * v + 2] / 1000, positions[v].Z, 1e-6f);
        }
        Assert.Equal(_mesh.Triangles, primitive.GetIndices().Select(i => (int)i));
        Assert.Equal(_mesh.VertexCount, primitive.GetVertexAccessor("NORMAL").Count);
        Assert.NotNull(primitive.GetVertexAccessor("COLOR_0"));
        var extras = (JsonObject)model.LogicalMeshes[0].Extras;
        Assert.Equal([40.0, 12, 8], extras["voxelSizeNmZyx"]!.AsArray().Select(n => n!.GetValue<double>()));
        Assert.Equal("micrometre", extras["unit"]!.GetValue<string>());
        Assert.Equal("ball.tif", extras["source"]!.GetValue<string>());
        Assert.Equal(unit == GltfUnit.Metre ? 1e-6f : 1f, model.LogicalNodes[0].WorldMatrix.M11, 1e-9f);
    }

    [Fact]
    public void Ply_round_trips_with_its_comments()
    {
        MeshFile.Write(_mesh, PathOf("a.ply"), _metadata);
        var bytes = File.ReadAllBytes(PathOf("a.ply"));
        var end = bytes.AsSpan().IndexOf("end_header\n"u8) + 11;
        var header = Encoding.ASCII.GetString(bytes, 0, end);
        Assert.StartsWith("ply\nformat binary_little_endian 1.0\ncomment voxel_size_nm_zyx 40 12 8\ncomment unit nm\n", header, StringComparison.Ordinal);
        Assert.Contains($"element vertex {_mesh.VertexCount}\n", header, StringComparison.Ordinal);
        Assert.Contains($"element face {_mesh.TriangleCount}\n", header, StringComparison.Ordinal);
        Assert.Equal(end + 28 * _mesh.VertexCount + 13 * _mesh.TriangleCount, bytes.Length);
        for (var v = 0; v < _mesh.VertexCount; v++)
        {
            for (var a = 0; a < 3; a++)
            {
                Assert.Equal(_mesh.Positions[3 * v + a], BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(end + 28 * v + 4 * a)));
                Assert.Equal(_mesh.Normals[3 * v + a], BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(end + 28 * v + 12 + 4 * a)));
            }
            Assert.Equal(_mesh.Colours![4 * v + 1], bytes[end + 28 * v + 25]);
        }
        var faces = bytes.AsSpan(end + 28 * _mesh.VertexCount);
        for (var c = 0; c < _mesh.Triangles.Length; c++)
            Assert.Equal(_mesh.Triangles[c], BinaryPrimitives.ReadInt32LittleEndian(faces[(13 * (c / 3) + 1 + 4 * (c % 3))..]));
    }

    [Fact]
    public void Obj_counts_vertices_from_one()
    {
        MeshFile.Write(_mesh, PathOf("a.obj"), _metadata);
        var lines = File.ReadAllLines(PathOf("a.obj"));
        Assert.Contains("# unit nm", lines);
        var vertices = lines.Where(l => l.StartsWith("v ", StringComparison.Ordinal)).SelectMany(l => l.Split(' ')[1..4]).Select(s => float.Parse(s, CultureInfo.InvariantCulture));
        Assert.Equal(_mesh.Positions, vertices);
        var corners = lines.Where(l => l.StartsWith("f ", StringComparison.Ordinal)).SelectMany(l => l.Split(' ')[1..]).Select(s => int.Parse(s.Split("//")[1], CultureInfo.InvariantCulture) - 1);
        Assert.Equal(_mesh.Triangles, corners);
        // Its vertices have colours of their own, so that its material is white.
        Assert.Equal(["newmtl ball", "Kd 1 1 1"], File.ReadAllLines(PathOf("a.mtl"))[..2]);
    }

    [Fact]
    public void Objects_of_an_obj_have_materials_in_the_file_that_it_names()
    {
        var plain = new Mesh(_mesh.Positions, _mesh.Triangles, _mesh.Normals);
        MeshFile.Write([("cell 7", plain.WithColour(255, 0, 51)), ("8", plain)], PathOf("cells.obj"), _metadata);
        var lines = File.ReadAllLines(PathOf("cells.obj"));
        Assert.Equal(["mtllib cells.mtl", "o cell_7", "usemtl cell_7", "o 8", "usemtl 8"], lines.Where(l => l[0] is 'm' or 'o' or 'u'));
        Assert.Equal(["newmtl cell_7", "Kd 1 0 0.2", "newmtl 8", "Kd 0.85 0.63 0.4"], File.ReadAllLines(PathOf("cells.mtl")).Where(l => l[0] == 'n' || l.StartsWith("Kd", StringComparison.Ordinal)));
        // Counted through: the second object's corners follow the first one's vertices.
        var corners = lines.Where(l => l[0] == 'f').Select(l => int.Parse(l.Split(' ')[1].Split("//")[0], CultureInfo.InvariantCulture) - 1).ToList();
        Assert.Equal(2 * plain.TriangleCount, corners.Count);
        Assert.All(Enumerable.Range(0, plain.TriangleCount), t => Assert.Equal(corners[t] + plain.VertexCount, corners[t + plain.TriangleCount]));
        Assert.Equal(2 * plain.VertexCount, lines.Count(l => l.StartsWith("v ", StringComparison.Ordinal)));
        Assert.All(lines.Where(l => l.StartsWith("v ", StringComparison.Ordinal)), l => Assert.Equal(4, l.Split(' ').Length));
    }

    [Fact]
    public void Stl_holds_each_triangle_with_its_normal()
    {
        MeshFile.Write(_mesh, PathOf("a.stl"), _metadata);
        var bytes = File.ReadAllBytes(PathOf("a.stl"));
        Assert.Equal(84 + 50 * _mesh.TriangleCount, bytes.Length);
        Assert.Contains("unit nm", Encoding.ASCII.GetString(bytes, 0, 80), StringComparison.Ordinal);
        Assert.Equal((uint)_mesh.TriangleCount, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(80)));
        for (var t = 0; t < _mesh.TriangleCount; t++)
        {
            float Field(int i) => BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(84 + 50 * t + 4 * i));
            Assert.Equal(1, Math.Sqrt(Field(0) * Field(0) + Field(1) * Field(1) + Field(2) * Field(2)), 1e-5);
            Assert.Equal(_mesh.Positions[3 * _mesh.Triangles[3 * t + 2] + 1], Field(3 + 6 + 1));
        }
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_and_nothing_beside_it()
    {
        File.WriteAllText(PathOf("a.ply"), "old");
        Assert.Throws<InvalidOperationException>(() => AtomicWrite.File(PathOf("a.ply"), s =>
        {
            s.WriteByte(1);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(PathOf("a.ply")));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public void Wrong_endings_and_places_are_named()
    {
        Assert.Contains(".stl", Assert.Throws<BadInputException>(() => MeshFile.Write(_mesh, PathOf("a.fbx"), _metadata)).Message, StringComparison.Ordinal);
        var place = "/proc/no/a.ply";
        Assert.Contains(place, Assert.Throws<IOException>(() => MeshFile.Write(_mesh, place, _metadata)).Message, StringComparison.Ordinal);
    }
}
