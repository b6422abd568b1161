using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Figures;

/// <summary>A plane through a volume along two of its axes.</summary>
public enum SectionPlane
{
    /// <summary>A section as the microscope takes it: x to the right, y down.</summary>
    Xy,

    /// <summary>Across the sections: x to the right, z down.</summary>
    Xz,

    /// <summary>Across the sections: z to the right, y down.</summary>
    Yz,
}

/// <summary>A plane of values with its place.</summary>
/// <param name="Data">Values <c>[rows, columns]</c>; NaN outside the volume.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="Columns">Number of columns.</param>
/// <param name="RowStart">Coordinate of the first row's centre, nm.</param>
/// <param name="RowStep">Distance between rows, nm.</param>
/// <param name="ColumnStart">Coordinate of the first column's centre, nm.</param>
/// <param name="ColumnStep">Distance between columns, nm.</param>
/// <param name="RowAxis">Name of the axis that runs down.</param>
/// <param name="ColumnAxis">Name of the axis that runs to the right.</param>
public sealed record SectionImage(
    float[] Data, int Rows, int Columns, double RowStart, double RowStep, double ColumnStart, double ColumnStep, string RowAxis, string ColumnAxis);

/// <summary>The numbers behind the figures.</summary>
public static class FigureData
{
    /// <summary>One plane of a volume.</summary>
    /// <param name="volume">Any volume <c>[Z, Y, X]</c>.</param>
    /// <param name="plane">Which two axes it spans.</param>
    /// <param name="index">Voxel number along the third axis; null for the middle.</param>
    /// <exception cref="BadInputException">The index lies outside.</exception>
    public static SectionImage GetSection(Volume volume, SectionPlane plane, int? index = null)
    {
        var (shape, size, origin) = (volume.Shape, volume.VoxelSize, volume.Origin);
        var (rows, columns, count, axis) = plane switch
        {
            SectionPlane.Xy => (shape.Y, shape.X, shape.Z, "z"),
            SectionPlane.Xz => (shape.Z, shape.X, shape.Y, "y"),
            _ => (shape.Y, shape.Z, shape.X, "x"),
        };
        var at = index ?? count / 2;
        if (at < 0 || at >= count)
            throw new BadInputException($"section {at} along {axis}: the volume of {shape} voxels has 0 to {count - 1}");
        var data = new float[rows * columns];
        for (var r = 0; r < rows; r++)
        {
            for (var c = 0; c < columns; c++)
                data[r * columns + c] = (float)(plane switch
                {
                    SectionPlane.Xy => volume.ValueAt(at, r, c),
                    SectionPlane.Xz => volume.ValueAt(r, at, c),
                    _ => volume.ValueAt(c, r, at),
                });
        }
        return plane switch
        {
            SectionPlane.Xy => new(data, rows, columns, origin.Y, size.Y, origin.X, size.X, "y", "x"),
            SectionPlane.Xz => new(data, rows, columns, origin.Z, size.Z, origin.X, size.X, "z", "x"),
            _ => new(data, rows, columns, origin.Y, size.Y, origin.Z, size.Z, "y", "z"),
        };
    }

    /// <summary>
    /// A plane through the volume in any direction, by trilinear interpolation. Its columns run along u, horizontal in the xy
    /// plane; its rows along v, perpendicular to u and to the normal.
    /// </summary>
    /// <param name="volume">Any volume <c>[Z, Y, X]</c>.</param>
    /// <param name="tilt">Angle between the normal of the plane and z, degrees: 0 is an xy section, 90 stands upright.</param>
    /// <param name="azimuth">Direction into which the normal is tilted, degrees from x towards y.</param>
    /// <param name="offset">Distance of the plane from the centre of the volume along its normal, nm.</param>
    /// <returns>The plane, cut to the part that meets the volume; u and v are nm from the foot of the volume's centre.</returns>
    /// <exception cref="BadInputException">The plane misses the volume.</exception>
    public static SectionImage GetObliqueSection(Volume volume, double tilt, double azimuth, double offset = 0) =>
        ObliquePlane.Of(volume, tilt, azimuth, offset).Sample(volume);

    /// <summary>Signed error of a volume against its reference: volume minus reference, on the same grid.</summary>
    /// <exception cref="BadInputException">The shapes differ.</exception>
    public static Volume<float> GetSignedError(Volume<float> volume, Volume<float> reference)
    {
        if (volume.Shape != reference.Shape)
            throw new BadInputException($"error map of {volume.Shape} voxels against a reference of {reference.Shape}: crop or resample one to the other");
        var result = new float[volume.Data.Length];
        System.Numerics.Tensors.TensorPrimitives.Subtract(volume.Data, reference.Data, result);
        return new Volume<float>(result, volume.Shape, volume.VoxelSize, volume.Origin, volume.Provenance.With("minus reference"));
    }

    /// <summary>Grey levels that a display should span: the given percentiles of the finite values.</summary>
    /// <param name="values">Values in any order.</param>
    /// <param name="tail">Share cut off at each end; 0.002 keeps a few hot pixels from darkening the rest.</param>
    /// <returns>Low below high; for constant data an interval of 1 around the value.</returns>
    public static (double Low, double High) GetContrastLimits(ReadOnlySpan<float> values, double tail = 0.002) => ContrastLimits.Of(values, tail);

    /// <summary>
    /// The volume with at most <paramref name="most"/> voxels along each axis, by averaging over boxes whose edges may cut
    /// voxels; the field of view is kept, so the voxel size grows. Itself where it is small enough.
    /// </summary>
    /// <exception cref="BadInputException">The limit is below 1.</exception>
    public static Volume<float> GetReduced(Volume volume, Shape3 most)
    {
        if (most.Z < 1 || most.Y < 1 || most.X < 1)
            throw new BadInputException($"a reduction to {most} voxels: every axis must keep at least one");
        var full = volume.ToFloat32();
        var shape = full.Shape;
        var target = new Shape3(Math.Min(shape.Z, most.Z), Math.Min(shape.Y, most.Y), Math.Min(shape.X, most.X));
        if (target == shape)
            return full;
        // z first: whole sections are added at once, and little is left for x, whose single values gain nothing from SIMD.
        var data = BoxAverage.Along(full.Data, 1, shape.Z, shape.SectionCount, target.Z);
        data = BoxAverage.Along(data, target.Z, shape.Y, shape.X, target.Y);
        data = BoxAverage.Along(data, target.Z * target.Y, shape.X, 1, target.X);
        double Step(double size, int from, int to) => size * from / to;
        double Start(double origin, double size, double step) => origin + (step - size) / 2;
        var (size, origin) = (volume.VoxelSize, volume.Origin);
        var reduced = new VoxelSize(Step(size.Z, shape.Z, target.Z), Step(size.Y, shape.Y, target.Y), Step(size.X, shape.X, target.X));
        return new Volume<float>(data, target, reduced,
            new Position(Start(origin.Z, size.Z, reduced.Z), Start(origin.Y, size.Y, reduced.Y), Start(origin.X, size.X, reduced.X)),
            volume.Provenance.With($"averaged from {shape} to {target} for display"));
    }

    /// <summary>The mesh with at most that many triangles; itself where it has no more.</summary>
    public static Mesh GetReduced(Mesh mesh, int triangles) => MeshDecimation.Decimate(mesh, triangles);

    /// <summary>A mesh whose vertices take the colour of the voxel that they lie in: blue below zero, grey at zero, red above.</summary>
    /// <param name="mesh">A surface in nm.</param>
    /// <param name="values">Signed values <c>[Z, Y, X]</c> in the same space, for example of <see cref="GetSignedError"/>.</param>
    /// <param name="limit">Value that takes the full colour, to either side; above 0.</param>
    /// <exception cref="BadInputException">The limit is not above 0.</exception>
    public static Mesh GetColoured(Mesh mesh, Volume<float> values, double limit)
    {
        if (!(limit > 0))
            throw new BadInputException($"colours of a mesh up to a value of {limit}: give one above 0");
        return MeshColours.Paint(mesh, values, value =>
        {
            var colour = ColourScale.Diverging.At(value, -limit, limit);
            return (colour.R, colour.G, colour.B);
        });
    }
}
