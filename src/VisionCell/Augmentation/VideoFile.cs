using System.Diagnostics;
using System.Globalization;
using OpenCvSharp;
using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>
/// Writes a video. MP4 is H.264 where the program ffmpeg is installed (Debian package <c>ffmpeg</c>) or OpenCV's build has an encoder for it
/// (the one that comes with OpenCvSharp has none), else MPEG-4 part 2, which players on the desktop show and browsers do not. WebM (VP9)
/// needs ffmpeg.
/// </summary>
public static class VideoFile
{
    /// <summary>File name endings that can be written.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".mp4", ".webm"];

    /// <summary>Writes a video; a file already there is replaced once the new one is whole.</summary>
    /// <param name="video">The frames; a last odd row or column is repeated, since the codecs take even sizes.</param>
    /// <param name="path">Ends in .mp4 or .webm.</param>
    /// <param name="framesPerSecond">Above 0, at most 240.</param>
    /// <param name="encoder">Path of ffmpeg; null to look for it in PATH, empty to do without.</param>
    /// <param name="cancellation">Stops between frames; no file is left.</param>
    /// <returns>What the file holds, for example <c>H.264 (ffmpeg)</c>.</returns>
    /// <exception cref="BadInputException">The ending is not known, the rate is out of range, no encoder is installed, or the place is not writable.</exception>
    /// <exception cref="IOException">Writing failed, for example because the disk is full.</exception>
    public static string Write(SliceVideo video, string path, double framesPerSecond = 25, string? encoder = null, CancellationToken cancellation = default)
    {
        var extension = Path.GetExtension(path).ToLowerInvariant();
        if (!Extensions.Contains(extension))
            throw new BadInputException($"{path}: a video is written as {string.Join(" or ", Extensions)}");
        if (!(framesPerSecond is > 0 and <= 240))
            throw new BadInputException(FormattableString.Invariant($"{framesPerSecond} frames a second: must be above 0, at most 240"));
        if (Directory.Exists(path))
            throw new BadInputException($"{path}: is a folder; give the name of a file");
        var ffmpeg = encoder ?? FindEncoder();
        var result = "";
        // The codecs write by name, and take the container from its ending: into a folder of its own, and from there into place.
        var folder = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path)) ?? "", $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            Directory.CreateDirectory(folder);
            var temporary = Path.Combine(folder, "video" + extension);
            result = ffmpeg.Length > 0 ? ByFfmpeg(video, temporary, framesPerSecond, ffmpeg, cancellation)
                : extension == ".mp4" ? ByOpenCv(video, temporary, framesPerSecond, cancellation)
                : throw new BadInputException($"{path}: WebM needs ffmpeg; install it (Debian package 'ffmpeg'), or write .mp4");
            File.Move(temporary, path, overwrite: true);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new BadInputException($"{path}: no permission to write there", e);
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        return result;
    }

    /// <summary>Path of ffmpeg in PATH; empty where there is none.</summary>
    public static string FindEncoder() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, "ffmpeg")).FirstOrDefault(File.Exists) ?? "";

    private static string ByFfmpeg(SliceVideo video, string path, double rate, string ffmpeg, CancellationToken cancellation)
    {
        var (height, width) = Even(video);
        var webm = path.EndsWith(".webm", StringComparison.Ordinal);
        // Constant quality, close to what the eye can tell; noise of electrons costs most of the bits.
        string[] codec = webm ? ["-c:v", "libvpx-vp9", "-crf", "24", "-b:v", "0", "-row-mt", "1"] : ["-c:v", "libx264", "-crf", "18", "-preset", "fast", "-movflags", "+faststart"];
        var start = new ProcessStartInfo(ffmpeg) { RedirectStandardInput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in (string[])
            ["-nostdin", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", $"{width}x{height}", "-r", rate.ToString(CultureInfo.InvariantCulture), "-i", "pipe:0",
                .. codec, "-pix_fmt", "yuv420p", "-metadata", $"comment={Comment(video)}", path])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start) ?? throw new BadInputException($"{ffmpeg}: could not be started");
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        try
        {
            foreach (var frame in video.Frames)
            {
                cancellation.ThrowIfCancellationRequested();
                process.StandardInput.BaseStream.Write(Padded(video, frame, height, width));
            }
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program ended early; what it said follows.
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            process.WaitForExit();
            throw;
        }
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new BadInputException($"{ffmpeg} could not write the video: {errors.GetAwaiter().GetResult().Trim().Split('\n')[0]}; install Debian's package 'ffmpeg', whose build has the encoders");
        return webm ? "VP9 (ffmpeg)" : "H.264 (ffmpeg)";
    }

    private static unsafe string ByOpenCv(SliceVideo video, string path, double rate, CancellationToken cancellation)
    {
        var (height, width) = Even(video);
        foreach (var (code, name) in new[] { ("avc1", "H.264 (OpenCV)"), ("mp4v", "MPEG-4 part 2 (OpenCV)") })
        {
            using var writer = new VideoWriter(path, VideoCaptureAPIs.FFMPEG, FourCC.FromString(code), rate, new Size(width, height), isColor: false);
            if (!writer.IsOpened())
                continue;
            foreach (var frame in video.Frames)
            {
                cancellation.ThrowIfCancellationRequested();
                fixed (byte* p = Padded(video, frame, height, width))
                {
                    using var image = Mat.FromPixelData(height, width, MatType.CV_8UC1, (nint)p);
                    writer.Write(image);
                }
            }
            writer.Release();
            // The writer says nothing of a full disk: a file that was cut short has no index of its frames.
            using var written = new VideoCapture(path, VideoCaptureAPIs.FFMPEG);
            return written.IsOpened() && written.FrameCount == video.Frames.Count
                ? name
                : throw new IOException($"{Path.GetDirectoryName(Path.GetDirectoryName(path))}: the video could not be written there; is the disk full?");
        }
        throw new BadInputException($"{path}: OpenCV has no encoder for MP4 here; install ffmpeg (Debian package 'ffmpeg')");
    }

    private static string Comment(SliceVideo video) => $"Vision Cell: {video.Provenance.Source}; {video.Provenance.Steps[^1]}";

    private static (int Height, int Width) Even(SliceVideo video) => (video.Height + video.Height % 2, video.Width + video.Width % 2);

    private static byte[] Padded(SliceVideo video, byte[] frame, int height, int width)
    {
        if (height == video.Height && width == video.Width)
            return frame;
        var result = new byte[height * width];
        for (var y = 0; y < height; y++)
        {
            var row = frame.AsSpan(Math.Min(y, video.Height - 1) * video.Width, video.Width);
            row.CopyTo(result.AsSpan(y * width));
            if (width > video.Width)
                result[y * width + width - 1] = row[^1];
        }
        return result;
    }
}
