using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Tests.SuperResolution;

/// <summary>Where there is nothing but noise, nothing may be drawn.</summary>
public sealed class EmptyResinTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Structure_is_not_invented_in_empty_resin(bool fromScratch)
    {
        var empty = new EmptyResin();
        using var method = new SuperResolutionMethod(new SuperResolutionConfiguration { Channels = [32, 48], Blocks = [1, 1], BatchSize = 4, PatchSections = 8, PatchWidth = 48 });
        method.Train(empty.Sparse, new TrainingOptions(Steps: 300, FromScratch: fromScratch, Cancellation: TestContext.Current.CancellationToken));
        var result = method.Reconstruct(empty.Sparse, Box.Of(empty.Sparse.IsotropicShape), TestContext.Current.CancellationToken);

        // Rows next to the section and those in the middle of gaps alike.
        var observed = empty.EnergyOfSections;
        foreach (var offset in new[] { 1, 2, 4, 6, 7 })
        {
            var drawn = empty.EnergyOfRows(result, offset);
            Assert.True(drawn <= 1.05 * observed, $"{offset} rows behind a section: band-passed energy {drawn:0.0}, in the sections {observed:0.0}");
        }
    }
}
