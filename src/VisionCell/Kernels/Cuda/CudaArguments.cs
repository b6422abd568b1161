namespace VisionCell.Kernels.Cuda;

/// <summary>The arguments of one launch: an address and a size each, in the order of the kernel's parameters. The values stay where they are.</summary>
internal sealed unsafe class CudaArguments
{
    private readonly List<nint> _addresses = [];
    private readonly List<int> _sizes = [];

    /// <summary>Address of each argument.</summary>
    public nint[] Addresses => [.. _addresses];

    /// <summary>Size of each argument, bytes.</summary>
    public IReadOnlyList<int> Sizes => _sizes;

    /// <summary>Adds an argument.</summary>
    /// <param name="value">A local of the caller, which launches before it returns.</param>
    public CudaArguments Add<T>(T* value)
        where T : unmanaged
    {
        _addresses.Add((nint)value);
        _sizes.Add(sizeof(T));
        return this;
    }
}
