using TorchSharp;
using VisionCell.Learning;
using VisionCell.Volumes;

namespace VisionCell.Tests.Learning;

public sealed class DeviceTests
{
    [Fact]
    public void The_device_option_is_understood_for_networks_as_for_kernels()
    {
        Assert.Null(DeviceName.Ordinal("cpu"));
        Assert.Equal(0, DeviceName.Ordinal("auto"));
        Assert.Equal(2, DeviceName.Ordinal("cuda:2"));
        foreach (var none in new[] { "gpu", "cuda", "cuda:", "cuda:-1", "cuda:x", "" })
            Assert.Contains("auto, cpu or cuda:0", Assert.Throws<BadInputException>(() => ComputePrecision.Best(none)).Message, StringComparison.Ordinal);

        var notices = new List<string>();
        Assert.Equal(DeviceType.CPU, ComputePrecision.Best("cpu", notices.Add).Device.type);
        Assert.Empty(notices);
        // No machine has that many.
        Assert.Equal(DeviceType.CPU, ComputePrecision.Best("cuda:99", notices.Add).Device.type);
        Assert.StartsWith("device cuda:99: ", Assert.Single(notices), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', notices[0]);
    }
}
