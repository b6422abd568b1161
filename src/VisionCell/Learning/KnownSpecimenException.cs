using VisionCell.Volumes;

namespace VisionCell.Learning;

/// <summary>Every network at hand was trained on the very specimen: what it has seen would come back as if it were found.</summary>
/// <param name="network">What the networks do, as <c>pretrain --network</c> names it.</param>
/// <param name="option">The option that takes another.</param>
internal sealed class KnownSpecimenException(string network, string option) : BadInputException(Describe(network, option))
{
    /// <summary>The same in words, where one can do without.</summary>
    public static string Describe(string network, string option) =>
        $"every {network} network at hand was trained on this very specimen, and what it has seen must not pass for found: train one on other specimens with 'visioncell pretrain --network {network}' and give it with {option}";
}
