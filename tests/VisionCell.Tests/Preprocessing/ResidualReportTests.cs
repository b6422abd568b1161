using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Preprocessing;

public class ResidualReportTests
{
    private static readonly Volume<float> _truth = PreprocessingFixture.Sample(6, 72);

    [Fact]
    public void Independent_noise_has_its_own_deviation_and_no_autocorrelation()
    {
        var report = ResidualReport.Of(PreprocessingFixture.Noisy(_truth, 12, 1), _truth);
        Assert.Equal(12, report.Deviation, 0.2);
        Assert.Equal(0, report.Mean, 0.3);
        // 31,104 voxels: a standard error of 0.0057 a lag, of which there are 42.
        Assert.InRange(Math.Abs(report.Strongest), 0, 0.025);
        Assert.Equal(2, report.Axial.Count);
        Assert.Equal(0, report.EdgeCorrelation, 0.03);
        Assert.Equal(1, report.Lateral[4][4]);
    }

    [Fact]
    public void Removed_structure_shows_in_autocorrelation_and_edges()
    {
        // A filter that takes a part of every outline with it.
        var outlined = _truth.Map(v => v);
        for (var i = 1; i < _truth.Data.Length - 1; i++)
            outlined.Data[i] += 0.3f * (_truth.Data[i + 1] - _truth.Data[i - 1]);
        // What a stack loses to a constant is the stack itself.
        var everything = ResidualReport.Of(_truth, _truth.Map(_ => 100f));
        Assert.True(everything.Lateral[4][5] > 0.7, $"{everything}");
        Assert.True(everything.Axial[0] > 0.7 && everything.Axial[1] < everything.Axial[0], $"{everything}");
        Assert.True(ResidualReport.Of(outlined, _truth).EdgeCorrelation > 0.4, $"{ResidualReport.Of(outlined, _truth)}");
    }

    [Fact]
    public void Lags_have_their_direction_and_the_map_is_symmetric()
    {
        // A residual of alternate columns: along x the sign turns at every pixel, along y it never does.
        var striped = _truth.Map(v => v);
        for (var i = 0; i < striped.Data.Length; i++)
            striped.Data[i] += i % 2 == 0 ? 1 : -1;
        var report = ResidualReport.Of(striped, _truth);
        Assert.Equal(-1, report.Lateral[4][5], 0.02);
        Assert.Equal(1, report.Lateral[5][4], 0.02);
        Assert.Equal(-1, report.Lateral[3][5], 0.02);
        Assert.Equal(1, report.Axial[1], 0.02);
        for (var y = 0; y <= 8; y++)
        {
            for (var x = 0; x <= 8; x++)
                Assert.Equal(report.Lateral[y][x], report.Lateral[8 - y][8 - x]);
        }
    }

    [Fact]
    public void Nothing_removed_is_a_residual_of_nothing_and_bad_input_is_refused()
    {
        var report = ResidualReport.Of(_truth, _truth);
        Assert.Equal((0.0, 0.0, 0.0), (report.Mean, report.Deviation, report.Strongest));
        Assert.Throws<BadInputException>(() => ResidualReport.Of(_truth, PreprocessingFixture.Sample(5, 72)));
        Assert.Throws<BadInputException>(() => ResidualReport.Of(_truth, _truth, reach: 40));
        Assert.Throws<BadInputException>(() => new ResidualAccumulator(8, 8).Report());
    }
}
