using OpenCvSharp;
using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Preprocessing;

/// <summary>What sections are denoised by.</summary>
public enum DenoisingMethod
{
    /// <summary>Non-local means: seconds, nothing to learn.</summary>
    NonLocalMeans,

    /// <summary>A network that learns from the stack itself (<see cref="BlindSpotDenoising"/>): minutes, and decibels better on noise that is independent from pixel to pixel.</summary>
    BlindSpot,
}

/// <summary>How sections are denoised.</summary>
public sealed record DenoisingConfiguration
{
    /// <summary>Creates a configuration.</summary>
    /// <param name="strength">
    /// Filter parameter h in units of the noise that the data show. On a FIB-SEM crop with normal noise of 5, 10 and 20 grey values put in,
    /// the mean squared error falls to 0.71, 0.39 and 0.21 of itself at 1 (patch 3, search 11), to 0.93, 0.79 and 0.61 at 0.6, and at 1.5
    /// membranes begin to blur: 1.00, 0.44, 0.21.
    /// </param>
    /// <param name="patch">Edge of the patches that are compared, pixels; odd. Larger ones find fewer like them: 0.78, 0.41 and 0.20 with 5 and search 15.</param>
    /// <param name="search">Edge of the window that is searched for them, pixels; odd. Time grows with its square.</param>
    /// <param name="noise">Standard deviation of the noise, grey values; null to estimate it (<see cref="NoiseLevel"/>).</param>
    /// <param name="searchSections">
    /// Sections that are searched, odd: 1 for each section by itself, 3 for those before and after as well, which patches then span, too. Where
    /// sections lie further apart than one and a half pixels neighbours show other things, and each section is filtered by itself.
    /// </param>
    /// <param name="method">By what; strength, patch, search and searched sections are non-local means' alone.</param>
    /// <param name="blindSpot">How the network learns; null for the defaults.</param>
    /// <exception cref="BadInputException">A value is out of range, or a network is described that is not used.</exception>
    public DenoisingConfiguration(
        double strength = 1, int patch = 3, int search = 11, double? noise = null, int searchSections = 1,
        DenoisingMethod method = DenoisingMethod.NonLocalMeans, BlindSpotTraining? blindSpot = null)
    {
        if (blindSpot is not null && method != DenoisingMethod.BlindSpot)
            throw new BadInputException("denoising by non-local means with a blind-spot network described: set method to blind-spot, or blindSpot to null");
        (Method, BlindSpot) = (method, method == DenoisingMethod.BlindSpot ? blindSpot ?? new BlindSpotTraining() : null);

        Strength = strength is > 0 and <= 10 ? strength : throw new BadInputException($"denoising strength {strength}: must be more than 0, at most 10");
        Patch = patch is >= 3 and <= 21 && patch % 2 == 1 ? patch : throw new BadInputException($"patch of {patch} pixels: must be odd, 3 to 21");
        Search = search is >= 3 and <= 101 && search % 2 == 1 ? search : throw new BadInputException($"search window of {search} pixels: must be odd, 3 to 101");
        Noise = noise is null or > 0 ? noise : throw new BadInputException($"noise of {noise} grey values: must be more than 0, or null to estimate it");
        SearchSections = searchSections is >= 1 and <= 11 && searchSections % 2 == 1 ? searchSections : throw new BadInputException($"{searchSections} searched sections: must be odd, 1 to 11");
    }

    /// <summary>What sections are denoised by.</summary>
    public DenoisingMethod Method { get; }

    /// <summary>How the network learns; null where none is used.</summary>
    public BlindSpotTraining? BlindSpot { get; }

    /// <summary>Filter parameter h in units of the noise.</summary>
    public double Strength { get; }

    /// <summary>Edge of the patches, pixels.</summary>
    public int Patch { get; }

    /// <summary>Edge of the search window, pixels.</summary>
    public int Search { get; }

    /// <summary>Standard deviation of the noise, grey values; null to estimate it.</summary>
    public double? Noise { get; }

    /// <summary>Sections that are searched, where they lie close enough.</summary>
    public int SearchSections { get; }

    /// <summary>Sections before and after that are searched in a stack of that voxel size.</summary>
    public int ReachIn(VoxelSize size) => size.Z <= 1.5 * Math.Max(size.Y, size.X) ? SearchSections / 2 : 0;

    /// <summary>What is done, in a few words.</summary>
    /// <param name="noise">Standard deviation of the noise, grey values.</param>
    internal string Describe(double noise) => BlindSpot is { } training
        ? FormattableString.Invariant($"blind-spot network trained on the stack, {(training.Steps is { } steps ? $"{steps} steps" : $"{training.Minutes} minutes")}, seed {training.Seed}")
        : FormattableString.Invariant($"non-local means, h {Strength * noise:0.###}, patch {Patch}, search {Search}");
}

/// <summary>
/// Non-local means on the sections of a stack <c>[Z, Y, X]</c>. Source: Buades, Coll, Morel, "A non-local algorithm for image denoising",
/// CVPR 2005, doi:10.1109/CVPR.2005.38. 8-bit sections by themselves go through OpenCV's fastNlMeansDenoising; others, and the
/// search through several sections, through <see cref="NonLocalMeans"/>, the same filter in single precision, since OpenCvSharp offers
/// OpenCV's 8-bit form alone.
/// </summary>
public static class NonLocalMeansDenoising
{
    /// <summary>Denoises a stack.</summary>
    /// <param name="stack">Sections <c>[Z, Y, X]</c> of any voxel type.</param>
    /// <param name="configuration">How.</param>
    /// <param name="progress">Told the number of sections done.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <returns>The stack in its own voxel type, and the noise it was denoised for (grey values); the stack itself where it shows none.</returns>
    /// <exception cref="BadInputException">Sections are smaller than 3 x 3, or the configuration is a network's.</exception>
    public static (Volume Denoised, double Noise) Apply(
        Volume stack, DenoisingConfiguration configuration, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        if (configuration.Method != DenoisingMethod.NonLocalMeans)
            throw new BadInputException("non-local means with a configuration whose method is blind-spot: use the pipeline, or BlindSpotDenoising");
        var noise = configuration.Noise ?? NoiseLevel.Of(stack.ToFloat32(), cancellation);
        if (noise == 0)
            return (stack, 0);
        var strength = (float)(configuration.Strength * noise);
        var provenance = stack.Provenance.With(configuration.Describe(noise));
        var options = new ParallelOptions { CancellationToken = cancellation };
        var (sections, height, width) = stack.Shape;
        var done = 0;
        var reach = configuration.ReachIn(stack.VoxelSize);
        if (stack is Volume<byte> bytes && reach == 0)
        {
            var result = new Volume<byte>(stack.Shape, stack.VoxelSize, stack.Origin, provenance);
            Parallel.For(0, sections, options, z =>
            {
                ByOpenCv(bytes.Section(z), result.Section(z), height, width, strength, configuration);
                progress?.Report(Interlocked.Increment(ref done));
            });
            return (result, noise);
        }
        var floats = stack.ToFloat32();
        var denoised = new Volume<float>(stack.Shape, stack.VoxelSize, stack.Origin, provenance);
        Parallel.For(0, sections, options, () => new NonLocalMeans(height, width, configuration.Patch, configuration.Search), (z, _, filter) =>
        {
            OfSection(filter, k => floats.Section(k), sections, z, reach, strength, denoised.Section(z));
            progress?.Report(Interlocked.Increment(ref done));
            return filter;
        }, _ => { });
        return (denoised.ConvertTo(stack.VoxelType), noise);
    }

    /// <summary>One section of a stack.</summary>
    /// <param name="filter">For sections of its size.</param>
    /// <param name="section">Grey values of a section by its index.</param>
    /// <param name="count">Number of sections.</param>
    /// <param name="z">Which is filtered.</param>
    /// <param name="reach">Sections before and after that are searched.</param>
    /// <param name="strength">h, grey values.</param>
    /// <param name="target">Result.</param>
    internal static void OfSection(NonLocalMeans filter, SectionOf section, int count, int z, int reach, float strength, Span<float> target)
    {
        var depth = reach > 0 ? 1 : 0;
        var (first, last) = (Math.Max(0, z - reach - depth), Math.Min(count - 1, z + reach + depth));
        float[][] padded = [.. Enumerable.Range(first, last - first + 1).Select(k => filter.Pad(section(k)))];
        filter.Apply(padded, z - first, reach, depth, target, strength);
    }

    /// <summary>Grey values of a section by its index.</summary>
    internal delegate ReadOnlySpan<float> SectionOf(int z);

    internal static unsafe void ByOpenCv(ReadOnlySpan<byte> source, Span<byte> target, int height, int width, float strength, DenoisingConfiguration configuration)
    {
        fixed (byte* s = source)
        fixed (byte* t = target)
        {
            using var from = Mat.FromPixelData(height, width, MatType.CV_8UC1, (nint)s);
            using var to = Mat.FromPixelData(height, width, MatType.CV_8UC1, (nint)t);
            Cv2.FastNlMeansDenoising(from, to, strength, configuration.Patch, configuration.Search);
        }
    }
}
