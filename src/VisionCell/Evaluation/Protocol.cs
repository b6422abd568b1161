using System.Globalization;
using System.Text.Json.Serialization;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// What fixes the meaning of a score: how sections were simulated, which voxels count, borders, data range and seeds. Numbers of different
/// protocols do not compare: decimation and pooling differ by 2 dB and more, counting observed sections adds 0.5 to 3 dB.
/// </summary>
/// <param name="Name">For example <c>decimate-8-heldout</c>, <c>pool-4-inner</c>, <c>whole</c>.</param>
/// <param name="Version">Grows whenever a score of that name would come out differently.</param>
/// <param name="Degradation">How sections sample the truth; <c>none</c> where nothing was simulated.</param>
/// <param name="Scored">The rule for voxels that count, in words.</param>
/// <param name="Border">Pixels along y and x that do not count, from each edge.</param>
/// <param name="Masked">Whether a mask says besides which voxels count.</param>
/// <param name="Range">The rule for the data range: <c>255</c> or <c>extent of the reference</c>.</param>
/// <param name="Seeds">Seeds that everything random was run with.</param>
public sealed record Protocol(string Name, int Version, string Degradation, string Scored, int Border, bool Masked, string Range, IReadOnlyList<int> Seeds)
{
    /// <summary>Of the definitions in this folder.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Name and version, <c>decimate-8-heldout/1</c>.</summary>
    [JsonIgnore]
    public string Id => FormattableString.Invariant($"{Name}/{Version}");

    /// <summary>The protocol of a score.</summary>
    /// <param name="sampling">How sections were simulated; null where nothing was.</param>
    /// <param name="range">The data range that is used.</param>
    /// <param name="seeds">Seeds.</param>
    /// <param name="border">Pixels that do not count.</param>
    /// <param name="masked">Whether a mask is used.</param>
    public static Protocol Of(AxialSampling? sampling, DataRange range, IReadOnlyList<int> seeds, int border = 0, bool masked = false)
    {
        var (rows, scored) = sampling switch
        {
            null => ("whole", "all rows"),
            { IsDecimation: true } => ("heldout", "rows that are not themselves sections"),
            _ => ("inner", "rows from the start of the second section to the end of the last but one"),
        };
        var degradation = sampling?.ToString() ?? "none";
        var name = sampling is null ? rows : $"{degradation.Replace(':', '-').Replace(',', '-')}-{rows}";
        if (border > 0)
            name += FormattableString.Invariant($"-border-{border}");
        if (masked)
            name += "-masked";
        return new Protocol(name, CurrentVersion, degradation, scored, border, masked, range.IsFixed ? range.Value.ToString(CultureInfo.InvariantCulture) : "extent of the reference", seeds);
    }

    /// <summary>Makes sure that numbers compare.</summary>
    /// <param name="reports">Where each protocol stands, for messages; null is a report that names none.</param>
    /// <returns>What they have in common.</returns>
    /// <exception cref="BadInputException">They differ, or one is not known.</exception>
    public static Protocol RequireSame(IReadOnlyList<(string Where, Protocol? Protocol)> reports)
    {
        if (reports.Count == 0)
            throw new BadInputException("no report given: give at least one that 'visioncell benchmark --json' wrote");
        foreach (var (where, protocol) in reports)
        {
            if (protocol is null)
                throw new BadInputException($"{where}: names no protocol, so that nothing says what its numbers mean; run the benchmark again");
        }
        var (firstWhere, first) = (reports[0].Where, reports[0].Protocol!);
        foreach (var (where, protocol) in reports.Skip(1))
        {
            if (protocol!.Id != first.Id || protocol.Range != first.Range)
                throw new BadInputException($"{where} was scored by {protocol.Id} (range {protocol.Range}), {firstWhere} by {first.Id} (range {first.Range}): numbers of different protocols do not compare; run one of them again");
        }
        return first;
    }
}
