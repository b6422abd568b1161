using System.CommandLine;
using VisionCell.Augmentation;
using VisionCell.Cli.CommandLine;
using VisionCell.Volumes;

namespace VisionCell.Cli.Commands;

/// <summary><c>visioncell video VOLUME --out F.mp4</c>: a flight through the sections.</summary>
internal static class VideoCommand
{
    public static Command Create()
    {
        var volume = VolumeArguments.Volume();
        var output = new Option<string>("--out") { HelpName = "FILE", Required = true, Description = "Where to: .mp4 (H.264 where ffmpeg is installed, else MPEG-4), or .webm (needs ffmpeg)." };
        var frames = new Option<int>("--frames") { HelpName = "N", Description = "Number of frames; where that is more than there are sections, optical flow computes what lies between.", DefaultValueFactory = _ => SliceVideo.DefaultFrames };
        var rate = new Option<double>("--fps") { HelpName = "N", Description = "Frames a second.", DefaultValueFactory = _ => 25 };
        var voxelSize = CommonOptions.VoxelSize();
        var command = new Command("video", "Write a flight through the sections of a volume as a video.") { volume, output, frames, rate, voxelSize };
        command.SetAction((parsed, cancellation) =>
        {
            var path = parsed.GetRequiredValue(output);
            // Before the volume is read, not after.
            if (!VideoFile.Extensions.Contains(Path.GetExtension(path).ToLowerInvariant()))
                throw new BadInputException($"--out {path}: a video is written as {string.Join(" or ", VideoFile.Extensions)}");
            var messages = Messages.Of(parsed);
            var source = VolumeArguments.Read(parsed.GetRequiredValue(volume), parsed.VoxelSizeOf(voxelSize), messages, cancellation);
            var video = messages.Run("computing frames", progress => SliceVideo.Of(source, parsed.GetValue(frames), progress, cancellation));
            var codec = VideoFile.Write(video, path, parsed.GetValue(rate), cancellation: cancellation);
            messages.Notice($"{path}: {video.Frames.Count} frames of {video.Height} x {video.Width}, {video.Synthetic.Count(s => s)} of them synthetic; {codec}");
            if (codec.StartsWith("MPEG-4", StringComparison.Ordinal))
                messages.Notice("browsers do not play MPEG-4 part 2: install ffmpeg (Debian package 'ffmpeg') for H.264");
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
