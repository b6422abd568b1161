using VisionCell.Cli.CommandLine;
using VisionCell.Volumes;

namespace VisionCell.Cli.Tests;

/// <summary>Each way of failing has its exit code and its line.</summary>
public sealed class FailureTests
{
    [Theory]
    [InlineData(28, "no space left on the disk writing '/data/a.zarr'")]
    [InlineData(122, "the disk quota is used up writing '/data/a.zarr'")]
    [InlineData(27, "the file would grow past the size")]
    public void A_full_disk_names_the_place_the_user_gave(int errno, string expected)
    {
        var failure = Failure.Of(new AggregateException(new IOException("No space left on device : '/data/a.zarr.4711.tmp'", errno)), interrupted: false);
        Assert.Equal(ExitCode.Failed, failure.Code);
        Assert.Contains(expected, failure.Line, StringComparison.Ordinal);
        Assert.DoesNotContain(".tmp", failure.Line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_is_recognised_under_another_exception()
    {
        var failure = Failure.Of(new InvalidOperationException("stage failed", new IOException("No space left on device", 28)), interrupted: false);
        Assert.Equal("no space left on the disk: make room or write to another disk", failure.Line);
    }

    [Fact]
    public void Bad_input_keeps_its_own_line() =>
        Assert.Equal(new Failure("x.tif: no such file", ExitCode.BadInput), Failure.Of(new BadInputException("x.tif: no such file"), interrupted: false));

    [Fact]
    public void A_cancellation_counts_as_interruption_only_after_a_signal()
    {
        Assert.Equal(ExitCode.Interrupted, Failure.Of(new OperationCanceledException(), interrupted: true).Code);
        Assert.Equal(ExitCode.Interrupted, Failure.Of(new AggregateException(new TaskCanceledException()), interrupted: true).Code);
        Assert.Equal(ExitCode.Failed, Failure.Of(new OperationCanceledException(), interrupted: false).Code);
    }

    [Fact]
    public void A_missing_native_library_sends_to_the_doctor()
    {
        var failure = Failure.Of(new TypeInitializationException("Cv2", new DllNotFoundException("Unable to load libgtk-3.so.0\nmore")), interrupted: false);
        Assert.Equal(ExitCode.BadInput, failure.Code);
        Assert.Contains("libgtk-3.so.0; 'visioncell doctor'", failure.Line, StringComparison.Ordinal);
    }

    [Fact]
    public void Anything_else_is_1_and_says_how_to_see_more()
    {
        var failure = Failure.Of(new InvalidOperationException("it broke"), interrupted: false);
        Assert.Equal(new Failure("it broke (InvalidOperationException; --verbose shows where)", ExitCode.Failed), failure);
    }
}
