using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Diffusion;

/// <summary>How much fine detail sections have within the plane, and the temperature that gives a sample as much: detail grows with it, and faster than linearly.</summary>
internal static class Sharpness
{
    /// <summary>Share of the sections' detail that a sample is to have: a little of theirs is noise.</summary>
    public const double Wanted = 0.95;

    private const int Halvings = 5;

    /// <summary>Mean power of the fine detail of sections, each for itself.</summary>
    /// <param name="volume">Sections <c>[Z, Y, X]</c>.</param>
    /// <param name="sections">Which of them; null for all.</param>
    /// <param name="cancellation">Stops between sections.</param>
    public static double Of(Volume<float> volume, IEnumerable<int>? sections, CancellationToken cancellation) =>
        (sections ?? Enumerable.Range(0, volume.Shape.Z)).Average(z => Math.Pow(HighFrequencyRatio.Deviation(
            volume.Crop(new Box(z, 0, 0, volume.Shape with { Z = 1 })), ScoredRegion.All(1), cancellation), 2));

    /// <summary>The temperature at which a sample has the detail that is wanted, by bisection.</summary>
    /// <param name="sampled">Detail of a sample at a temperature.</param>
    /// <param name="wanted">Detail wanted.</param>
    /// <param name="least">Lowest temperature.</param>
    /// <param name="most">Highest temperature.</param>
    public static double Temperature(Func<double, double> sampled, double wanted, double least, double most)
    {
        for (var i = 0; i < Halvings; i++)
        {
            var temperature = (least + most) / 2;
            (least, most) = sampled(temperature) < wanted ? (temperature, most) : (least, temperature);
        }
        return (least + most) / 2;
    }
}
