using System.Runtime.InteropServices;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>What the pixels of views are.</summary>
public enum ViewKind
{
    /// <summary>Line integrals of the value, in its unit times nm: projections of a tilt series after the logarithm.</summary>
    Absorption,

    /// <summary>Light from 0 to 1 that the specimen emits and absorbs: rendered or photographed views.</summary>
    Emission,
}

/// <summary>What a file beside a stack of views says about them, as JSON (<see cref="Runs.Configuration"/>).</summary>
public sealed record ViewDescription
{
    /// <summary>What the pixels are.</summary>
    public ViewKind Kind { get; init; }

    /// <summary>Emission: what lies behind the specimen, 0 to 1.</summary>
    public double Background { get; init; }

    /// <summary>The camera of each image of the stack, in order.</summary>
    public IReadOnlyList<Camera> Cameras { get; init; } = [];
}

/// <summary>Posed views of one specimen: images <c>[H, W]</c> of one size and a camera for each.</summary>
public sealed class ViewSet
{
    private readonly float[][] _images;
    private readonly Camera[] _cameras;

    /// <summary>Takes views.</summary>
    /// <param name="kind">What their pixels are.</param>
    /// <param name="images">One image a view, row by row.</param>
    /// <param name="cameras">The camera of each.</param>
    /// <param name="background">Emission: what lies behind the specimen, 0 to 1.</param>
    /// <exception cref="BadInputException">There are none, a pose is missing, sizes differ, or a pixel is not a number of the kind.</exception>
    public ViewSet(ViewKind kind, IReadOnlyList<float[]> images, IReadOnlyList<Camera> cameras, double background = 0)
    {
        (Kind, Background, _images, _cameras) = (kind, background, [.. images], [.. cameras]);
        if (images.Count == 0)
            throw new BadInputException("there are no views");
        if (images.Count != cameras.Count)
            throw new BadInputException($"{images.Count} images and {cameras.Count} cameras; every view needs its pose");
        if (!(background is >= 0 and <= 1))
            throw new BadInputException($"a background of {background}; allowed: 0 to 1");
        for (var v = 0; v < _images.Length; v++)
            Check(v);
    }

    /// <summary>Takes a stack <c>[view, H, W]</c> and its description.</summary>
    /// <exception cref="BadInputException">As the constructor.</exception>
    public static ViewSet Of(Volume stack, ViewDescription description)
    {
        var images = stack.ToFloat32();
        return new ViewSet(description.Kind, [.. Enumerable.Range(0, images.Shape.Z).Select(z => images.Section(z).ToArray())], description.Cameras, description.Background);
    }

    /// <summary>What the pixels are.</summary>
    public ViewKind Kind { get; }

    /// <summary>What lies behind the specimen.</summary>
    public double Background { get; }

    /// <summary>Number of views.</summary>
    public int Count => _images.Length;

    /// <summary>The cameras.</summary>
    public IReadOnlyList<Camera> Cameras => _cameras;

    /// <summary>An image, row by row.</summary>
    public ReadOnlySpan<float> Image(int view) => _images[view];

    /// <summary>Hash of images and poses, for checkpoints.</summary>
    internal string Identity() => ContentHash.Combine([Kind.ToString(), Configuration.ToJson(Background), Configuration.ToJson(_cameras),
        .. _images.Select(i => ContentHash.OfBytes(MemoryMarshal.AsBytes(i.AsSpan())))]);

    private void Check(int view)
    {
        var (image, camera) = (_images[view], _cameras[view].Validated($"view {view}"));
        if (camera.Height != _cameras[0].Height || camera.Width != _cameras[0].Width)
            throw new BadInputException($"view {view} has {camera.Height} x {camera.Width} pixels, view 0 {_cameras[0].Height} x {_cameras[0].Width}; views must have one size");
        if (image.Length != camera.Height * camera.Width)
            throw new BadInputException($"view {view} holds {image.Length} pixels, its camera has {camera.Height} x {camera.Width}");
        foreach (var pixel in image)
        {
            if (!float.IsFinite(pixel))
                throw new BadInputException($"view {view} holds NaN or infinity; mask such pixels or repair the image first");
            if (Kind == ViewKind.Emission && pixel is < 0 or > 1)
                throw new BadInputException($"view {view} holds {pixel}; emission views lie between 0 and 1");
        }
    }
}
