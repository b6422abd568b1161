using System.Runtime.InteropServices;

namespace VisionCell.Kernels.Cuda;

/// <summary>
/// The functions of the CUDA driver (<c>libcuda.so.1</c>) and of NVRTC that are called here, resolved when first wanted: no toolkit is
/// needed to build, and a machine without a GPU only lacks them. NVRTC comes with libtorch's CUDA packages, whose
/// <c>libcaffe2_nvrtc.so</c> links the copy they bring.
/// </summary>
internal sealed unsafe class CudaLibrary
{
    private const string Driver = "libcuda.so.1";
    private static readonly string[] CompilerNames = ["libcaffe2_nvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"];

    private readonly nint _driver;
    private readonly nint _compiler;

    private CudaLibrary(nint driver, nint compiler)
    {
        (_driver, _compiler) = (driver, compiler);
        Init = (delegate* unmanaged<uint, int>)Of("cuInit");
        DeviceGetCount = (delegate* unmanaged<int*, int>)Of("cuDeviceGetCount");
        DeviceGet = (delegate* unmanaged<int*, int, int>)Of("cuDeviceGet");
        DeviceGetName = (delegate* unmanaged<byte*, int, int, int>)Of("cuDeviceGetName");
        DeviceGetAttribute = (delegate* unmanaged<int*, int, int, int>)Of("cuDeviceGetAttribute");
        PrimaryContextRetain = (delegate* unmanaged<nint*, int, int>)Of("cuDevicePrimaryCtxRetain");
        ContextSetCurrent = (delegate* unmanaged<nint, int>)Of("cuCtxSetCurrent");
        ContextSynchronize = (delegate* unmanaged<int>)Of("cuCtxSynchronize");
        ModuleLoadData = (delegate* unmanaged<nint*, byte*, int>)Of("cuModuleLoadData");
        ModuleGetFunction = (delegate* unmanaged<nint*, nint, byte*, int>)Of("cuModuleGetFunction");
        // CUDA 12.4 and newer; only tests ask it.
        NativeLibrary.TryGetExport(driver, "cuFuncGetParamInfo", out var parameters);
        FunctionGetParameter = (delegate* unmanaged<nint, nuint, nuint*, nuint*, int>)parameters;
        LaunchKernel = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Of("cuLaunchKernel");
        MemoryAllocate = (delegate* unmanaged<nint*, nuint, int>)Of("cuMemAlloc_v2");
        MemoryFree = (delegate* unmanaged<nint, int>)Of("cuMemFree_v2");
        CopyToDevice = (delegate* unmanaged<nint, void*, nuint, int>)Of("cuMemcpyHtoD_v2");
        CopyToHost = (delegate* unmanaged<void*, nint, nuint, int>)Of("cuMemcpyDtoH_v2");
        CopyOnDevice = (delegate* unmanaged<nint, nint, nuint, nint, int>)Of("cuMemcpyDtoDAsync_v2");
        Fill = (delegate* unmanaged<nint, uint, nuint, nint, int>)Of("cuMemsetD32Async");
        EventCreate = (delegate* unmanaged<nint*, uint, int>)Of("cuEventCreate");
        EventRecord = (delegate* unmanaged<nint, nint, int>)Of("cuEventRecord");
        EventSynchronize = (delegate* unmanaged<nint, int>)Of("cuEventSynchronize");
        EventElapsed = (delegate* unmanaged<float*, nint, nint, int>)Of("cuEventElapsedTime");
        EventDestroy = (delegate* unmanaged<nint, int>)Of("cuEventDestroy_v2");
        GetErrorName = (delegate* unmanaged<int, byte**, int>)Of("cuGetErrorName");
        CompilerVersion = (delegate* unmanaged<int*, int*, int>)Of("nvrtcVersion");
        CreateProgram = (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)Of("nvrtcCreateProgram");
        CompileProgram = (delegate* unmanaged<nint, int, byte**, int>)Of("nvrtcCompileProgram");
        GetLogSize = (delegate* unmanaged<nint, nuint*, int>)Of("nvrtcGetProgramLogSize");
        GetLog = (delegate* unmanaged<nint, byte*, int>)Of("nvrtcGetProgramLog");
        GetImageSize = (delegate* unmanaged<nint, nuint*, int>)Of("nvrtcGetCUBINSize");
        GetImage = (delegate* unmanaged<nint, byte*, int>)Of("nvrtcGetCUBIN");
        DestroyProgram = (delegate* unmanaged<nint*, int>)Of("nvrtcDestroyProgram");
    }

    public delegate* unmanaged<uint, int> Init { get; }

    public delegate* unmanaged<int*, int> DeviceGetCount { get; }

    public delegate* unmanaged<int*, int, int> DeviceGet { get; }

    public delegate* unmanaged<byte*, int, int, int> DeviceGetName { get; }

    public delegate* unmanaged<int*, int, int, int> DeviceGetAttribute { get; }

    public delegate* unmanaged<nint*, int, int> PrimaryContextRetain { get; }

    public delegate* unmanaged<nint, int> ContextSetCurrent { get; }

    public delegate* unmanaged<int> ContextSynchronize { get; }

    public delegate* unmanaged<nint*, byte*, int> ModuleLoadData { get; }

    public delegate* unmanaged<nint*, nint, byte*, int> ModuleGetFunction { get; }

    /// <summary>Null where the driver is older than CUDA 12.4.</summary>
    public delegate* unmanaged<nint, nuint, nuint*, nuint*, int> FunctionGetParameter { get; }

    public delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> LaunchKernel { get; }

    public delegate* unmanaged<nint*, nuint, int> MemoryAllocate { get; }

    public delegate* unmanaged<nint, int> MemoryFree { get; }

    public delegate* unmanaged<nint, void*, nuint, int> CopyToDevice { get; }

    public delegate* unmanaged<void*, nint, nuint, int> CopyToHost { get; }

    /// <summary>Target, source, bytes, stream.</summary>
    public delegate* unmanaged<nint, nint, nuint, nint, int> CopyOnDevice { get; }

    /// <summary>Target, 4-byte value, how many of it, stream.</summary>
    public delegate* unmanaged<nint, uint, nuint, nint, int> Fill { get; }

    public delegate* unmanaged<nint*, uint, int> EventCreate { get; }

    public delegate* unmanaged<nint, nint, int> EventRecord { get; }

    public delegate* unmanaged<nint, int> EventSynchronize { get; }

    /// <summary>Milliseconds from the second argument to the third.</summary>
    public delegate* unmanaged<float*, nint, nint, int> EventElapsed { get; }

    public delegate* unmanaged<nint, int> EventDestroy { get; }

    public delegate* unmanaged<int, byte**, int> GetErrorName { get; }

    public delegate* unmanaged<int*, int*, int> CompilerVersion { get; }

    public delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int> CreateProgram { get; }

    public delegate* unmanaged<nint, int, byte**, int> CompileProgram { get; }

    public delegate* unmanaged<nint, nuint*, int> GetLogSize { get; }

    public delegate* unmanaged<nint, byte*, int> GetLog { get; }

    public delegate* unmanaged<nint, nuint*, int> GetImageSize { get; }

    public delegate* unmanaged<nint, byte*, int> GetImage { get; }

    public delegate* unmanaged<nint*, int> DestroyProgram { get; }

    /// <summary>Loads both libraries.</summary>
    /// <param name="standIn">One library that stands in for both, for tests; null for the real ones.</param>
    /// <exception cref="CudaUnavailableException">One is missing; the message says which and what brings it.</exception>
    public static CudaLibrary Load(string? standIn = null)
    {
        if (standIn is not null)
        {
            var library = NativeLibrary.Load(standIn);
            return new CudaLibrary(library, library);
        }
        var assembly = typeof(CudaLibrary).Assembly;
        if (!NativeLibrary.TryLoad(Driver, assembly, null, out var driver))
            throw new CudaUnavailableException($"no NVIDIA driver ({Driver} was not found)");
        foreach (var name in CompilerNames)
        {
            if (NativeLibrary.TryLoad(name, assembly, null, out var compiler) && NativeLibrary.TryGetExport(compiler, "nvrtcVersion", out _))
                return new CudaLibrary(driver, compiler);
        }
        throw new CudaUnavailableException("no NVRTC (libnvrtc.so of CUDA 12 or 13 was not found; the CUDA build of libtorch brings it)");
    }

    private nint Of(string function)
    {
        var library = function.StartsWith("nvrtc", StringComparison.Ordinal) ? _compiler : _driver;
        return NativeLibrary.TryGetExport(library, function, out var address)
            ? address
            : throw new CudaUnavailableException($"the NVIDIA {(library == _driver ? "driver" : "run-time compiler")} is too old: it has no {function}; CUDA 12 is needed");
    }
}
