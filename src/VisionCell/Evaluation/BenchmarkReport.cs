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
    /// <summary>Puts the metrics beside what the run cost.</summary>
    public static MethodScore Of(
        string name, Scores scores, double? trainSeconds, double? inferSeconds, double? peakMemoryMb, string? device, UncertaintyScore? uncertainty = null) =>
        new(name, scores.Psnr, scores.SsimXy, scores.SsimXz, scores.SsimYz, scores.Fsim, scores.HighFrequencyRatio, scores.FscResolutionNm,
            trainSeconds, inferSeconds, peakMemoryMb, device, uncertainty);
}

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
        Converters = { new FiniteOrNull() },
    };

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
