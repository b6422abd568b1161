using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Alignment;

/// <summary>Where an aligned pixel (y, x) of section z comes from.</summary>
internal delegate (double Y, double X) Correction(int z, double y, double x);

/// <summary>Corrections by this library.</summary>
internal static class Corrections
{
    /// <summary>What the alignment makes of a stack.</summary>
    public static Correction Ours(Volume<float> stack, AlignmentConfiguration configuration)
    {
        var result = SectionAlignment.Estimate(new VolumeSections(stack), configuration);
        return (z, y, x) => SectionResampling.Source(y, x, result.Transforms.Sections[z], result.Fields[z]);
    }
}
