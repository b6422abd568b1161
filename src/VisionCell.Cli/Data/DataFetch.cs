using VisionCell.Cli.CommandLine;
using VisionCell.Formats;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Cli.Data;

/// <summary>
/// Brings the files of a data set into a folder. What lies on this machine already is taken, once its hash is right; what is downloaded gets its
/// name only after its hash, or the hash of its voxels, was found right, so that nothing unverified is ever met under that name.
/// </summary>
/// <param name="folder">Where files go.</param>
/// <param name="sha256">Hash that the user gives for a file of which the manifest has none; null for none.</param>
/// <param name="record">Whether the hash of such a file is taken down as it is met first.</param>
/// <param name="patience">How long to wait for the next bytes.</param>
/// <param name="messages">Shows progress.</param>
internal sealed class DataFetch(string folder, string? sha256, bool record, TimeSpan patience, Messages messages)
{
    private static readonly HttpClient _client = NewClient();

    /// <summary>Makes sure that a file is here and intact.</summary>
    /// <returns>Its path.</returns>
    /// <exception cref="BadInputException">It cannot be had, or is not what its manifest says; one line that says why.</exception>
    public string Run(DataSet set, DataFile file, CancellationToken cancellation)
    {
        if (file.IsReadInPlace)
            throw new BadInputException($"{file.Name} of {set.Name}: a volume of this size is not fetched but read in place, a block at a time, as {file.Format}: {file.Url}");
        var target = Path.Combine(folder, file.Name);
        var found = file.Path ?? (File.Exists(target) ? target : null);
        var known = file.Sha256 ?? sha256 ?? RecordedHashes.Of(found ?? target);
        if (known is null && file.VoxelSha256 is null && !record)
            throw new BadInputException($"{file.Name} of {set.Name}: its publisher gives no SHA-256 and the manifest has none; pass --sha256 HEX if you have it from elsewhere, or --record to trust what comes now and hold the file to that from then on");
        if (found is not null)
        {
            if (known is null && file.VoxelSha256 is null)
                RecordedHashes.Record(found, ContentHash.OfFile(found));
            else if (!file.Matches(found, known))
                throw new BadInputException($"{found}: is not what the manifest of {set.Name} says (SHA-256 {ContentHash.OfFile(found)[..16]}…, expected {(known ?? file.VoxelSha256!)[..16]}…); remove it and fetch again");
            return found;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        if (file.Parts is { } parts)
            Assemble(set, file, parts, target, cancellation);
        else if (file.Url is { } url)
            Fetch(set, file, new Uri(url), target, known, cancellation);
        else
            throw new BadInputException($"{file.Name} of {set.Name}: is not published as a file of its own, so that it cannot be fetched; see the citation: {set.Citation}");
        return target;
    }

    private void Fetch(DataSet set, DataFile file, Uri url, string target, string? known, CancellationToken cancellation)
    {
        var part = Partial(target);
        for (var again = false; ; again = true)
        {
            var download = new Download(_client, patience, messages.Notice);
            messages.RunSteps(file.Name, bar =>
            {
                download.RunAsync(url, part, file.Bytes, (done, of) => bar.Report(new Step(of is > 0 ? (double)done / of.Value : 0, $"{done / 1e6:0.0} MB")), cancellation).GetAwaiter().GetResult();
                return 0;
            });
            var hash = ContentHash.OfFile(part);
            if (known is null || hash.Equals(known, StringComparison.OrdinalIgnoreCase))
            {
                if (file.Sha256 is null)
                    RecordedHashes.Record(target, hash);
                File.Move(part, target, overwrite: true);
                Download.Discard(part);
                return;
            }
            var length = new FileInfo(part).Length;
            Download.Discard(part);
            // Two halves of different files do not fit together: once more in one piece.
            if (!download.WasResumed || again)
                throw new BadInputException($"{url}: {length:N0} bytes with SHA-256 {hash}, where {known} is expected for {set.Name}; nothing was kept");
            messages.Notice($"{url}: what was put together from two answers has the wrong hash, fetched anew");
        }
    }

    /// <summary>Downloads the pieces of a stack, puts them together, and writes the stack once its voxels are those of the manifest.</summary>
    private void Assemble(DataSet set, DataFile file, DataParts parts, string target, CancellationToken cancellation)
    {
        if (file.VoxelSha256 is null)
            throw new BadInputException($"{file.Name} of {set.Name}: the manifest has pieces but no SHA-256 of the voxels to check them with");
        var work = Partial(target);
        Directory.CreateDirectory(work);
        var pieces = parts.All().ToArray();
        messages.RunSteps(file.Name, bar =>
        {
            for (var i = 0; i < pieces.Length; i++)
            {
                var (url, name) = pieces[i];
                var path = Path.Combine(work, name);
                // Interrupted before: pieces with their own name are complete, and the hash of all of them is still to come.
                if (!File.Exists(path))
                {
                    var part = Path.Combine(work, $".{name}.part");
                    new Download(_client, patience, messages.Notice).RunAsync(url, part, null, null, cancellation).GetAwaiter().GetResult();
                    File.Move(part, path);
                    Download.Discard(part);
                }
                bar.Report(new Step((i + 1.0) / pieces.Length, $"{i + 1} of {pieces.Length}"));
            }
            return 0;
        });
        var size = set.VoxelSizeNm is { } nm ? new VoxelSize(nm[0], nm[1], nm[2]) : (VoxelSize?)null;
        // Where nobody knows the voxel size, none is written.
        var volume = VolumeFormats.Read(pieces.Length == 1 ? Path.Combine(work, pieces[0].Name) : work, size ?? new VoxelSize(1, 1, 1), null, null, cancellation);
        if (file.Crop is { } crop && crop.Shape != volume.Shape)
            volume = volume.Crop(crop);
        var hash = ContentHash.OfBytes(volume.Bytes);
        if (hash != file.VoxelSha256)
        {
            Directory.Delete(work, recursive: true);
            throw new BadInputException($"{parts.Url}: voxels of {volume.Shape} with SHA-256 {hash}, where {file.VoxelSha256} is expected for {set.Name}; nothing was kept");
        }
        TiffWriter.Write(volume, target, new TiffWriteOptions(Predictor: true, Calibrated: size is not null), null, cancellation);
        Directory.Delete(work, recursive: true);
    }

    private static string Partial(string target) => Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.part");

    private static HttpClient NewClient()
    {
        var client = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("visioncell");
        return client;
    }
}
