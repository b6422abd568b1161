using System.Text.Json;
using System.Text.Json.Serialization;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// One method's line in a report. A value that was not measured is null; so is a PSNR that is infinite (the scored voxels agree
/// exactly) and a Fourier shell correlation that never falls below its threshold, since JSON has no infinity.
/// </summary>
/// <param name="Name">Name of the method, for example <c>linear</c>.</param>
/// <param name="Psnr">dB.</param>
/// <param name="SsimXy">Mean SSIM of sections.</param>
/// <param name="SsimXz">Mean SSIM of xz planes.</param>
/// <param name="SsimYz">Mean SSIM of yz planes.</param>
/// <param name="Fsim">Mean feature similarity of sections.</param>
/// <param name="HighFrequencyRatio">Fine detail kept, 1 as much as the truth.</param>
/// <param name="FscResolutionNm">Resolution along z from Fourier shell correlation, nm.</param>
/// <param name="TrainSeconds">Wall-clock time of training, s.</param>
/// <param name="InferSeconds">Wall-clock time of the reconstruction, s.</param>
/// <param name="PeakMemoryMb">Peak memory of the process while the method ran, MB.</param>
/// <param name="Device">Where it ran, for example <c>cpu (bf16)</c>.</param>
/// <param name="Uncertainty">How honest its uncertainty is; null where it gives none.</param>
public sealed record MethodScore(
    string Name,
    double? Psnr,
    double? SsimXy,
    double? SsimXz,
    double? SsimYz,
    double? Fsim,
    double? HighFrequencyRatio,
    double? FscResolutionNm,
    double? TrainSeconds,
    double? InferSeconds,
    double? PeakMemoryMb,
    string? Device,
    UncertaintyScore? Uncertainty)
{
    /// <summary>What else was measured: means over the seeds, spectra of the first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Measures? Measures { get; init; }

    /// <summary>How cells can be told apart in the reconstruction: means over the seeds.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SegmentationScore? Segmentation { get; init; }

    /// <summary>Errors by block and seed, for paired comparison.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public BlockErrors? Blocks { get; init; }

    /// <summary>The scores of each seed, where there were several: those above are then their means, curves those of the first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SeedScores>? Seeds { get; init; }

    /// <summary>Its seven scores; infinite where a PSNR is missing because nothing differs.</summary>
    internal Scores Scores => new(Psnr ?? double.PositiveInfinity, SsimXy, SsimXz, SsimYz, Fsim, HighFrequencyRatio, FscResolutionNm);

    /// <summary>What was measured with each seed; one where there was only one.</summary>
    /// <param name="seed">That of the report.</param>
    internal IReadOnlyList<SeedScores> BySeed(int seed) => Seeds ?? [new SeedScores(seed, Scores) { Measures = Measures, Segmentation = Segmentation, Uncertainty = Uncertainty }];

    /// <summary>Puts the metrics beside what the run cost.</summary>
    public static MethodScore Of(
        string name, Scores scores, double? trainSeconds, double? inferSeconds, double? peakMemoryMb, string? device, UncertaintyScore? uncertainty = null) =>
        new(name, scores.Psnr, scores.SsimXy, scores.SsimXz, scores.SsimYz, scores.Fsim, scores.HighFrequencyRatio, scores.FscResolutionNm,
            trainSeconds, inferSeconds, peakMemoryMb, device, uncertainty);
}

/// <summary>Scores of one seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Scores">Its scores.</param>
public sealed record SeedScores(int Seed, Scores Scores)
{
    /// <summary>What else was measured.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Measures? Measures { get; init; }

    /// <summary>How cells can be told apart.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SegmentationScore? Segmentation { get; init; }

    /// <summary>How honest its uncertainty is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public UncertaintyScore? Uncertainty { get; init; }
}

/// <summary>How cells can be told apart in the truth and in the simplest reconstruction.</summary>
/// <param name="Labels">Where the labels came from, as they were named.</param>
/// <param name="Ceiling">Of the truth itself: no reconstruction can be asked for more.</param>
/// <param name="Floor">Of linear interpolation.</param>
/// <param name="Configuration">Of the segmentation.</param>
public sealed record SegmentationBounds(string Labels, SegmentationScore Ceiling, SegmentationScore Floor, SegmentationConfiguration Configuration);

/// <summary>What <c>visioncell benchmark --json</c> writes: methods compared on one volume and one simulated acquisition.</summary>
/// <param name="Volume">The isotropic volume, as it was named.</param>
/// <param name="VoxelSizeNm">Its voxel size Z, Y, X, nm.</param>
/// <param name="Degradation">How sections were simulated, for example <c>decimate:8</c>.</param>
/// <param name="Seed">Seed of everything random.</param>
/// <param name="Scored">Which voxels count and against which data range, in words.</param>
/// <param name="Methods">One line a method.</param>
public sealed record BenchmarkReport(
    string Volume, IReadOnlyList<double> VoxelSizeNm, string Degradation, int Seed, string Scored, IReadOnlyList<MethodScore> Methods)
{
    private static readonly JsonSerializerOptions _json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new FiniteOrNull(), new InfiniteAsNull() },
    };

    /// <summary>Bounds of what segmentation can say; null where no labels were given.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SegmentationBounds? Segmentation { get; init; }

    /// <summary>What the numbers mean; null in a report that does not say.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Protocol? Protocol { get; init; }

    /// <summary>Assembles a report; <see cref="Scored"/> names region and data range.</summary>
    public static BenchmarkReport Of(
        string volume, VoxelSize voxelSize, string degradation, int seed, ScoredRegion region, DataRange range, IReadOnlyList<MethodScore> methods) =>
        new(volume, [voxelSize.Z, voxelSize.Y, voxelSize.X], degradation, seed, $"{region.Description}; {range.Description}", methods);

    /// <summary>The report as JSON text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, _json);

    /// <summary>Writes the report; beside and renamed into place.</summary>
    public void Write(string path) => AtomicWrite.Text(path, ToJson() + "\n");

    /// <summary>Reads a report back.</summary>
    /// <exception cref="BadInputException">The file is not such a report.</exception>
    public static BenchmarkReport Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<BenchmarkReport>(File.ReadAllText(path), _json)
                ?? throw new BadInputException($"{path}: holds null, not a benchmark report");
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{path}: not a benchmark report: {e.Message}", e);
        }
    }

    /// <summary>A number that can't be missing but may be infinite, as a PSNR without any error is.</summary>
    private sealed class InfiniteAsNull : JsonConverter<double>
    {
        public override bool HandleNull => true;

        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? double.PositiveInfinity : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
                writer.WriteNumberValue(value);
            else
                writer.WriteNullValue();
        }
    }

    private sealed class FiniteOrNull : JsonConverter<double?>
    {
        public override bool HandleNull => true;

        public override double? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? null : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double? value, JsonSerializerOptions options)
        {
            if (value is { } number && double.IsFinite(number))
                writer.WriteNumberValue(number);
            else
                writer.WriteNullValue();
        }
    }
}
