using VisionCell.Acquisition;
using VisionCell.Augmentation;
using VisionCell.Kernels;
using VisionCell.NeuralField;
using VisionCell.Reconstruction;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>All reconstruction methods by name.</summary>
public static class Methods
{
    private static readonly (string Name, string Summary, Func<MethodSet, IReconstructionMethod> Create)[] Known =
    [
        ("nearest", "the nearest section", _ => new AxialInterpolation(InterpolationKernel.Nearest)),
        ("linear", "straight line between neighbouring sections", _ => new AxialInterpolation(InterpolationKernel.Linear)),
        ("cubic", "cubic spline through all sections", _ => new AxialInterpolation(InterpolationKernel.Cubic)),
        ("flow", "motion between neighbouring sections, where forward and backward agree", _ => new FlowMethod()),
        ("superresolution", "networks trained on the stack's own sections and on other specimens", set => new RefinedMethod(set.SharedRegression, set.Device)),
        ("diffusion", "one of the volumes that may lie between the sections, as sharp as they are", set => set.Diffusion()),
        ("diffusion-mean", "mean of such volumes", set => set.Diffusion(mean: true)),
        ("field", "continuous field of sections and super-resolution", set => new FieldMethod(set["superresolution"], null, FieldBackends.Open(set.Device, set.Notice))),
        ("fusion", $"weighted mean of {string.Join(", ", Fused)}", set => new FusionMethod([.. Fused.Select(name => set[name])])),
    ];

    // The first is taken where a stack is too small to weigh them.
    private static string[] Fused => ["superresolution", "diffusion-mean", "field", "flow", "cubic"];

    /// <summary>Name and one line of explanation of each method, floors first.</summary>
    public static IEnumerable<(string Name, string Summary)> All => Known.Select(m => (m.Name, m.Summary));

    /// <summary>Checks a name.</summary>
    /// <exception cref="BadInputException">No method has it.</exception>
    public static void Require(string name) => Find(name);

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
    /// <param name="name">Its name.</param>
    /// <param name="set">Where it finds methods that it builds on.</param>
    internal static IReconstructionMethod Create(string name, MethodSet set) => Find(name)(set);

    private static Func<MethodSet, IReconstructionMethod> Find(string name) =>
        Known.FirstOrDefault(m => m.Name == name) is { Create: { } create }
            ? create
            : throw new BadInputException($"method '{name}' is not known; known are {string.Join(", ", Known.Select(m => m.Name))}");
}
