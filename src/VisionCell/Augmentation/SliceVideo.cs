using VisionCell.Acquisition;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>A flight through a stack: sections, and what lies between them.</summary>
/// <param name="Frames">Grey levels 0 to 255 of each frame <c>[Height, Width]</c>.</param>
/// <param name="Height">Rows of a frame.</param>
/// <param name="Width">Columns of a frame.</param>
/// <param name="PixelSize">Distance of rows and of columns, nm.</param>
/// <param name="Positions">Where each frame lies along z, nm.</param>
/// <param name="Synthetic">Whether a frame was computed, not observed.</param>
/// <param name="Provenance">Of the volume, with what was done.</param>
public sealed record SliceVideo(
    IReadOnlyList<byte[]> Frames, int Height, int Width, (double Y, double X) PixelSize, IReadOnlyList<double> Positions, IReadOnlyList<bool> Synthetic, Provenance Provenance)
{
    /// <summary>What is said of each frame where it is no section; null for its place along z.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Frames that are asked for where nothing else is said.</summary>
    public const int DefaultFrames = 100;

    /// <summary>
    /// Frames at even distances from the first section to the last. Where there are at least as many sections as frames, each frame is the
    /// nearest section; where there are fewer, what lies between is computed by the flow.
    /// </summary>
    /// <param name="volume">Any volume <c>[Z, Y, X]</c> with two sections or more.</param>
    /// <param name="frames">Number of frames, at least 2.</param>
    /// <param name="progress">Share done, 0 to 1.</param>
    /// <param name="cancellation">Stops between frames.</param>
    /// <exception cref="BadInputException">Too few sections or frames, or values that are not finite.</exception>
    public static SliceVideo Of(Volume volume, int frames = DefaultFrames, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        if (volume.Shape.Z < 2)
            throw new BadInputException($"a video of {volume.Shape.Z} section: at least 2 are needed");
        using var flow = new FlowMethod();
        // Positions count in sections here, so that the distance of sections plays no part.
        var sparse = new SparseVolume(volume.ToFloat32(), AxialSampling.Decimate(1));
        if (volume.Shape.Z < frames)
            flow.Train(sparse, new TrainingOptions(Cancellation: cancellation));
        return Of(sparse, volume.VoxelType, flow, frames, progress, cancellation);
    }

    /// <summary>The same with a flow that was trained on the stack already.</summary>
    /// <param name="sparse">The sections.</param>
    /// <param name="flow">Trained on them.</param>
    /// <param name="type">Voxel type that the sections came in: 8-bit ones keep their grey levels, others run from their smallest to their largest.</param>
    /// <param name="frames">Number of frames, at least 2.</param>
    /// <param name="progress">Share done, 0 to 1.</param>
    /// <param name="cancellation">Stops between frames.</param>
    /// <exception cref="BadInputException">Too few frames.</exception>
    public static SliceVideo Of(SparseVolume sparse, VoxelType type, FlowMethod flow, int frames = DefaultFrames, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        if (frames is < 2 or > 100_000)
            throw new BadInputException($"a video of {frames} frames: must be 2 to 100,000");
        var observed = sparse.Observed;
        var last = sparse.Sections - 1;
        var nearest = sparse.Sections >= frames;
        double PositionOf(int i) => nearest ? Math.Round(i * (double)last / (frames - 1)) : i * (double)last / (frames - 1);
        var range = type == VoxelType.UInt8 ? new GreyRange(0, byte.MaxValue) : GreyRange.Of(observed);
        var images = new byte[frames][];
        var done = 0;
        Parallel.For(0, frames, new ParallelOptions { CancellationToken = cancellation }, i =>
        {
            var position = PositionOf(i);
            images[i] = ToBytes(position == Math.Floor(position) ? observed.Section((int)position) : flow.SectionAt(sparse, position).Section, range);
            progress?.Report(Interlocked.Increment(ref done) / (double)frames);
        });
        double[] positions = [.. Enumerable.Range(0, frames).Select(i => observed.Origin.Z + PositionOf(i) * observed.VoxelSize.Z)];
        bool[] synthetic = [.. Enumerable.Range(0, frames).Select(i => PositionOf(i) != Math.Floor(PositionOf(i)) || !sparse.IsObserved((int)PositionOf(i)))];
        return new SliceVideo(
            images, observed.Shape.Y, observed.Shape.X, (observed.VoxelSize.Y, observed.VoxelSize.X), positions, synthetic,
            observed.Provenance.With($"{frames} frames, {synthetic.Count(s => s)} of them synthetic (optical flow, or filled in before)"));
    }

    private static byte[] ToBytes(ReadOnlySpan<float> section, GreyRange range)
    {
        var result = new byte[section.Length];
        var scale = 255 / range.Span;
        for (var i = 0; i < result.Length; i++)
            result[i] = (byte)Math.Clamp((section[i] - range.Low) * scale + 0.5f, 0, 255);
        return result;
    }
}
