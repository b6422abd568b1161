using OpenCvSharp;
using VisionCell.Augmentation;
using VisionCell.Figures;
using VisionCell.Volumes;
using static VisionCell.Tests.Augmentation.AugmentationFixture;

namespace VisionCell.Tests.Augmentation;

public sealed class VideoTests : IDisposable
{
    private static readonly Volume<byte> s_stack = (Volume<byte>)Sample.Medulla(new VisionCell.Volumes.Box(0, 20, 30, new Shape3(9, 45, 51))).ConvertTo(VoxelType.UInt8);

    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-video-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Frames_go_from_the_first_section_to_the_last_and_say_which_were_computed()
    {
        var video = SliceVideo.Of(s_stack, 33);
        Assert.Equal((33, 45, 51), (video.Frames.Count, video.Height, video.Width));
        Assert.Equal(24, video.Synthetic.Count(s => s));
        for (var i = 0; i < 9; i++)
            Assert.True(video.Frames[4 * i].AsSpan().SequenceEqual(s_stack.Section(i)), $"frame {4 * i} is not section {i}");
        Assert.Equal([0, 2.5, 5, 7.5, 10], video.Positions.Take(5));
        Assert.Contains("24 of them synthetic", video.Provenance.Steps[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_frames_than_sections_are_sections()
    {
        var video = SliceVideo.Of(s_stack, 5);
        Assert.DoesNotContain(true, video.Synthetic);
        Assert.Equal([0, 20, 40, 60, 80], video.Positions);
        Assert.Contains("2 to", Assert.Throws<BadInputException>(() => SliceVideo.Of(s_stack, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_plays_with_the_frames_that_were_written()
    {
        var video = SliceVideo.Of(s_stack, 17);
        var path = Path.Combine(_folder, "flight.mp4");
        var codec = VideoFile.Write(video, path, 12, encoder: "");
        Assert.Contains("(OpenCV)", codec, StringComparison.Ordinal);
        Check(video, path, 12);
        Assert.Single(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public void With_ffmpeg_it_is_H264_or_VP9()
    {
        Assert.True(VideoFile.FindEncoder().Length > 0, "ffmpeg is not installed: environment/setup.sh --test installs it (Debian package 'ffmpeg')");
        var video = SliceVideo.Of(s_stack, 17);
        foreach (var (name, codec) in new[] { ("flight.mp4", "H.264 (ffmpeg)"), ("flight.webm", "VP9 (ffmpeg)") })
        {
            var path = Path.Combine(_folder, name);
            Assert.Equal(codec, VideoFile.Write(video, path, 12));
            Check(video, path, 12);
        }
    }

    [Fact]
    public void A_failing_encoder_and_a_wrong_ending_are_named_and_leave_nothing()
    {
        var video = SliceVideo.Of(s_stack, 3);
        Assert.Contains("/bin/false", Assert.Throws<BadInputException>(() => VideoFile.Write(video, Path.Combine(_folder, "a.mp4"), encoder: "/bin/false")).Message, StringComparison.Ordinal);
        Assert.Contains("ffmpeg", Assert.Throws<BadInputException>(() => VideoFile.Write(video, Path.Combine(_folder, "a.webm"), encoder: "")).Message, StringComparison.Ordinal);
        Assert.Contains(".mp4 or .webm", Assert.Throws<BadInputException>(() => VideoFile.Write(video, Path.Combine(_folder, "a.avi"))).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public void The_figure_has_a_slider_and_a_frame_for_each_step()
    {
        var figure = Show.Video(SliceVideo.Of(s_stack, 33));
        using var json = System.Text.Json.JsonDocument.Parse(figure.Json);
        Assert.Equal(33, json.RootElement.GetProperty("frames").GetArrayLength());
        var steps = json.RootElement.GetProperty("layout").GetProperty("sliders")[0].GetProperty("steps");
        Assert.Equal(33, steps.GetArrayLength());
        Assert.Equal("z 2.5 nm, synthetic", steps[1].GetProperty("label").GetString());
        Assert.Equal("z 10 nm, observed", steps[4].GetProperty("label").GetString());
        Assert.True(figure.Picture.Length > 1000);
    }

    [Fact]
    public void A_gallery_shows_each_volume_under_its_name()
    {
        var figure = Show.Gallery([("one", Real().Image), ("two", Real().Image), ("three", Real().Image)], "Three", columns: 2);
        using var json = System.Text.Json.JsonDocument.Parse(figure.Json);
        Assert.Equal(["one", "two", "three"], json.RootElement.GetProperty("data").EnumerateArray().Select(t => t.GetProperty("name").GetString()!));
        Assert.Throws<BadInputException>(() => Show.Gallery([], "None"));
    }

    private static void Check(SliceVideo video, string path, double rate)
    {
        using var capture = new VideoCapture(path);
        Assert.Equal((52, 46, rate), (capture.FrameWidth, capture.FrameHeight, capture.Fps));
        for (var i = 0; i < video.Frames.Count; i++)
        {
            using var image = new Mat();
            Assert.True(capture.Read(image), $"frame {i} is missing");
            using var grey = image.CvtColor(ColorConversionCodes.BGR2GRAY);
            var difference = 0.0;
            for (var y = 0; y < video.Height; y++)
            {
                for (var x = 0; x < video.Width; x++)
                    difference += Math.Abs(grey.At<byte>(y, x) - video.Frames[i][y * video.Width + x]);
            }
            Assert.True(difference / (video.Height * video.Width) < 8, $"frame {i} differs by {difference / (video.Height * video.Width):0.0} grey levels");
        }
        using var beyond = new Mat();
        Assert.False(capture.Read(beyond));
    }
}
