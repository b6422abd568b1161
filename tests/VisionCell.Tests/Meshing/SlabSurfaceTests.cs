using VisionCell.Formats;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Tests.Meshing;

/// <summary>Surfaces of volumes that are read section by section: those of the whole at once, to the last bit.</summary>
public sealed class SlabSurfaceTests
{
    private static SectionReader.By Reader(Volume<float> volume, List<int>? read = null)
    {
        var info = new VolumeInfo("grey", "memory", volume.Shape, volume.VoxelType, volume.VoxelSize, volume.Origin, "zyx", [], []);
        return new SectionReader.By(info, volume.Provenance, (z, target) =>
        {
            read?.Add(z);
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(volume.Section(z)).CopyTo(target);
        });
    }

    private static Mesh Slabs(Volume<float> volume, double iso, MarchingCubesOptions? options, int sections)
    {
        using var reader = Reader(volume);
        return MarchingCubes.Extract(reader, volume.VoxelSize, volume.Origin, iso, options, sections, cancellation: TestContext.Current.CancellationToken);
    }

    private static void AssertSame(Mesh whole, Mesh slabs)
    {
        Assert.Equal(whole.Triangles, slabs.Triangles);
        Assert.Equal(whole.Positions, slabs.Positions);
        Assert.Equal(whole.Normals, slabs.Normals);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(20)]
    [InlineData(0)]
    public void Whatever_the_slabs_the_surface_is_that_of_the_whole(int sections)
    {
        // Noise of few levels meets every case, tunnels, plateaus without a gradient, and vertices within cubes.
        var few = Shapes.Noise(7, new Shape3(19, 16, 21), r => r.Next(4));
        var many = Shapes.Noise(8, new Shape3(13, 9, 70), r => r.NextSingle());
        foreach (var options in (MarchingCubesOptions[])[new(), new(InsideIsBelow: true), new(CloseBorder: true), new(true, true)])
        {
            AssertSame(MarchingCubes.Extract(few, 2, options), Slabs(few, 2, options, sections));
            AssertSame(MarchingCubes.Extract(many, 0.3, options), Slabs(many, 0.3, options, sections));
        }
        Assert.True(MeshTopology.Of(Slabs(many, 0.3, new MarchingCubesOptions(CloseBorder: true), sections)).IsWatertight);
        // An origin that no float holds, anisotropic voxels, and slabs without any surface.
        var ball = Shapes.AnisotropicBall();
        AssertSame(MarchingCubes.Extract(ball, 150), Slabs(ball, 150, null, sections));
    }

    [Fact]
    public void Voxels_that_are_no_number_and_a_single_section_are_as_in_the_whole()
    {
        var ball = Shapes.AnisotropicBall();
        for (var z = 6; z < 9; z++)
            ball.Section(z).Fill(float.NaN);
        AssertSame(MarchingCubes.Extract(ball, 0), Slabs(ball, 0, null, 2));
        var thin = Shapes.Noise(1, new Shape3(1, 8, 8), r => r.NextSingle());
        AssertSame(MarchingCubes.Extract(thin, 0.5, new MarchingCubesOptions(CloseBorder: true)), Slabs(thin, 0.5, new MarchingCubesOptions(CloseBorder: true), 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(0)]
    public void Each_section_is_read_once_and_in_order(int sections)
    {
        var read = new List<int>();
        using var reader = Reader(Shapes.Torus(), read);
        MarchingCubes.Extract(reader, new VoxelSize(10, 10, 10), default, 0, null, sections, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(0, 40), read);
    }

    [Fact]
    public void The_threshold_is_that_of_the_whole_and_takes_two_readings()
    {
        var two = Shapes.Noise(5, new Shape3(10, 40, 40), r => r.NextSingle() < 0.3f ? 60 + 20 * r.NextSingle() : 150 + 40 * r.NextSingle());
        var read = new List<int>();
        using var reader = Reader(two, read);
        Assert.Equal(IsoThreshold.Suggest(two), IsoThreshold.Suggest(reader, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(20, read.Count);
        using var constant = Reader(two.Map(_ => 4f));
        Assert.Contains("every voxel has the value 4", Assert.Throws<BadInputException>(() => IsoThreshold.Suggest(constant)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_has_no_surface_is_said_as_of_the_whole()
    {
        var ball = Shapes.AnisotropicBall();
        foreach (var iso in (double[])[201, -1e9, double.NaN])
            Assert.Equal(Assert.Throws<BadInputException>(() => MarchingCubes.Extract(ball, iso)).Message, Assert.Throws<BadInputException>(() => Slabs(ball, iso, null, 3)).Message);
        var thin = Shapes.Noise(1, new Shape3(1, 8, 8), r => r.NextSingle());
        Assert.Contains("at least 2 along each axis", Assert.Throws<BadInputException>(() => Slabs(thin, 0.5, null, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("slabs of -1 sections", Assert.Throws<BadInputException>(() => Slabs(ball, 0, null, -1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_reaches_its_end_and_cancelling_stops_between_sections()
    {
        using var stop = new CancellationTokenSource();
        var read = new List<int>();
        using var reader = Reader(Shapes.Torus(), read);
        var progress = new Shares(share =>
        {
            if (share > 0.5)
                stop.Cancel();
        });
        Assert.Throws<OperationCanceledException>(() => MarchingCubes.Extract(reader, new VoxelSize(10, 10, 10), default, 0, null, 4, progress, stop.Token));
        Assert.InRange(read.Count, 20, 35);
        var last = 0.0;
        using var again = Reader(Shapes.Torus());
        MarchingCubes.Extract(again, new VoxelSize(10, 10, 10), default, 0, null, 4, new Shares(share => last = share), TestContext.Current.CancellationToken);
        Assert.Equal(1, last);
    }

    private sealed class Shares(Action<double> take) : IProgress<double>
    {
        public void Report(double value) => take(value);
    }
}
