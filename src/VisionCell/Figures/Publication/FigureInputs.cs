using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Formats;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Figures.Publication;

/// <summary>What a figure is drawn from: files and folders of a run, read when they are asked for.</summary>
/// <param name="paths">Absolute paths by what they are to the function, in the manifest's order.</param>
/// <param name="cancellation">Stops long work.</param>
internal sealed class FigureInputs(IReadOnlyDictionary<string, string> paths, CancellationToken cancellation = default)
{
    private readonly Dictionary<string, Volume> _volumes = [];

    public CancellationToken Cancellation => cancellation;

    public bool Has(string role) => paths.ContainsKey(role);

    public string Path(string role) => paths[role];

    /// <summary>A volume in its own voxel type.</summary>
    public Volume Read(string role) => _volumes.TryGetValue(role, out var volume) ? volume : _volumes[role] = VolumeFormats.Read(paths[role], cancellationToken: cancellation);

    /// <summary>A volume as numbers.</summary>
    public Volume<float> Volume(string role) => Read(role).ToFloat32();

    /// <summary>The reconstructions by name: every input that is not one of the function's own.</summary>
    public List<(string Name, Volume<float> Volume)> Series(IEnumerable<string> roles) => [.. paths.Keys.Except(roles).Select(name => (name, Volume(name)))];

    /// <summary>The truth, cut to what was reconstructed: an acquisition drops incomplete sections at the end.</summary>
    public Volume<float> Reference(Shape3 shape)
    {
        var truth = Volume("reference");
        return truth.Shape != shape && truth.Shape with { Z = shape.Z } == shape && shape.Z <= truth.Shape.Z ? truth.Crop(Box.Of(shape)) : truth;
    }

    /// <summary>How the sparse stack was made, as the report of an evaluation says; null where none is given.</summary>
    public AxialSampling? Sampling => Has("report") ? AxialSampling.Parse(Report.Degradation) : null;

    public BenchmarkReport Report => BenchmarkReport.Read(paths["report"]);

    public IEnumerable<(string Name, IReadOnlyList<TrainingProgress> Reports)> Logs => paths.Select(p => (p.Key, TrainingLog.Read(p.Value).Reports));
}
