using VisionCell.Diffusion;
using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Tests.Diffusion;

/// <summary>Where there is nothing but noise, a sample may hold as much of it as the sections, and the mean of samples nothing.</summary>
public sealed class DiffusionResinTests
{
    [Fact]
    public void Structure_is_not_invented_in_empty_resin()
    {
        var empty = new EmptyResin();
        using var skeleton = new SuperResolutionMethod(new SuperResolutionConfiguration { Channels = [32, 48], Blocks = [1, 1], BatchSize = 4, PatchSections = 8, PatchWidth = 48 });
        using var model = new DiffusionModel(skeleton, GapFill.Unknowing, new DiffusionMethodConfiguration());
        model.Train(empty.Sparse, new TrainingOptions(Steps: 80));
        var box = Box.Of(empty.Sparse.IsotropicShape);
        var cancellation = TestContext.Current.CancellationToken;
        var (regression, sample, mean) = (skeleton.Reconstruct(empty.Sparse, box, cancellation), model.Samples(empty.Sparse, box, [0], cancellation)[0], model.Moments(empty.Sparse, box, cancellation).Mean);
        var observed = empty.EnergyOfSections;
        foreach (var offset in new[] { 1, 2, 4, 6, 7 })
        {
            double Drawn(Volume<float> volume) => empty.EnergyOfRows(volume, offset);
            Assert.True(Drawn(sample) <= 1.05 * observed, $"{offset} rows behind a section: band-passed energy of a sample {Drawn(sample):0.00}, in the sections {observed:0.00}");
            Assert.True(Drawn(mean) <= 1.05 * Drawn(regression), $"{offset} rows behind a section: band-passed energy of the mean {Drawn(mean):0.00}, of the regression {Drawn(regression):0.00}");
        }
    }
}
