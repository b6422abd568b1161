using System.Text.Json;
using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Volumes;

namespace VisionCell.Tests.Evaluation;

/// <summary>Agreement of the further measures with scikit-image, SciPy and NumPy (tests/goldens/evaluation/make_more.py).</summary>
public class MeasureGoldenTests
{
    private static readonly JsonElement _golden = JsonDocument.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(EvaluationFixture.GoldenPath())!, "more.json"))).RootElement;
    private static readonly VoxelSize _odd = new(12.03, 8.017, 10.11);
    private static readonly ScoredRegion _decimated = ScoredRegion.HeldOut(AxialSampling.Decimate(4), 7);

    private static ScoredRegion Masked(ScoredRegion region) => region.WithMask(EvaluationFixture.Volume(new Shape3(25, 40, 57), (_, _, x) => x % 3 > 0 ? 1 : 0).Map(v => (byte)v)).WithMask(
        EvaluationFixture.Volume(new Shape3(25, 40, 57), (_, y, _) => y is >= 3 and < 37 ? 200 : 0).Map(v => (byte)v));

    private static double Value(string name) => _golden.GetProperty(name).GetDouble();

    private static double[] Values(string name) => [.. _golden.GetProperty(name).EnumerateArray().Select(v => v.GetDouble())];

    [Fact]
    public void Errors_and_similarities_agree()
    {
        var (a, b) = EvaluationFixture.Golden();
        var everything = ScoredRegion.All(25);
        Assert.Equal(Value("meanSquaredError"), Psnr.MeanSquaredError(a, b, _decimated), 1e-9);
        Assert.Equal(Value("normalisedError"), Psnr.NormalisedError(a, b, _decimated)!.Value, 1e-12);
        Assert.Equal(Value("ssimVolume"), VolumeSsim.Compute(a, b, everything, 255)!.Value, 1e-9);
        Assert.Equal(Value("ssimVolumeDecimated"), VolumeSsim.Compute(a, b, _decimated, 255)!.Value, 1e-9);
        Assert.Equal(Value("multiScaleXy"), MultiScaleSsim.Compute(a, b, _decimated, 255, PlaneFamily.Xy)!.Value, 1e-9);
        Assert.Equal(Value("multiScaleXz"), MultiScaleSsim.Compute(a, b, everything, 255, PlaneFamily.Xz)!.Value, 1e-9);
        Assert.Equal(Value("gradientDeviation"), GradientSimilarity.Deviation(a, b, _decimated, 255)!.Value, 1e-6);
        var (c, d) = EvaluationFixture.GoldenSections();
        Assert.Equal(5, MultiScaleSsim.Scales(385, 391));
        Assert.Equal(Value("multiScaleLarge"), MultiScaleSsim.Compute(c, d, ScoredRegion.All(2), 255, PlaneFamily.Xy)!.Value, 1e-9);
    }

    [Fact]
    public void Masks_are_honoured_as_arrays_are_indexed()
    {
        var (a, b) = EvaluationFixture.Golden();
        var region = Masked(ScoredRegion.All(25));
        Assert.Equal(Value("maskedMeanSquaredError"), Psnr.MeanSquaredError(a, b, region), 1e-9);
        Assert.Equal(Value("ssimVolumeMasked"), VolumeSsim.Compute(a, b, Masked(_decimated), 255)!.Value, 1e-9);
        Assert.Equal(Value("ssimXyMasked"), Ssim.Compute(a, b, region, 255, PlaneFamily.Xy)!.Value, 1e-9);
        Assert.Equal(Value("ssimXzMasked"), Ssim.Compute(a, b, region, 255, PlaneFamily.Xz)!.Value, 1e-9);
        Assert.Equal(Value("ssimYzMasked"), Ssim.Compute(a, b, region, 255, PlaneFamily.Yz)!.Value, 1e-9);
        var blocks = Psnr.SquaredErrorByBlock(a, b, region);
        Assert.Equal(Value("maskedMeanSquaredError"), blocks.Mean!.Value, 1e-9);
        Assert.Equal(25 * 34 * 38, blocks.Counts.Sum());
    }

    [Fact]
    public void Gradients_and_spectra_agree()
    {
        var (a, b) = EvaluationFixture.Golden(size: _odd);
        var gradient = GradientRatio.Compute(a, b, _decimated);
        Assert.All(Values("gradientRatio").Zip([gradient.Z, gradient.Y, gradient.X]), p => Assert.Equal(p.First, p.Second!.Value, 1e-9));
        var spectrum = SpectralRatio.Compute(a, b, _decimated);
        Assert.Null(spectrum.Z);
        Assert.All(Values("spectralRatioY").Zip(spectrum.Y!), p => Assert.Equal(p.First, p.Second.Ratio!.Value, 1e-9));
        Assert.All(Values("spectralRatioX").Zip(spectrum.X!), p => Assert.Equal(p.First, p.Second.Ratio!.Value, 1e-9));
        Assert.Equal((32 * 10.11, 16 * 10.11), (spectrum.X![0].LongestNm, spectrum.X[0].ShortestNm));
        Assert.Equal(2 * 10.11, spectrum.X[3].ShortestNm, 1e-12);
    }

    [Fact]
    public void Correlations_in_Fourier_space_agree()
    {
        var (a, b) = EvaluationFixture.Golden(size: _odd);
        void Agrees(string name, FscCurve curve)
        {
            Assert.Equal(Values(name).Length, curve.Shells.Count);
            Assert.All(Values(name).Zip(curve.Shells), p => Assert.Equal(p.First, p.Second.Correlation!.Value, 1e-9));
        }
        Agrees("ringXy", FourierRingCorrelation.Compute(a, b, _decimated, PlaneFamily.Xy));
        Agrees("ringYz", FourierRingCorrelation.Compute(a, b, ScoredRegion.All(25), PlaneFamily.Yz));
        var directions = FourierShellCorrelation.Directional(a, b);
        Agrees("coneY", directions.Axes.Y);
        Agrees("coneX", directions.Axes.X);
        var continuity = SectionContinuity.Of(a);
        Assert.Equal(Value("continuity"), continuity.Mean!.Value, 1e-12);
        Assert.Equal(Value("continuityLeast"), continuity.Least!.Value, 1e-12);
    }
}
