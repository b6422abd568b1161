using VisionCell.Acquisition;
using VisionCell.Augmentation;
using VisionCell.Reconstruction;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>All reconstruction methods by name.</summary>
public static class Methods
{
    private static readonly (string Name, string Summary, Func<IReconstructionMethod> Create)[] Known =
    [
        ("nearest", "the nearest section", () => new AxialInterpolation(InterpolationKernel.Nearest)),
        ("linear", "straight line between neighbouring sections", () => new AxialInterpolation(InterpolationKernel.Linear)),
        ("cubic", "cubic spline through all sections", () => new AxialInterpolation(InterpolationKernel.Cubic)),
        ("flow", "motion between neighbouring sections, where forward and backward agree", () => new FlowMethod()),
        ("superresolution", "network trained on the stack's own sections", () => new SuperResolutionMethod()),
    ];

    /// <summary>Name and one line of explanation of each method, floors first.</summary>
    public static IEnumerable<(string Name, string Summary)> All => Known.Select(m => (m.Name, m.Summary));

    /// <summary>Makes sure that a method does not take sections to lie where they do not.</summary>
    /// <exception cref="BadInputException">It would.</exception>
    public static void Check(IReconstructionMethod method, SparseVolume sparse)
    {
        if (sparse.IsOnRows || method.PlacesSections)
            return;
        var where = sparse.IsEven
            ? FormattableString.Invariant($"{sparse.Sampling.ExactPitch:0.###} pixels apart, no whole number")
            : $"at {sparse.Sections} positions of their own";
        throw new BadInputException($"'{method.Name}' takes sections for evenly spaced, a whole number of pixels apart, and these lie {where}: use nearest, linear, cubic or superresolution, which place them truly");
    }

    /// <summary>A fresh, untrained method.</summary>
    /// <exception cref="BadInputException">No method has that name.</exception>
    public static IReconstructionMethod Create(string name) =>
        Known.FirstOrDefault(m => m.Name == name) is { Create: { } create }
            ? create()
            : throw new BadInputException($"method '{name}' is not known; known are {string.Join(", ", Known.Select(m => m.Name))}");
}
