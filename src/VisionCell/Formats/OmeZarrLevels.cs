using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// Finishes an image whose finest level lies on disk: makes the coarser levels that are not there block by block, each from the one before, and moves it to its place, where it replaces an
/// older one. Memory: a block of 4 x 4 x 4 chunks, or of 2 x 2 x 2 shards where these are larger, whatever the size of the image. The bytes are those of <see cref="OmeZarr.Write"/>.
/// </summary>
internal static class OmeZarrLevels
{
    // Chunks of the coarser level along each axis that are made at once.
    private const int ChunksAtOnce = 2;

    /// <summary>Finishes an image.</summary>
    /// <param name="image">Folder of the image, with all chunks of level 0; a coarser level of which all are there is taken as it is.</param>
    /// <param name="path">Where it goes.</param>
    /// <param name="shape">Number of voxels along z, y, x.</param>
    /// <param name="type">How a voxel is stored.</param>
    /// <param name="size">Voxel size, nm.</param>
    /// <param name="origin">Centre of voxel (0, 0, 0), nm.</param>
    /// <param name="provenance">Where the data come from.</param>
    /// <param name="options">How it is written.</param>
    /// <param name="progress">Fraction done, 0 to 1.</param>
    /// <param name="cancellationToken">Stops; the next call goes on with the level that was interrupted.</param>
    /// <exception cref="BadInputException">A file, or a folder that is no Zarr group, is in the way.</exception>
    public static void Complete(
        string image, string path, Shape3 shape, VoxelType type, VoxelSize size, Position origin, Provenance provenance, OmeZarrOptions options, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var levels = OmeZarr.Shapes(shape, size, options).ToArray();
        var counter = new ProgressCounter(progress, Math.Max(1, levels.Skip(1).Sum(l => ZarrWriter.FileCount(l.Shape, options))));
        var described = new List<(VoxelSize Size, Position Origin)> { (size, origin) };
        ZarrDescription.Write(Path.Combine(image, "0"), shape, type, options);
        for (var level = 1; level < levels.Length; level++)
        {
            var (folder, files) = (Path.Combine(image, $"{level}"), ZarrWriter.FileCount(levels[level].Shape, options));
            if (ZarrWriter.FilesIn(folder, options) == files)
                counter.Add(files);
            else
                Halve(image, level, levels, type, options, counter, cancellationToken);
            ZarrDescription.Write(folder, levels[level].Shape, type, options);
            described.Add((levels[level].Size, Pyramid.Origin(described[^1].Origin, levels[level - 1].Size, Pyramid.NextFactors(levels[level - 1].Shape, levels[level - 1].Size))));
        }
        OmeZarr.WriteGroup(image, Path.GetFileName(Path.TrimEndingDirectorySeparator(path)), described, provenance, options.Version);
        AtomicWrite.Folder(path, OmeZarr.IsZarr, folder =>
        {
            Directory.Delete(folder);
            Directory.Move(image, folder);
        });
    }

    private static void Halve(
        string image, int level, (Shape3 Shape, VoxelSize Size)[] levels, VoxelType type, OmeZarrOptions options, ProgressCounter counter, CancellationToken cancellationToken)
    {
        var (finer, finerSize) = levels[level - 1];
        var (coarser, folder) = (levels[level].Shape, Path.Combine(image, $"{level}"));
        var factors = Pyramid.NextFactors(finer, finerSize);
        var source = new ZarrArray(Path.Combine(image, $"{level - 1}"), isComplete: true);
        var edge = Math.Max(ChunksAtOnce * options.Chunk, options.FileEdge);
        for (var z = 0; z < coarser.Z; z += edge)
        {
            for (var y = 0; y < coarser.Y; y += edge)
            {
                for (var x = 0; x < coarser.X; x += edge)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var (fromZ, fromY, fromX) = (z * factors.Z, y * factors.Y, x * factors.X);
                    var shape = new Shape3(Math.Min(edge * factors.Z, finer.Z - fromZ), Math.Min(edge * factors.Y, finer.Y - fromY), Math.Min(edge * factors.X, finer.X - fromX));
                    var block = SectionBytes.NewUnfilled(type, shape, finerSize, default, Provenance.Of(""));
                    source.Read(new Box(fromZ, fromY, fromX, shape), block, null, cancellationToken);
                    ZarrWriter.WriteBlock(Pyramid.Halve(block, factors, cancellationToken), (z / options.FileEdge, y / options.FileEdge, x / options.FileEdge), folder, options, counter, cancellationToken);
                    // The collector sees the machine's memory and would let many blocks lie about that are done with.
                    GC.Collect();
                }
            }
        }
    }
}
