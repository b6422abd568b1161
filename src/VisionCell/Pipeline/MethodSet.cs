using VisionCell.Diffusion;
using VisionCell.Reconstruction;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <summary>The methods of one run. One that others build on is made, and trained on a stack, once.</summary>
/// <param name="device"><c>auto</c>, <c>cpu</c> or <c>cuda:N</c>, for what runs on either.</param>
/// <param name="notice">Takes one line where a GPU was wanted and can't be used.</param>
public sealed class MethodSet(string device = "auto", Action<string>? notice = null) : IDisposable
{
    private readonly Dictionary<string, IReconstructionMethod> _made = [];
    private readonly List<IDisposable> _common = [];

    /// <summary>Where what runs on either is computed.</summary>
    internal string Device => device;

    /// <summary>Takes a line about a GPU that can't be used.</summary>
    internal Action<string> Notice { get; } = notice ?? (_ => { });

    /// <summary>The method of a name; the same one each time. Disposed with the set.</summary>
    /// <exception cref="BadInputException">No method has that name.</exception>
    public IReconstructionMethod this[string name]
    {
        get
        {
            if (!_made.TryGetValue(name, out var method))
                _made[name] = method = new SharedMethod(Methods.Create(name, this));
            return method;
        }
    }

    /// <summary>
    /// Super-resolution before what diffusion expects of its residual is added: what diffusion starts from. The set's <c>superresolution</c> and diffusion
    /// train it once; disposed with the set.
    /// </summary>
    public IReconstructionMethod Regression => SharedRegression;

    /// <summary>The same.</summary>
    internal SharedMethod SharedRegression => Once(() => new SharedMethod(new SuperResolutionMethod()));

    /// <summary>
    /// Diffusion with what other methods do not have: samples by number, their steps and their spread. Its model, tuned to a stack once, is that of
    /// the set's <c>diffusion</c> and <c>diffusion-mean</c>, and is disposed with the set.
    /// </summary>
    /// <param name="mean">Whether the mean of the samples is its result; else the first of them.</param>
    public DiffusionMethod Diffusion(bool mean = false) =>
        new(Once(() => new DiffusionModel(Regression, GapFill.Unknowing, new DiffusionMethodConfiguration(), Device)), mean);

    /// <summary>What several methods have in common; made once, and disposed with the set.</summary>
    internal T Once<T>(Func<T> create)
        where T : class, IDisposable
    {
        if (_common.OfType<T>().FirstOrDefault() is { } made)
            return made;
        var common = create();
        _common.Add(common);
        return common;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var common in _common)
            common.Dispose();
        foreach (var method in _made.Values)
            method.Dispose();
    }
}
