using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>Says what to expect between sections, in 3D context.</summary>
internal interface IGapRegression : IDisposable
{
    /// <summary>Rows of a gap, <c>[N, T, Y, X]</c>, from its sections, <c>[N, 6, Y, X]</c>; standardised grey values, no gradient.</summary>
    Tensor Rows(Tensor sections, Gap gap);
}
