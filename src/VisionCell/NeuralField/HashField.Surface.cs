using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <content>Surfaces.</content>
public sealed partial class HashField
{
    /// <summary>The surface where the field takes a value, by marching cubes over a query, with normals from the analytic gradient.</summary>
    /// <param name="isoValue">The value, in the unit of the data.</param>
    /// <param name="voxelSize">Edge of the cubes, nm, finer or coarser than the data's.</param>
    /// <param name="options">Which side is inside, and whether the border is closed.</param>
    /// <param name="cancellation">Ends it between chunks.</param>
    public Mesh Surface(double isoValue, VoxelSize voxelSize, MarchingCubesOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new MarchingCubesOptions();
        var mesh = MarchingCubes.Extract(Query(Bounds, voxelSize, cancellation), isoValue, options, _kernels, cancellation);
        var places = new Position[mesh.VertexCount];
        for (var v = 0; v < places.Length; v++)
            places[v] = new Position(mesh.Positions[3 * v + 2], mesh.Positions[3 * v + 1], mesh.Positions[3 * v]);
        var (gradient, normals) = (new float[3 * places.Length], (float[])mesh.Normals.Clone());
        Gradient(places, gradient);
        for (var v = 0; v < places.Length; v++)
        {
            // Out of what is bright, or of what is dark.
            var (z, y, x) = (gradient[3 * v], gradient[3 * v + 1], gradient[3 * v + 2]);
            var length = MathF.Sqrt(z * z + y * y + x * x) * (options.InsideIsBelow ? 1 : -1);
            // Where the border closes, or the gradient lies along the cubes' own triangle, theirs stays.
            var facing = (x * normals[3 * v] + y * normals[3 * v + 1] + z * normals[3 * v + 2]) / length;
            if (facing > 0)
                (normals[3 * v], normals[3 * v + 1], normals[3 * v + 2]) = (x / length, y / length, z / length);
        }
        return new Mesh(mesh.Positions, mesh.Triangles, normals, mesh.Colours);
    }
}
