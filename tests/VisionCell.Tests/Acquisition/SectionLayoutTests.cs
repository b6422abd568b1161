using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Formats;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Acquisition;

/// <summary>Sections at their true z, and sections that were not observed.</summary>
public sealed class SectionLayoutTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-layout-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Positions_are_read_from_a_file()
    {
        var path = Path.Combine(_folder, "z.txt");
        File.WriteAllText(path, "# microscope log\n0, 40.5\n82 # a thick one\n\n[160]\n");
        Assert.Equal([0, 40.5, 82, 160], SectionLayout.ReadPositions(path, 4));
    }

    [Theory]
    [InlineData("0 10 20", "3 z positions for 4 sections")]
    [InlineData("0 10 30 20", "section 3 at 20 nm does not lie above section 2 at 30 nm")]
    [InlineData("30 20 10 0", "descend throughout: reverse")]
    [InlineData("0 10 10 20", "section 2 at 10 nm")]
    [InlineData("0 10 NaN 20", "NaN of section 2")]
    [InlineData("0 10 ten 20", "'ten' is not a number")]
    public void Positions_that_do_not_fit_are_named(string text, string expected)
    {
        var path = Path.Combine(_folder, "z.txt");
        File.WriteAllText(path, text);
        var message = Assert.Throws<BadInputException>(() => SectionLayout.ReadPositions(path, 4)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.StartsWith(path, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_layout_follows_its_sections_and_ends_with_them()
    {
        var stack = Stack(5, [0, 40, 90, 120, 160], 3);
        Assert.Equal([3], stack.Unobserved);
        var part = stack.Crop(new Box(2, 0, 0, new Shape3(3, 2, 2)));
        Assert.Equal([90, 120, 160], part.SectionPositions!);
        Assert.Equal([1], part.Unobserved);
        Assert.Equal([3], ((Volume<byte>)stack.ConvertTo(VoxelType.UInt8)).Unobserved);
        Assert.Empty(new Volume<float>(new Shape3(9, 2, 2), stack.VoxelSize, default, stack.Provenance).Unobserved);
        Assert.Throws<BadInputException>(() => new SectionLayout(5, null, [5]));
        Assert.NotEqual(ContentHash.Of(stack), ContentHash.Of(Stack(5, [0, 40, 90, 120, 160])));
        Assert.NotEqual(ContentHash.Of(stack), ContentHash.Of(Stack(5, [0, 40, 90, 121, 160], 3)));
    }

    [Fact]
    public void It_is_kept_in_an_image_on_disk()
    {
        var path = Path.Combine(_folder, "stack.zarr");
        VolumeFormats.Write(Stack(5, [0, 40, 90, 120, 160], 3), path);
        var back = VolumeFormats.Read(path);
        Assert.Equal([0, 40, 90, 120, 160], back.SectionPositions!);
        Assert.Equal([3], back.Unobserved);
        Assert.Equal([2], OmeZarr.Open(path).Read(0, new Box(1, 0, 0, new Shape3(3, 2, 2))).Unobserved);
        VolumeFormats.Write(Stack(5, null), path);
        Assert.Null(VolumeFormats.Read(path).Provenance.Sections);
    }

    [Theory]
    [InlineData(InterpolationKernel.Linear)]
    [InlineData(InterpolationKernel.Cubic)]
    public void A_ramp_and_a_cubic_sampled_unevenly_are_rebuilt(InterpolationKernel kernel)
    {
        double[] positions = [0, 30, 50, 100, 110, 160, 200];
        double Value(double nm) => kernel == InterpolationKernel.Linear ? 10 + 0.5 * nm : Math.Pow(nm / 50 - 2, 3) - nm / 20;
        var stack = Stack(positions.Length, positions);
        for (var z = 0; z < positions.Length; z++)
            stack.Section(z).Fill((float)Value(positions[z]));
        var sparse = SparseVolume.FromStack(stack);
        Assert.False(sparse.IsEven);
        Assert.Equal(21, sparse.IsotropicShape.Z);
        using var method = new AxialInterpolation(kernel);
        var result = method.Reconstruct(sparse, Box.Of(sparse.IsotropicShape));
        for (var z = 0; z < 21; z++)
            Assert.Equal(Value(10 * z), result[z, 1, 1], 1e-3);
    }

    [Fact]
    public void Even_positions_are_the_same_as_none()
    {
        var centres = Enumerable.Range(0, 9).Select(i => 4.0 * i).ToArray();
        foreach (var kernel in Enum.GetValues<InterpolationKernel>())
            Assert.Equal(AxialInterpolation.Weights(kernel, AxialSampling.Decimate(4), 9), AxialInterpolation.Weights(kernel, centres, 33));
    }

    [Fact]
    public void A_section_that_was_not_observed_is_neither_interpolated_from_nor_kept()
    {
        var stack = Stack(5, null, 2);
        for (var z = 0; z < 5; z++)
            stack.Section(z).Fill(z == 2 ? 9999 : 10 * z);
        var sparse = SparseVolume.FromStack(stack);
        using var method = new AxialInterpolation(InterpolationKernel.Linear);
        var result = method.Reconstruct(sparse, Box.Of(sparse.IsotropicShape));
        Assert.Equal(20, result[8, 0, 0], 1e-4);
        DataConsistency.Project(result, sparse);
        Assert.Equal(20, result[8, 0, 0], 1e-4);
        Assert.False(sparse.IsObserved(2));
    }

    [Fact]
    public void Replaced_rows_of_a_truth_are_not_scored_and_make_their_sections_unobserved()
    {
        var truth = new Volume<float>(new Shape3(17, 4, 4), new VoxelSize(10, 10, 10), default, Provenance.Of("truth") with { Sections = new SectionLayout(17, null, [3, 8]) });
        var sparse = AxialSampling.Decimate(4).Acquire(truth);
        Assert.Equal([2], sparse.Observed.Unobserved);
        var region = ScoredRegion.HeldOut(AxialSampling.Decimate(4), 5).Without(truth.Unobserved);
        Assert.False(region.IsScored(3));
        Assert.True(region.IsScored(2));
        Assert.Equal(11, region.Rows.Count);
        Assert.Contains("1 of them replaced", region.Description, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => region.Without(Enumerable.Range(0, 17).ToHashSet()));
    }

    [Fact]
    public void Thick_sections_and_simulated_acquisitions_must_be_even()
    {
        Assert.Throws<BadInputException>(() => SparseVolume.FromStack(Stack(5, [0, 40, 90, 120, 160]), thickSections: true));
        var truth = new Volume<float>(new Shape3(9, 4, 4), new VoxelSize(10, 10, 10), default, Provenance.Of("truth") with { Sections = new SectionLayout(9, [.. Enumerable.Range(0, 9).Select(z => 10.0 * z)]) });
        Assert.Throws<BadInputException>(() => AxialSampling.Decimate(4).Acquire(truth));
    }

    private static Volume<float> Stack(int sections, double[]? positions, params int[] unobserved) => new(
        new Shape3(sections, 2, 2), new VoxelSize(40, 10, 10), default,
        Provenance.Of("stack") with { Sections = positions is null && unobserved.Length == 0 ? null : new SectionLayout(sections, positions, unobserved) });
}
