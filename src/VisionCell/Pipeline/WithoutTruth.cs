using VisionCell.Acquisition;
using VisionCell.Evaluation;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>How sections that were left out of a stack were found again.</summary>
/// <param name="Sections">Their number.</param>
/// <param name="DistanceRows">From each to the nearest section that was kept, fine rows.</param>
/// <param name="MeanSquaredError">Grey values squared.</param>
/// <param name="Psnr">dB.</param>
/// <param name="SsimXy">Of the sections; null where they are too small.</param>
public sealed record LeftOut(int Sections, double DistanceRows, double MeanSquaredError, double? Psnr, double? SsimXy);

/// <summary>What can be said of one method on a stack whose gaps nobody has seen; null is not measured.</summary>
/// <param name="Name">The method.</param>
/// <param name="Doubled">Every second section left out.</param>
/// <param name="Quadrupled">The middle one of every three that were left out.</param>
/// <param name="ExtrapolatedPsnr">Expected in the middle of the true gaps, dB, by the rule that the report states.</param>
/// <param name="LateralPsnr">Of lines along y, decimated as sections are along z, dB; of interpolation alone, since others see planes, not lines.</param>
/// <param name="DataConsistency">Contradiction of the whole reconstruction to the sections.</param>
/// <param name="HalvesFscNm">Where volumes from even and odd sections agree no longer, along z, nm; of the doubled gap. Null also where they always do.</param>
/// <param name="HalvesFrcNm">The same of xz planes.</param>
/// <param name="Continuity">Mean correlation of neighbouring sections of the whole reconstruction.</param>
/// <param name="Pulsing">Continuity across sections less that within gaps.</param>
public sealed record WithoutTruthScore(
    string Name, LeftOut Doubled, LeftOut? Quadrupled, double? ExtrapolatedPsnr, double? LateralPsnr, Reprojection DataConsistency, double? HalvesFscNm, double? HalvesFrcNm, double? Continuity, double? Pulsing);

/// <summary>What <c>visioncell evaluate without-truth --json</c> writes.</summary>
/// <param name="Stack">As it was named.</param>
/// <param name="VoxelSizeNm">Z, Y, X, nm.</param>
/// <param name="Protocol">What the numbers mean.</param>
/// <param name="Extrapolation">From what the error in the true gaps is told, in words.</param>
/// <param name="Methods">One line a method.</param>
public sealed record WithoutTruthReport(string Stack, IReadOnlyList<double> VoxelSizeNm, Protocol Protocol, string Extrapolation, IReadOnlyList<WithoutTruthScore> Methods);

/// <summary>
/// What can be said of reconstructions of a sparse stack when nobody knows the truth, the usual case. Sections are left out and found again at a doubled and a quadrupled
/// gap, and their error is extrapolated to the middle of the true gaps; the two halves of the stack are reconstructed on their own and compared; the whole reconstruction is
/// held against its sections. Each method is trained four times: on every section, every second twice, every fourth.
/// </summary>
public static class WithoutTruth
{
    /// <summary>How the extrapolation is made, for reports.</summary>
    public const string Extrapolation =
        "mean squared error taken for a power of the distance to the nearest section, through the left-out sections at one and two true pitches, and read at half a pitch, the middle of a true gap; noise of the sections counts as error";

    private const int FewestSections = 5;

    /// <summary>Judges methods on a stack.</summary>
    /// <param name="sparse">The stack.</param>
    /// <param name="range">Grey values that PSNR refers to.</param>
    /// <param name="name">How the report names the stack.</param>
    /// <param name="methods">Names of the methods.</param>
    /// <param name="training">Time and seed of each training.</param>
    /// <param name="progress">Told what is done.</param>
    /// <exception cref="BadInputException">A method is not known or can't be used on such a stack, or there are fewer than 5 observed sections.</exception>
    /// <exception cref="OperationCanceledException">Interrupted.</exception>
    public static WithoutTruthReport Run(SparseVolume sparse, DataRange range, string name, IReadOnlyList<string> methods, TrainingOptions training, IProgress<BenchmarkProgress>? progress = null)
    {
        if (sparse.Sections < FewestSections)
            throw new BadInputException($"{name}: {sparse.Sections} sections: leaving sections out needs at least {FewestSections}");
        if (methods.Count == 0)
            throw new BadInputException($"no method named; known are {string.Join(", ", Methods.All.Select(m => m.Name))}");
        foreach (var method in methods)
            Methods.Require(method);
        using (var set = new MethodSet(training.Device, training.Notice))
        {
            foreach (var method in methods)
                Methods.Check(set[method], sparse);
        }
        var size = sparse.Observed.VoxelSize;
        var protocol = new Protocol("leave-section-out", Protocol.CurrentVersion, sparse.Sampling.ToString(), "observed sections that were left out", 0, false, range.IsFixed ? $"{range.Value:0}" : "extent of the reference", [training.Seed]);
        return new WithoutTruthReport(name, [size.Z, size.Y, size.X], protocol, Extrapolation, [.. methods.Select(method => Score(method, sparse, range.Value, training, progress))]);
    }

    private static WithoutTruthScore Score(string method, SparseVolume sparse, double range, TrainingOptions training, IProgress<BenchmarkProgress>? progress)
    {
        Volume<float> Reconstruct(SparseVolume part, string what)
        {
            progress?.Report(new BenchmarkProgress(method, what, null));
            using var set = new MethodSet(training.Device, training.Notice);
            set[method].Train(part, training with { Progress = progress is null ? null : new Relay<TrainingProgress>(p => progress.Report(new BenchmarkProgress(method, what, p))) });
            return set[method].Reconstruct(part, Box.Of(part.IsotropicShape), training.Cancellation);
        }
        var (even, odd) = (Every(sparse, 2, 0), Every(sparse, 2, 1));
        var ofEven = Reconstruct(even, "even sections");
        var doubled = Compare(sparse, ofEven, section => section % 2 == 1, 1, range, training.Cancellation)
            ?? throw new BadInputException("none of the sections that would be left out was observed, so that there is nothing to find again");
        // Sections beyond the last that was kept are extrapolated, not found again: Compare leaves them out.
        var quadrupled = sparse.Sections >= 9 ? Compare(sparse, Reconstruct(Every(sparse, 4, 0), "every fourth section"), section => section % 4 == 2, 2, range, training.Cancellation) : null;
        var (fsc, frc) = sparse.IsOnRows ? Halves(sparse, ofEven, Reconstruct(odd, "odd sections"), training.Cancellation) : (null, null);
        var whole = Reconstruct(sparse, "all sections");
        var continuity = SectionContinuity.Of(whole, cancellation: training.Cancellation);
        // One pitch is twice as far as the middle of a gap: error falls by as much again as from two pitches to one, and never grows.
        double? extrapolated = quadrupled is { MeanSquaredError: > 0 } far && doubled.MeanSquaredError > 0 ? doubled.MeanSquaredError * Math.Min(1, doubled.MeanSquaredError / far.MeanSquaredError) : null;
        return new WithoutTruthScore(
            method, doubled, quadrupled, extrapolated is { } error ? Decibel(error, range) : null, Lateral(method, sparse, range, training.Cancellation),
            Reprojection.Of(whole, sparse, training.Cancellation), fsc, frc, continuity.Mean, continuity.Pulsing(sparse));
    }

    /// <summary>Every step-th section from a first one on, as a stack of its own; its fine rows are those of the stack, counted from that section's first.</summary>
    internal static SparseVolume Every(SparseVolume sparse, int step, int first)
    {
        int[] kept = [.. Enumerable.Range(0, sparse.Sections).Where(s => s >= first && (s - first) % step == 0)];
        var (observed, size) = (sparse.Observed, sparse.Observed.VoxelSize);
        var provenance = observed.Provenance.With($"every {step} sections from {first}") with
        {
            Sections = observed.Provenance.Sections is null ? null : new SectionLayout(kept.Length, observed.SectionPositions is { } p ? [.. kept.Select(s => p[s])] : null, [.. Enumerable.Range(0, kept.Length).Where(i => !sparse.IsObserved(kept[i]))]),
        };
        var part = new Volume<float>(observed.Shape with { Z = kept.Length }, new VoxelSize(size.Z * step, size.Y, size.X), observed.Origin with { Z = observed.Origin.Z + first * size.Z }, provenance);
        for (var i = 0; i < kept.Length; i++)
            observed.Section(kept[i]).CopyTo(part.Section(i));
        return new SparseVolume(part, new AxialSampling(step * sparse.Sampling.ExactPitch, sparse.Sampling.ExactThickness));
    }

    /// <summary>Samples a reconstruction of a part where sections were left out, and compares; null where there is none.</summary>
    private static LeftOut? Compare(SparseVolume sparse, Volume<float> reconstruction, Func<int, bool> isLeftOut, int pitches, double range, CancellationToken cancellation)
    {
        int[] sections = [.. Enumerable.Range(0, sparse.Sections).Where(s => isLeftOut(s) && sparse.IsObserved(s) && sparse.Rows(s).End <= reconstruction.Shape.Z)];
        if (sections.Length == 0)
            return null;
        var truth = new Volume<float>(sparse.Observed.Shape with { Z = sections.Length }, sparse.IsotropicVoxelSize, default, sparse.Observed.Provenance with { Sections = null });
        var found = new Volume<float>(truth.Shape, truth.VoxelSize, default, truth.Provenance);
        for (var i = 0; i < sections.Length; i++)
        {
            sparse.Observed.Section(sections[i]).CopyTo(truth.Section(i));
            sparse.Rows(sections[i]).Mean(reconstruction.Data, truth.Shape.SectionCount, found.Section(i));
        }
        var region = ScoredRegion.All(sections.Length);
        var error = Psnr.MeanSquaredError(found, truth, region, cancellation);
        return new LeftOut(sections.Length, pitches * sparse.MeanPitch, error, Decibel(error, range), Ssim.Compute(found, truth, region, range, PlaneFamily.Xy, cancellation));
    }

    /// <summary>Two volumes that have no section in common, where both are: their resolution along z and in xz planes.</summary>
    private static (double? Fsc, double? Frc) Halves(SparseVolume sparse, Volume<float> even, Volume<float> odd, CancellationToken cancellation)
    {
        var first = sparse.Rows(1).First;
        var rows = Math.Min(even.Shape.Z - first, odd.Shape.Z);
        var shape = even.Shape with { Z = rows };
        var (a, b) = (even.Crop(new Box(first, 0, 0, shape)), odd.Crop(new Box(0, 0, 0, shape)));
        return (FourierShellCorrelation.Compute(a, b, coneDegrees: FourierShellCorrelation.AxialCone, cancellation: cancellation).ResolutionNm,
            FourierRingCorrelation.Compute(a, b, ScoredRegion.All(rows), PlaneFamily.Xz, cancellation: cancellation).ResolutionNm);
    }

    /// <summary>Lines along y taken for lines along z: there the truth is known. Interpolation fills each line on its own, so that the stack may be turned for it.</summary>
    private static double? Lateral(string method, SparseVolume sparse, double range, CancellationToken cancellation)
    {
        InterpolationKernel? kernel = method switch { "nearest" => InterpolationKernel.Nearest, "linear" => InterpolationKernel.Linear, "cubic" => InterpolationKernel.Cubic, _ => null };
        var (sections, sizeY, sizeX) = sparse.Observed.Shape;
        var count = sparse.Sampling.SectionsIn(sizeY);
        if (kernel is not { } k || count < 3)
            return null;
        var size = sparse.IsotropicVoxelSize;
        var turned = new Volume<float>(new Shape3(sizeY, sections, sizeX), new VoxelSize(size.Y, size.Y, size.X), default, Provenance.Of("turned"));
        for (var z = 0; z < sections; z++)
        {
            for (var y = 0; y < sizeY; y++)
                sparse.Observed.Section(z).Slice(y * sizeX, sizeX).CopyTo(turned.Data.AsSpan(turned.Index(y, z, 0), sizeX));
        }
        var acquired = sparse.Sampling.Acquire(turned);
        var box = Box.Of(acquired.IsotropicShape);
        using var interpolation = new AxialInterpolation(k);
        return Decibel(Psnr.MeanSquaredError(interpolation.Reconstruct(acquired, box, cancellation), turned.Crop(box), ScoredRegion.HeldOut(sparse.Sampling, count), cancellation), range);
    }

    /// <summary>A mean squared error as PSNR; null where there is none.</summary>
    private static double? Decibel(double error, double range) => error > 0 ? 10 * Math.Log10(range * range / error) : null;
}
