using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Formats;
using VisionCell.Pipeline;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Pipeline;

/// <summary>What is made tile by tile, from blocks of a stack on disk, is what is made at once.</summary>
public sealed class TiledReconstructionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vc-tiled").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The sample in which every section but one in a few is left out, as a stack on disk.</summary>
    private (string Path, SparseVolume Sparse) Stack(string degradation)
    {
        var sparse = SparseVolume.Of(Sample.Medulla(new Box(0, 0, 0, new Shape3(97, 200, 200))), degradation);
        var path = Path.Combine(_folder, $"{degradation.Replace(':', '-')}.zarr");
        VolumeFormats.Write(sparse.Observed, path);
        return (path, sparse);
    }

    private RunWorkspace Open(string name) => RunWorkspace.Open(Path.Combine(_folder, name));

    [Theory]
    [InlineData("superresolution", "decimate:4", 0.25)]
    [InlineData("superresolution", "decimate:2.5", 0.25)]
    [InlineData("cubic", "decimate:4", 1e-3)]
    public void Tiles_from_disk_are_the_whole_and_meet_without_a_step(string method, string degradation, double tolerance)
    {
        var (path, sparse) = Stack(degradation);
        var options = new TrainingOptions(Steps: 60, FromScratch: true, Cancellation: TestContext.Current.CancellationToken);
        var whole = Reconstructor.Run(StackSource.Of(sparse.Observed, sparse), method, Open("whole"), options);
        var stack = StackSource.Open(path, sparse.Observed.VoxelSize, null, thick: false);
        Assert.False(stack.IsInMemory);
        Assert.Equal(ContentHash.Of(sparse.Observed), stack.Hash);
        Assert.Equal(sparse.IsotropicShape, stack.IsotropicShape);

        // The same weights, so that tiles alone are compared.
        var run = Open("tiles");
        foreach (var file in Directory.EnumerateFiles(Path.Combine(_folder, "whole", "checkpoints"), "*.safetensors"))
            File.Copy(file, Path.Combine(run.Checkpoints, Path.GetFileName(file)));
        var tiled = Reconstructor.Run(stack, method, run, options, tiling: new Tiling { Edge = 64, Rows = 64, InMemory = sparse.Observed.Shape.Count });
        var (expected, actual) = (VolumeFormats.Read(whole.Path).ToFloat32(), VolumeFormats.Read(tiled.Path).ToFloat32());
        Assert.Equal((expected.Shape, expected.VoxelSize, expected.Origin), (actual.Shape, actual.VoxelSize, actual.Origin));
        var difference = Enumerable.Range(0, expected.Data.Length).Average(i => (double)Math.Abs(expected.Data[i] - actual.Data[i]));
        Assert.True(difference < tolerance, $"mean difference {difference:0.0000} grey values");
        Assert.InRange(run.Record.Stages[$"reconstruct-{method}"].Figures["seam"]!.Value, 0.98, 1.02);
    }

    [Theory]
    [InlineData("nearest", "decimate:4")]
    [InlineData("linear", "decimate:2.7")]
    [InlineData("linear", "pool:3")]
    [InlineData("cubic", "decimate:4")]
    [InlineData("cubic", "pool:2.7")]
    public void Whatever_the_size_of_its_blocks_interpolation_gives_the_same_bits(string method, string degradation)
    {
        // Floats of any value, so that nothing is hidden by rounding; and sections that were not observed, some of them where tiles meet.
        var acquired = SparseVolume.Of(Sample.Medulla(new Box(0, 0, 0, new Shape3(97, 200, 150))).ToFloat32().Map(v => v * 1.7f - 31.3f), degradation).Observed;
        var layout = new SectionLayout(acquired.Shape.Z, null, [15, 16, 21, 22, 23]);
        var path = Path.Combine(_folder, "stack.zarr");
        VolumeFormats.Write(acquired.WithProvenance(acquired.Provenance with { Sections = layout }), path);
        var thick = degradation.StartsWith("pool", StringComparison.Ordinal);
        float[] Voxels(string name, Tiling tiling)
        {
            var stack = StackSource.Open(path, acquired.VoxelSize, null, thick);
            var (result, _) = Reconstructor.Run(stack, method, Open(name), new TrainingOptions(Cancellation: TestContext.Current.CancellationToken), tiling: tiling);
            return ((Volume<float>)VolumeFormats.Read(result)).Data;
        }
        var whole = Voxels("whole", new Tiling());
        Assert.True(whole.Distinct().Count() > 100);
        foreach (var tiling in new[] { new Tiling { Edge = 64, Rows = 64, InMemory = 1 }, new Tiling { Edge = 128, Rows = 64, InMemory = 1 }, new Tiling { Edge = 192, InMemory = 1 } })
            Assert.True(whole.AsSpan().SequenceEqual(Voxels($"tiles-{tiling.Edge}", tiling)), $"tiles of {tiling.Edge}");
    }

    [Fact]
    public void What_fails_in_the_middle_leaves_nothing_running_and_is_gone_on_with()
    {
        var (path, sparse) = Stack("decimate:4");
        var stack = StackSource.Open(path, sparse.Observed.VoxelSize, null, thick: false);
        var tiling = new Tiling { Edge = 64, InMemory = 1 };
        var tiles = tiling.Of(sparse.IsotropicShape, splitRows: true);
        OmeZarrTiles Image() => new(Path.Combine(_folder, "work"), sparse.IsotropicShape, VoxelType.Float32, sparse.IsotropicVoxelSize, sparse.IsotropicOrigin);
        var (image, asked) = (Image(), 0);
        TileTimes Fill(Func<SparseVolume, Box, Volume<float>> fill) =>
            TiledReconstruction.Fill(stack, null, new Halo(1, 0), tiles, fill, VoxelType.Float32, image, null, TestContext.Current.CancellationToken);
        Volume<float> Computed(SparseVolume part, Box box)
        {
            asked++;
            return part.NewIsotropic(box, "test");
        }
        Assert.Throws<InvalidOperationException>(() => Fill((part, box) => asked == 3 ? throw new InvalidOperationException("in the middle") : Computed(part, box)));
        // Three were computed and written; the fourth failed, and the fifth had not been begun.
        Assert.Equal([true, true, true, false, false], tiles.Take(5).Select(Image().IsWritten));
        asked = 0;
        Fill(Computed);
        Assert.Equal(tiles.Count - 3, asked);
        Assert.All(tiles, tile => Assert.True(Image().IsWritten(tile)));
    }

    [Fact]
    public void A_stack_larger_than_the_memory_it_may_have_is_trained_on_a_part_and_filled_by_blocks()
    {
        var (path, sparse) = Stack("decimate:4");
        var stack = StackSource.Open(path, sparse.Observed.VoxelSize, null, thick: false);
        const long Budget = 300_000;
        var excerpt = stack.Excerpt(Budget);
        Assert.InRange(excerpt.Observed.Shape.Count, Budget / 2, Budget);
        Assert.Equal(sparse.Sampling, excerpt.Sampling);
        var run = Open("small");
        var (result, _) = Reconstructor.Run(stack, "superresolution", run, new TrainingOptions(Steps: 5, FromScratch: true), tiling: new Tiling { Edge = 64, Rows = 64, InMemory = Budget });
        var volume = VolumeFormats.Read(result).ToFloat32();
        Assert.Equal(sparse.IsotropicShape, volume.Shape);
        for (var i = 0; i < sparse.Sections; i++)
            Assert.True(sparse.Observed.Section(i).SequenceEqual(volume.Section(4 * i)), $"section {i} is not kept");
        Assert.Empty(Directory.EnumerateDirectories(run.Volumes, ".*"));
    }

    [Fact]
    public void A_step_at_the_border_of_tiles_is_seen()
    {
        var volume = Sample.Medulla(new Box(0, 0, 0, new Shape3(64, 192, 192)));
        double Seam(float step)
        {
            var tiles = new Tiling { Edge = 64 }.Of(volume.Shape, splitRows: false);
            var image = new OmeZarrTiles(Path.Combine(_folder, $"step{step}"), volume.Shape, VoxelType.Float32, volume.VoxelSize, volume.Origin);
            for (var i = 0; i < tiles.Count; i++)
                image.Write(volume.Crop(tiles[i]).Map(v => v + (tiles[i].X / 64 + tiles[i].Y / 64) % 2 * step), tiles[i]);
            return Seams.Of(box => image.Read(box, TestContext.Current.CancellationToken).ToFloat32(), tiles, TestContext.Current.CancellationToken);
        }
        Assert.InRange(Seam(0), 0.98, 1.02);
        Assert.True(Seam(4) > 1.03, $"{Seam(4)}");
    }

    [Fact]
    public void Tiles_cover_a_volume_once()
    {
        var shape = new Shape3(1200, 300, 64);
        var tiles = new Tiling().Of(shape, splitRows: true);
        Assert.Equal(shape.Count, tiles.Sum(t => t.Shape.Count));
        Assert.Equal(tiles.Count, tiles.Select(t => (t.Z, t.Y, t.X)).Distinct().Count());
        Assert.All(tiles, t => Assert.True(t.IsInside(shape) && t.Z % Tiling.Multiple == 0 && t.Shape.Z <= 512));
        Assert.Equal(2, new Tiling().Of(shape, splitRows: false).Count);
    }
}
