using System.Globalization;

namespace VisionCell.Volumes;

/// <summary>What the option <c>--device</c> says.</summary>
public static class DeviceName
{
    /// <summary>The GPU that is asked for, which is 0 for <c>auto</c>; null for <c>cpu</c>.</summary>
    /// <param name="device"><c>auto</c>, <c>cpu</c> or <c>cuda:N</c>.</param>
    /// <exception cref="BadInputException">It is none of these.</exception>
    public static int? Ordinal(string device)
    {
        if (device == "cpu")
            return null;
        if (device == "auto")
            return 0;
        return device.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(device.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)
            ? ordinal
            : throw new BadInputException($"device '{device}' is not known; give auto, cpu or cuda:0");
    }
}
