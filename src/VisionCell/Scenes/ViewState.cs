using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>
/// What a viewer shows, as one small JSON file (<c>view.json</c>) that the browser, Unity and Blender share. Lengths are nanometres in the
/// frame of the volume: x right, y down the images, z deeper into the stack; vectors are in the order x, y, z.
/// </summary>
public sealed record ViewState
{
    /// <summary>Version of the file that this class reads and writes.</summary>
    public const int CurrentVersion = 1;

    private readonly double[] _positionNm = [0, 0, 0];
    private readonly double[] _orientation = [0, 0, 0, 1];
    private readonly double _heightNm = 1000;
    private readonly int _version = CurrentVersion;
    private readonly ViewLayer[] _layers = [];

    /// <summary>Version of the file, 1.</summary>
    public int Version
    {
        get => _version;
        init => _version = value == CurrentVersion ? value : throw new BadInputException($"version {value}: this Vision Cell reads version {CurrentVersion} of view files");
    }

    /// <summary>The point that is looked at, and where sections meet: x, y, z, nm.</summary>
    public double[] PositionNm
    {
        get => _positionNm;
        init => _positionNm = Finite(value, 3, "positionNm");
    }

    /// <summary>
    /// Unit quaternion x, y, z, w that turns the axes of the picture (x right, y down, z into the picture) into those of the volume. The
    /// identity looks along z: an xy section as it lies in the file.
    /// </summary>
    public double[] Orientation
    {
        get => _orientation;
        init
        {
            var length = Math.Sqrt(Finite(value, 4, "orientation").Sum(v => v * v));
            if (!(Math.Abs(length - 1) < 1e-3))
                throw new BadInputException(FormattableString.Invariant($"orientation of length {length}: a unit quaternion x, y, z, w is needed, for example 0, 0, 0, 1"));
            _orientation = Array.ConvertAll(value, v => v / length);
        }
    }

    /// <summary>Whether projection is orthographic; else perspective with 45 degrees from the lower to the upper edge.</summary>
    public bool Orthographic { get; init; } = true;

    /// <summary>Height of what the picture shows, at the point looked at, nm.</summary>
    public double HeightNm
    {
        get => _heightNm;
        init => _heightNm = double.IsFinite(value) && value > 0 ? value : throw new BadInputException(FormattableString.Invariant($"heightNm {value}: must be a positive number of nanometres"));
    }

    /// <summary>What is shown of each layer; names are unique. A layer that is not named stays as it is.</summary>
    public ViewLayer[] Layers
    {
        get => _layers;
        init => _layers = value.Select(l => l.Name).Distinct(StringComparer.Ordinal).Count() == value.Length ? value
            : throw new BadInputException($"layers {string.Join(", ", value.Select(l => l.Name))}: each name once");
    }

    /// <summary>Planes that cut away what lies on the side that their normal points to.</summary>
    public ClipPlane[] ClipPlanes { get; init; } = [];

    /// <summary>The whole of a box in view, seen along z.</summary>
    /// <param name="low">Lowest corner, nm.</param>
    /// <param name="high">Highest corner, nm.</param>
    public static ViewState Framing(Position low, Position high) => new()
    {
        PositionNm = [(low.X + high.X) / 2, (low.Y + high.Y) / 2, (low.Z + high.Z) / 2],
        // The diagonal: what is turned stays in view.
        HeightNm = Math.Sqrt(Math.Pow(high.X - low.X, 2) + Math.Pow(high.Y - low.Y, 2) + Math.Pow(high.Z - low.Z, 2)),
    };

    /// <summary>The whole of a volume in view, seen along z.</summary>
    /// <param name="volume">Any volume <c>[Z, Y, X]</c>.</param>
    public static ViewState Framing(Volume volume) => Framing(volume.Shape, volume.VoxelSize, volume.Origin);

    /// <summary>The whole of a volume in view, seen along z.</summary>
    /// <param name="shape">Its voxels.</param>
    /// <param name="size">Voxel size, nm.</param>
    /// <param name="origin">Centre of voxel (0, 0, 0), nm.</param>
    public static ViewState Framing(Shape3 shape, VoxelSize size, Position origin) =>
        Framing(origin, new Position(origin.Z + (shape.Z - 1) * size.Z, origin.Y + (shape.Y - 1) * size.Y, origin.X + (shape.X - 1) * size.X));

    /// <summary>The same point, looked at along a direction; y runs down the picture as far as it can.</summary>
    /// <param name="direction">Into the picture, in the frame of the volume, of any length.</param>
    /// <exception cref="BadInputException">The direction is none.</exception>
    public ViewState Towards(Vector3 direction)
    {
        var length = Math.Sqrt(direction.X * direction.X + direction.Y * direction.Y + direction.Z * direction.Z);
        if (!(length > 0 && double.IsFinite(length)))
            throw new BadInputException($"a view along {direction}: three numbers x, y, z, not all zero");
        var into = System.Numerics.Vector3.Normalize(new((float)(direction.X / length), (float)(direction.Y / length), (float)(direction.Z / length)));
        var y = System.Numerics.Vector3.UnitY;
        var down = y - System.Numerics.Vector3.Dot(y, into) * into;
        // Along y itself z runs down.
        down = down.Length() > 1e-3f ? System.Numerics.Vector3.Normalize(down) : System.Numerics.Vector3.UnitZ;
        var right = System.Numerics.Vector3.Cross(down, into);
        var turn = System.Numerics.Quaternion.CreateFromRotationMatrix(new System.Numerics.Matrix4x4(
            right.X, right.Y, right.Z, 0, down.X, down.Y, down.Z, 0, into.X, into.Y, into.Z, 0, 0, 0, 0, 1));
        return this with { Orientation = [turn.X, turn.Y, turn.Z, turn.W] };
    }

    /// <summary>Reads a view file.</summary>
    /// <exception cref="BadInputException">It is missing, no JSON, has an unknown key or a value out of range.</exception>
    public static ViewState Read(string path) => Configuration.Read<ViewState>(path);

    /// <summary>Writes a view file.</summary>
    /// <exception cref="BadInputException">It can't be written.</exception>
    public void Write(string path) => Configuration.Write(path, this);

    private static double[] Finite(double[] values, int count, string name) => values.Length == count && Array.TrueForAll(values, double.IsFinite)
        ? values
        : throw new BadInputException($"{name} of {values.Length} number(s): {count} finite numbers are needed");
}

/// <summary>What is shown of one layer.</summary>
public sealed record ViewLayer
{
    private readonly double _opacity = 1;
    private readonly double[]? _window;

    /// <summary>Name of the layer.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is shown at all.</summary>
    public bool Visible { get; init; } = true;

    /// <summary>0 (nothing) to 1.</summary>
    public double Opacity
    {
        get => _opacity;
        init => _opacity = value is >= 0 and <= 1 ? value : throw new BadInputException(FormattableString.Invariant($"opacity {value} of a layer: must be 0 to 1"));
    }

    /// <summary>Grey levels that are black and white, in the units of the volume; null for those of the viewer.</summary>
    public double[]? Window
    {
        get => _window;
        init => _window = value is null or [_, _] && (value is null || value[0] != value[1]) ? value
            : throw new BadInputException("window of a layer: two different grey levels, black and white");
    }
}

/// <summary>A plane that cuts away the points p with normal·p above the offset.</summary>
public sealed record ClipPlane
{
    private readonly double[] _normal = [0, 0, 1];

    /// <summary>Direction x, y, z into what is cut away; made a unit vector.</summary>
    public double[] Normal
    {
        get => _normal;
        init
        {
            var length = value.Length == 3 ? Math.Sqrt(value.Sum(v => v * v)) : 0;
            if (!(length > 0) || !double.IsFinite(length))
                throw new BadInputException("normal of a clip plane: three numbers x, y, z, not all zero");
            _normal = Array.ConvertAll(value, v => v / length);
        }
    }

    /// <summary>Distance of the plane from the origin along the normal, nm.</summary>
    public double OffsetNm { get; init; }
}
