using OpenCvSharp;
using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Cli.Tests;

/// <summary><c>video</c> writes what a player plays, and says what it is.</summary>
public sealed class VideoTests
{
    [Fact]
    public void A_flight_has_the_frames_that_were_asked_for_and_says_which_are_synthetic()
    {
        using var folder = new TemporaryFolder();
        var input = folder.File("stack.tif");
        VolumeFormats.Write(((Volume<byte>)VolumeFormats.Read(Command.Sample, new VoxelSize(10, 10, 10))).Crop(new VisionCell.Volumes.Box(0, 0, 0, new Shape3(6, 48, 64))), input);
        var path = folder.File("flight.mp4");
        var outcome = Command.Run("video", input, "--out", path, "--frames", "16", "--fps", "10");
        Assert.True(outcome.Code == 0, outcome.Error);
        Assert.Empty(outcome.Output);
        Assert.Contains("16 frames of 48 x 64, 10 of them synthetic", outcome.Error, StringComparison.Ordinal);
        // Encoders that OpenCV tries and does not find are no news for the user.
        Assert.DoesNotContain("ERROR", outcome.Error, StringComparison.Ordinal);
        using var capture = new VideoCapture(path);
        Assert.Equal((16, 64, 48, 10.0), (capture.FrameCount, capture.FrameWidth, capture.FrameHeight, capture.Fps));
    }

    [Theory]
    [InlineData("a video is written as .mp4 or .webm", "--out", "flight.avi")]
    [InlineData("a video of 1 frames: must be 2 to", "--out", "flight.mp4", "--frames", "1")]
    [InlineData("must be above 0, at most 240", "--out", "flight.mp4", "--frames", "3", "--fps", "0")]
    public void Bad_input_is_named_in_one_line_and_leaves_no_file(string expected, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        var outcome = Command.RunIn(folder.Path, ["video", Command.Sample, .. arguments]);
        Assert.Equal(3, outcome.Code);
        Assert.Contains(expected, outcome.FailureLine, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }
}
