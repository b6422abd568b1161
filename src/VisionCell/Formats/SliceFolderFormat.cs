using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// A folder of numbered slices, one grey image a section: TIFF, PNG (8 and 16 bit) or JPEG. Sections follow in the order of
/// their numbers; a number that is missing or there twice, mixed formats and differing sizes or types are refused, because
/// each of them would shift or bend the specimen unnoticed. Such files do not say the distance of sections, so the voxel size
/// always comes from the user.
/// </summary>
public sealed class SliceFolderFormat : IVolumeFormat
{
    /// <inheritdoc/>
    public string Name => "slices";

    /// <summary>Empty: slices are only read.</summary>
    public IReadOnlyList<string> WriteExtensions { get; } = [];

    /// <inheritdoc/>
    public bool Recognises(string path) => Directory.Exists(path) && Directory.EnumerateFiles(path).Any(IsSlice);

    /// <inheritdoc/>
    public VolumeInfo Inspect(string path) => List(path).Info;

    /// <inheritdoc/>
    public Volume Read(string path, VoxelSize voxelSize, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var (info, files) = List(path);
        if (info.Shape.Count > Array.MaxLength)
            throw new BadInputException($"{path}: {info.Shape} voxels are more than the {Array.MaxLength:N0} that are held in memory; crop it first");
        var volume = SectionBytes.NewVolume(info.VoxelType, info.Shape, voxelSize, default, Provenance.Of(Path.GetFileName(Path.TrimEndingDirectorySeparator(path))));
        var counter = new ProgressCounter(progress, files.Count);
        var options = new ParallelOptions { CancellationToken = cancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, files.Count, options, z =>
        {
            ReadGuard.Run(files[z], "an image", () =>
            {
                Slice.Read(files[z], SectionBytes.Of(volume, z));
                return 0;
            });
            counter.Add();
        });
        return volume;
    }

    /// <inheritdoc/>
    public SectionReader OpenSections(string path, VoxelSize voxelSize)
    {
        var (info, files) = List(path);
        return new SectionReader.By(info, Provenance.Of(Path.GetFileName(Path.TrimEndingDirectorySeparator(path))), (z, target) =>
        {
            // A span cannot be taken along into the guard.
            var bytes = new byte[target.Length];
            ReadGuard.Run(files[z], "an image", () =>
            {
                Slice.Read(files[z], bytes);
                return 0;
            });
            bytes.CopyTo(target);
        });
    }

    /// <summary>Not supported: slices are only read.</summary>
    public void Write(Volume volume, string path, IProgress<double>? progress, CancellationToken cancellationToken) =>
        throw new NotSupportedException("slices are only read");

    private static bool IsSlice(string file) => !Path.GetFileName(file).StartsWith('.') && Slice.KindOf(file) is not null;

    private static (VolumeInfo Info, IReadOnlyList<string> Files) List(string path)
    {
        var all = Directory.GetFiles(path);
        var files = all.Where(IsSlice).ToArray();
        if (files.Length == 0)
            throw new BadInputException($"{path}: holds no TIFF, PNG or JPEG slices");
        files = SliceNumbering.Sort(files, path);
        var kind = Slice.KindOf(files[0]);
        if (Array.Find(files, f => Slice.KindOf(f) != kind) is { } other)
            throw new BadInputException($"{path}: mixes {kind} and {Slice.KindOf(other)} slices ({Path.GetFileName(files[0])}, {Path.GetFileName(other)}); keep one kind in the folder");
        var first = Header(files[0]);
        foreach (var file in files.AsSpan(1))
        {
            var header = Header(file);
            if (header.Width != first.Width || header.Height != first.Height)
                throw new BadInputException($"{file}: {header.Height} x {header.Width} pixels, where {Path.GetFileName(files[0])} has {first.Height} x {first.Width}; all slices must have one size");
            if (header.Type != first.Type)
                throw new BadInputException($"{file}: holds {header.Type}, where {Path.GetFileName(files[0])} holds {first.Type}; all slices must have one type");
        }
        var shape = new Shape3(files.Length, first.Height, first.Width);
        List<string> notes = [$"first {Path.GetFileName(files[0])}, last {Path.GetFileName(files[^1])}"];
        if (all.Length > files.Length)
            notes.Add($"{all.Length - files.Length} other files left aside");
        List<string> notices = kind == "JPEG" ? ["JPEG has lost fine detail; prefer TIFF or PNG where there is a choice"] : [];
        return (new VolumeInfo(path, $"{kind} slices", shape, first.Type, null, default, "zyx", notes, notices), files);
    }

    private static Slice.Header Header(string file) => ReadGuard.Run(file, "an image", () => Slice.Inspect(file));
}
