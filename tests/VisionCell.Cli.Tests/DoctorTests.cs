using System.Text.Json;

namespace VisionCell.Cli.Tests;

/// <summary><c>doctor</c> on a machine that has been set up, and on one that lacks a library.</summary>
public sealed class DoctorTests
{
    [Fact]
    public void On_a_machine_that_is_set_up_nothing_required_is_missing()
    {
        var outcome = Command.Run("doctor", "--json");
        using var document = JsonDocument.Parse(outcome.Output);
        var checks = document.RootElement.GetProperty("checks").EnumerateArray().ToDictionary(c => c.GetProperty("name").GetString()!);
        Assert.Equal("ok", checks["libtorch"].GetProperty("status").GetString());
        Assert.Equal("ok", checks["OpenCV"].GetProperty("status").GetString());
        Assert.True(document.RootElement.GetProperty("ok").GetBoolean());
        Assert.Equal(0, outcome.Code);
        Assert.All(checks.Values, c => Assert.Equal(c.GetProperty("status").GetString() == "ok", c.GetProperty("fix").ValueKind == JsonValueKind.Null));
    }
}
