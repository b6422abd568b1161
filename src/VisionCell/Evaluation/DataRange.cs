using System.Globalization;
using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>The span of grey values that PSNR and SSIM refer errors to, and where it was taken from.</summary>
/// <param name="Value">Grey values of the source; positive.</param>
/// <param name="Description">In words, for reports.</param>
public readonly record struct DataRange(double Value, string Description)
{
    /// <summary>Whether it is the same for all volumes of a type, and not of this one alone.</summary>
    public bool IsFixed { get; init; }

    /// <summary>255 for 8-bit volumes, as published tables use it; for 16-bit and float volumes the extent of the reference itself.</summary>
    /// <param name="reference">The reference in its stored type: convert to float after asking, not before.</param>
    /// <exception cref="BadInputException">A 16-bit or float reference is constant, so that it has no range.</exception>
    public static DataRange Of(Volume reference)
    {
        if (reference.VoxelType == VoxelType.UInt8)
            return new DataRange(255, "data range 255 (uint8)") { IsFixed = true };
        double low, high;
        if (reference is Volume<ushort> integers)
        {
            low = TensorPrimitives.Min<ushort>(integers.Data);
            high = TensorPrimitives.Max<ushort>(integers.Data);
        }
        else
        {
            var values = reference.ToFloat32();
            VolumeChecks.RequireFinite(values, "reference");
            low = TensorPrimitives.Min<float>(values.Data);
            high = TensorPrimitives.Max<float>(values.Data);
        }
        if (high <= low)
            throw new BadInputException(string.Create(CultureInfo.InvariantCulture, $"reference volume is constant ({low:G6}): it has no data range to score against"));
        var type = reference.VoxelType == VoxelType.UInt16 ? "uint16" : "float32";
        return new DataRange(high - low, string.Create(CultureInfo.InvariantCulture, $"data range {high - low:G6} ({type} reference, {low:G6} to {high:G6})"));
    }
}
