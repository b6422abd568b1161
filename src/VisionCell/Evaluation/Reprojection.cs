using VisionCell.Acquisition;
using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// How far a reconstruction contradicts what was observed: it is sampled again by the model of the acquisition, section by section, and compared with the
/// sections that the microscope gave. No truth is needed. 0 says that no observation is contradicted, not that the gaps are right.
/// </summary>
/// <param name="RootMeanSquare">Of the differences, grey values.</param>
/// <param name="Largest">Absolute difference, grey values.</param>
/// <param name="WorstSection">The observed section that is contradicted most.</param>
public sealed record Reprojection(double RootMeanSquare, double Largest, int WorstSection)
{
    /// <summary>Compares a reconstruction with its stack.</summary>
    /// <param name="reconstruction">The isotropic volume <c>[Z, Y, X]</c> of the stack's shape (<see cref="SparseVolume.IsotropicShape"/>).</param>
    /// <param name="sparse">What was observed; replaced sections are not compared.</param>
    /// <param name="cancellation">Stops between sections.</param>
    /// <exception cref="BadInputException">The reconstruction has another shape, or no section was observed.</exception>
    public static Reprojection Of(Volume<float> reconstruction, SparseVolume sparse, CancellationToken cancellation = default)
    {
        if (reconstruction.Shape != sparse.IsotropicShape)
            throw new BadInputException($"reconstruction of {reconstruction.Shape} voxels: the stack of {sparse.Sections} sections spans {sparse.IsotropicShape}; give the reconstruction of this stack");
        int[] sections = [.. Enumerable.Range(0, sparse.Sections).Where(sparse.IsObserved)];
        if (sections.Length == 0)
            throw new BadInputException("no section of the stack was observed, so that there is nothing to compare with");
        var (squares, largest) = (new double[sections.Length], new double[sections.Length]);
        Parallel.For(0, sections.Length, new ParallelOptions { CancellationToken = cancellation }, () => new float[reconstruction.Shape.SectionCount], (i, _, sampled) =>
        {
            sparse.Rows(sections[i]).Mean(reconstruction.Data, sampled.Length, sampled);
            var observed = sparse.Observed.Section(sections[i]);
            for (var k = 0; k < sampled.Length; k++)
            {
                var difference = Math.Abs((double)sampled[k] - observed[k]);
                squares[i] += difference * difference;
                largest[i] = Math.Max(largest[i], difference);
            }
            return sampled;
        }, _ => { });
        var worst = Array.IndexOf(squares, squares.Max());
        return new Reprojection(Math.Sqrt(squares.Sum() / ((double)sections.Length * reconstruction.Shape.SectionCount)), largest.Max(), sections[worst]);
    }
}
