using System.Runtime.InteropServices;

namespace VisionCell.Kernels.Cuda;

/// <summary>Numbers on a GPU that a call works on; freed with it.</summary>
internal sealed unsafe class CudaMemory : IDisposable
{
    private readonly CudaDevice _device;
    private readonly int _length;
    private nint _pointer;

    /// <summary>Takes memory; its content is undefined.</summary>
    /// <param name="device">The GPU.</param>
    /// <param name="length">Number of 4-byte values.</param>
    public CudaMemory(CudaDevice device, int length)
    {
        (_device, _length) = (device, length);
        device.Enter();
        nint pointer;
        // The driver refuses to allocate nothing.
        device.Check(device.Library.MemoryAllocate(&pointer, (nuint)Math.Max(1, length) * sizeof(float)), $"allocating {length:N0} numbers");
        _pointer = pointer;
    }

    /// <summary>Takes memory and copies numbers into it.</summary>
    public CudaMemory(CudaDevice device, ReadOnlySpan<float> content)
        : this(device, content.Length)
    {
        fixed (float* source = content)
        {
            if (!content.IsEmpty)
                device.Check(device.Library.CopyToDevice(_pointer, source, (nuint)content.Length * sizeof(float)), "copying to it");
        }
    }

    /// <summary>The same of integers.</summary>
    public CudaMemory(CudaDevice device, ReadOnlySpan<int> content)
        : this(device, MemoryMarshal.Cast<int, float>(content))
    {
    }

    /// <summary>The same of words.</summary>
    public CudaMemory(CudaDevice device, ReadOnlySpan<uint> content)
        : this(device, MemoryMarshal.Cast<uint, float>(content))
    {
    }

    /// <summary>Address on the GPU.</summary>
    public nint Pointer => _pointer;

    /// <summary>Number of 4-byte values that it holds.</summary>
    public int Length => _length;

    /// <summary>Copies numbers to its beginning.</summary>
    public void Write(ReadOnlySpan<float> content)
    {
        if (content.Length > _length)
            throw new ArgumentException($"{content.Length:N0} numbers for room of {_length:N0}", nameof(content));
        _device.Enter();
        fixed (float* source = content)
        {
            if (!content.IsEmpty)
                _device.Check(_device.Library.CopyToDevice(_pointer, source, (nuint)content.Length * sizeof(float)), "copying to it");
        }
    }

    /// <summary>Waits for the kernels before and copies the first numbers back.</summary>
    public void Read(Span<float> target)
    {
        if (target.Length > _length)
            throw new ArgumentException($"{target.Length:N0} numbers of {_length:N0}", nameof(target));
        _device.Enter();
        _device.Check(_device.Library.ContextSynchronize(), "running a kernel");
        fixed (float* result = target)
        {
            if (!target.IsEmpty)
                _device.Check(_device.Library.CopyToHost(result, _pointer, (nuint)target.Length * sizeof(float)), "copying from it");
        }
    }

    public void Dispose()
    {
        if (_pointer != 0)
        {
            _device.Enter();
            _device.Library.MemoryFree(_pointer);
        }
        _pointer = 0;
    }
}
