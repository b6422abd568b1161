using System.Diagnostics;
using System.Text.Json;
using VisionCell.Formats;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>Where a preprocessed stack and what was done to it are written.</summary>
/// <param name="Volume">OME-Zarr image.</param>
/// <param name="Transforms"><c>transforms.json</c>; displacement fields lie beside it.</param>
/// <param name="Report">The report, JSON.</param>
public sealed record PreprocessingOutputs(string Volume, string Transforms, string Report);

/// <summary>
/// <see cref="PreprocessingPipeline"/> on a stack that need not fit in memory, from file to file. What is done is noted section by section in a folder to
/// work in: the features of each section as it is scanned, the decisions, the transforms, a network as it learns, and each finished section. Run again after an
/// interruption it goes on from there, and the result is the same as without. Memory: a few sections for each step, and a row of chunks of the
/// image that is written.
/// </summary>
public static class StackPreprocessing
{
    private static readonly JsonSerializerOptions _line = new(Configuration.Json) { WriteIndented = false };

    /// <summary>Runs the steps.</summary>
    /// <param name="reader">The open stack.</param>
    /// <param name="size">Its voxel size, nm.</param>
    /// <param name="configuration">Which steps, and how.</param>
    /// <param name="work">Folder to work in, of this stack and this configuration alone; it is gone when all is done.</param>
    /// <param name="outputs">What is written.</param>
    /// <param name="positions">Centre of each section along z, nm; null where the stack says it, or they are evenly spaced.</param>
    /// <param name="progress">Told step and section.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">As <see cref="PreprocessingPipeline.Run"/>; or something else is in the way of an output.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; run it again to go on.</exception>
    public static PreprocessingReport Run(
        SectionReader reader, VoxelSize size, PreprocessingConfiguration configuration, string work, PreprocessingOutputs outputs,
        IReadOnlyList<double>? positions = null, IProgress<PreprocessingProgress>? progress = null, CancellationToken cancellation = default)
    {
        var shape = reader.Info.Shape;
        var name = reader.Info.Path;
        PreprocessingPipeline.Require(shape, name);
        Directory.CreateDirectory(work);
        var source = new FileSections(reader);
        var layout = PreprocessingPipeline.LayoutOf(reader.Provenance, shape.Z, positions);
        var seconds = new Dictionary<string, double>();
        var clock = Stopwatch.StartNew();

        var features = Scanned(Path.Combine(work, "scan.jsonl"), shape.Z);
        using (var log = new StreamWriter(Path.Combine(work, "scan.jsonl"), append: true))
        {
            PreprocessingPipeline.Scan(source, name, features, f =>
            {
                log.WriteLine(JsonSerializer.Serialize(f, _line));
                log.Flush();
            }, progress, cancellation);
        }
        var plan = Kept(Path.Combine(work, "plan.json"), () => PreprocessingPlan.Make(source, features, configuration, cancellation));
        PreprocessingPipeline.Ended("scan", clock, seconds);

        var corrected = new CorrectedSections(source, configuration, plan);
        var (summary, transforms, fields) = Aligned(corrected, configuration, plan, layout, Path.Combine(work, "alignment"), progress, cancellation);
        PreprocessingPipeline.Ended("align", clock, seconds);

        var type = reader.Info.VoxelType;
        using var chain = new SectionChain(corrected, size, layout, type, configuration, plan, transforms, fields);
        if (chain.Learn(Path.Combine(work, "denoising"), progress, cancellation))
            PreprocessingPipeline.Ended("learn", clock, seconds);
        var writer = new OmeZarrWriter(Path.Combine(work, "image"), shape, type, size, reader.Info.Origin);
        var bytes = new byte[shape.SectionCount * (type switch { VoxelType.UInt8 => 1, VoxelType.UInt16 => 2, _ => 4 })];
        chain.Run(writer.Written, shape.Z - writer.Written, (z, section) =>
        {
            SectionChain.Store(section, type, bytes);
            writer.Append(bytes, cancellation);
            progress?.Report(new PreprocessingProgress("finish", z + 1, shape.Z));
            cancellation.ThrowIfCancellationRequested();
        }, cancellation);
        var report = PreprocessingPipeline.ReportOf(configuration, plan, summary, transforms, chain, seconds, cancellation);
        AlignmentResult.Write(outputs.Transforms, transforms, fields);
        writer.Complete(outputs.Volume, PreprocessingPipeline.ProvenanceOf(reader.Provenance, configuration, plan, layout), null, cancellation);
        PreprocessingPipeline.Ended("finish", clock, seconds);
        report.Write(outputs.Report);
        Directory.Delete(work, recursive: true);
        return report;
    }

    /// <summary>The features that an earlier run noted; a line that was cut off, and what follows it, is not counted and taken off the file.</summary>
    private static List<SectionFeatures> Scanned(string path, int count)
    {
        var features = new List<SectionFeatures>();
        if (!File.Exists(path))
            return features;
        var whole = new List<string>();
        foreach (var line in File.ReadLines(path))
        {
            try
            {
                if (JsonSerializer.Deserialize<SectionFeatures>(line, _line) is not { } section || section.Z != features.Count || features.Count == count)
                    break;
                features.Add(section);
                whole.Add(line);
            }
            catch (JsonException)
            {
                break;
            }
        }
        AtomicWrite.Text(path, string.Concat(whole.Select(line => line + "\n")));
        return features;
    }

    private static (AlignmentSummary? Summary, SectionTransforms Transforms, IReadOnlyList<ElasticField?> Fields) Aligned(
        CorrectedSections corrected, PreprocessingConfiguration configuration, PreprocessingPlan plan, SectionLayout layout, string folder,
        IProgress<PreprocessingProgress>? progress, CancellationToken cancellation)
    {
        var (transformsPath, summaryPath) = (Path.Combine(folder, "transforms.json"), Path.Combine(folder, "summary.json"));
        if (File.Exists(summaryPath))
        {
            var (transforms, fields) = AlignmentResult.Read(transformsPath);
            return (configuration.Alignment is null ? null : Configuration.Read<AlignmentSummary>(summaryPath), transforms, fields);
        }
        var result = PreprocessingPipeline.Align(corrected, configuration, plan, layout, progress, cancellation);
        var described = PreprocessingPipeline.Described(result, configuration, plan, corrected.Count);
        // The summary last: it says that the rest is there. Numbers are read back, so that a run that goes on works with the same ones.
        AlignmentResult.Write(transformsPath, described.Transforms, described.Fields);
        var summary = result is null ? null : AlignmentSummary.Of(result);
        Configuration.Write(summaryPath, summary ?? new AlignmentSummary(new DriftReport([], false), 1, []));
        var (readBack, fieldsBack) = AlignmentResult.Read(transformsPath);
        return (summary, readBack, fieldsBack);
    }

    private static T Kept<T>(string path, Func<T> make)
    {
        if (!File.Exists(path))
            Configuration.Write(path, make());
        return Configuration.Read<T>(path);
    }
}
