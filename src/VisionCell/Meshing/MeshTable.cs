using System.Globalization;
using System.Text;
using VisionCell.Volumes;

namespace VisionCell.Meshing;

/// <summary>What is measured on the surface of one object.</summary>
/// <param name="Name">Name or number of the object.</param>
/// <param name="Voxels">How many voxels it has; null where it comes from a threshold.</param>
/// <param name="Triangles">Of its surface.</param>
/// <param name="AreaNm2">Area of its surface.</param>
/// <param name="VolumeNm3">What it encloses; null where the surface is not closed.</param>
/// <param name="Components">Connected parts of its surface: a cavity counts as one.</param>
/// <param name="Genus">Handles of all parts together; null where the surface is not closed.</param>
/// <param name="Min">Lowest corner of its box, nm.</param>
/// <param name="Max">Highest corner of its box, nm.</param>
public sealed record MeshMeasures(string Name, long? Voxels, int Triangles, double AreaNm2, double? VolumeNm3, int Components, int? Genus, Position Min, Position Max)
{
    /// <summary>Measures a surface.</summary>
    public static MeshMeasures Of(string name, Mesh mesh, long? voxels = null)
    {
        var topology = MeshTopology.Of(mesh);
        var (min, max) = mesh.Bounds;
        // 2 - 2 g for each closed part.
        return new MeshMeasures(name, voxels, mesh.TriangleCount, mesh.Area(), topology.IsWatertight ? mesh.EnclosedVolume() : null,
            topology.Components, topology.IsWatertight ? topology.Components - topology.EulerCharacteristic / 2 : null, min, max);
    }
}

/// <summary>A table of objects as CSV, as Deedle's <c>Frame.ReadCsv</c>, pandas and spreadsheets read it.</summary>
public static class MeshTable
{
    /// <summary>Writes the table; a cell is empty where a quantity has no meaning.</summary>
    /// <exception cref="BadInputException">The file can't be written.</exception>
    public static void Write(string path, IEnumerable<MeshMeasures> objects)
    {
        var text = new StringBuilder("name,voxels,triangles,area_nm2,volume_nm3,components,genus,min_x_nm,min_y_nm,min_z_nm,max_x_nm,max_y_nm,max_z_nm\n");
        foreach (var o in objects)
            text.Append(CultureInfo.InvariantCulture, $"{Quoted(o.Name)},{o.Voxels},{o.Triangles},{o.AreaNm2:R},{o.VolumeNm3:R},{o.Components},{o.Genus},{o.Min.X},{o.Min.Y},{o.Min.Z},{o.Max.X},{o.Max.Y},{o.Max.Z}\n");
        AtomicWrite.Text(path, text.ToString());
    }

    private static string Quoted(string name) => name.AsSpan().IndexOfAny(",\"\n") < 0 ? name : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
