using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using VisionCell.Volumes;

namespace VisionCell.Kernels.Cuda;

/// <summary>
/// One GPU: its primary context, which libtorch uses as well, and the kernels compiled for it. A source is compiled by NVRTC when it is
/// first used and the machine code kept in a cache, named by the hash of everything that it depends on.
/// </summary>
internal sealed unsafe class CudaDevice
{
    private const int AttributeMultiprocessors = 16;
    private const int AttributeCache = 38;
    private const int AttributeMajor = 75;
    private const int AttributeMinor = 76;

    /// <summary>Tensor cores as the kernels use them (mma.m16n8k16) came with compute capability 8.0.</summary>
    private const int OldestMajor = 8;

    private readonly nint _context;
    private readonly string _cache;
    private readonly bool _checkArguments;
    private readonly IReadOnlyDictionary<string, string> _sources;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, nint> _functions = [];
    private readonly Dictionary<string, nint> _modules = [];

    /// <summary>Opens a GPU.</summary>
    /// <param name="library">The driver and the compiler.</param>
    /// <param name="ordinal">Number of the GPU.</param>
    /// <param name="cache">Folder of compiled kernels.</param>
    /// <param name="checkArguments">Compares the size of every argument with the kernel's own; for tests, costs microseconds a launch.</param>
    /// <param name="moreSources">Sources beside the embedded ones, by name; they may include the embedded headers.</param>
    /// <exception cref="CudaUnavailableException">There is no such GPU, or it is too old.</exception>
    public CudaDevice(CudaLibrary library, int ordinal, string cache, bool checkArguments = false, IReadOnlyDictionary<string, string>? moreSources = null)
    {
        (Library, _cache, _checkArguments) = (library, cache, checkArguments);
        _sources = moreSources is null ? Sources : Sources.Concat(moreSources).ToDictionary();
        if (library.Init(0) is var initialised and not 0)
            throw new CudaUnavailableException($"the NVIDIA driver does not start ({ErrorName(initialised)})");
        int count, device, multiprocessors, secondCache, major, minor;
        nint context;
        Check(library.DeviceGetCount(&count), "counting GPUs");
        if (ordinal >= count)
            throw new CudaUnavailableException($"there is no GPU {ordinal}: the driver has {count}");
        Check(library.DeviceGet(&device, ordinal), $"opening GPU {ordinal}");
        Check(library.DeviceGetAttribute(&major, AttributeMajor, device), "asking its compute capability");
        Check(library.DeviceGetAttribute(&minor, AttributeMinor, device), "asking its compute capability");
        Check(library.DeviceGetAttribute(&multiprocessors, AttributeMultiprocessors, device), "asking its size");
        Check(library.DeviceGetAttribute(&secondCache, AttributeCache, device), "asking its cache");
        if (major < OldestMajor)
            throw new CudaUnavailableException($"GPU {ordinal} has compute capability {major}.{minor}; {OldestMajor}.0 is needed");
        Check(library.PrimaryContextRetain(&context, device), "making its context");
        _context = context;
        Architecture = $"sm_{major}{minor}";
        Multiprocessors = multiprocessors;
        SecondCacheBytes = secondCache;
        var name = stackalloc byte[128];
        Check(library.DeviceGetName(name, 128, device), "asking its name");
        Name = Marshal.PtrToStringUTF8((nint)name)!;
    }

    /// <summary>The driver and the compiler.</summary>
    public CudaLibrary Library { get; }

    /// <summary>For what kernels are compiled: <c>sm_90</c>.</summary>
    public string Architecture { get; }

    /// <summary>What its maker calls it.</summary>
    public string Name { get; }

    /// <summary>Size of the cache that all multiprocessors share, bytes.</summary>
    public int SecondCacheBytes { get; }

    /// <summary>Number of multiprocessors.</summary>
    public int Multiprocessors { get; }

    /// <summary>Makes the GPU the one that calls of this thread go to.</summary>
    public void Enter() => Check(Library.ContextSetCurrent(_context), "entering its context");

    /// <summary>A kernel, compiled where it is not in the cache.</summary>
    /// <param name="source">Name of the embedded source.</param>
    /// <param name="name">Name of the kernel in it.</param>
    /// <param name="defines">Macros, <c>-DNAME=VALUE</c>.</param>
    public nint Function(string source, string name, params IReadOnlyList<string> defines)
    {
        var module = $"{source} {string.Join(' ', defines)}";
        lock (_gate)
        {
            if (_functions.TryGetValue($"{module} {name}", out var function))
                return function;
            if (!_modules.TryGetValue(module, out var loaded))
            {
                fixed (byte* image = Image(source, defines))
                    Check(Library.ModuleLoadData(&loaded, image), $"loading {source}");
                _modules[module] = loaded;
            }
            fixed (byte* text = Encoding.UTF8.GetBytes(name + '\0'))
                Check(Library.ModuleGetFunction(&function, loaded, text), $"finding {name}");
            return _functions[$"{module} {name}"] = function;
        }
    }

    /// <summary>Runs a kernel.</summary>
    /// <param name="function">Of <see cref="Function"/>.</param>
    /// <param name="blocks">Blocks along x and y.</param>
    /// <param name="threads">Threads a block.</param>
    /// <param name="stream">CUDA stream; 0 for the default one.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <exception cref="InvalidOperationException">The launch failed, or the arguments are not of the kernel's sizes.</exception>
    public void Launch(nint function, (uint X, uint Y) blocks, uint threads, nint stream, CudaArguments arguments)
    {
        if (_checkArguments && !ParameterSizes(function).SequenceEqual(arguments.Sizes))
            throw new InvalidOperationException($"a kernel takes parameters of {string.Join(',', ParameterSizes(function))} bytes, given were {string.Join(',', arguments.Sizes)}");
        Enter();
        fixed (nint* addresses = arguments.Addresses)
            Check(Library.LaunchKernel(function, blocks.X, blocks.Y, 1, threads, 1, 1, 0, stream, (void**)addresses, null), "launching a kernel");
    }

    /// <summary>Sizes of a kernel's parameters as it was compiled, bytes.</summary>
    private List<int> ParameterSizes(nint function)
    {
        if (Library.FunctionGetParameter is null)
            throw new InvalidOperationException("the driver can't tell the parameters of a kernel: CUDA 12.4 is needed");
        var sizes = new List<int>();
        nuint offset, size;
        for (nuint i = 0; Library.FunctionGetParameter(function, i, &offset, &size) == 0; i++)
            sizes.Add((int)size);
        return sizes;
    }

    /// <summary>Throws where a call of the driver failed.</summary>
    /// <exception cref="InvalidOperationException">It did; the message has what was done and CUDA's name of the error.</exception>
    public void Check(int result, string what)
    {
        if (result != 0)
            throw new InvalidOperationException($"CUDA, {what}: {ErrorName(result)}");
    }

    /// <summary>The embedded sources by name.</summary>
    internal static IReadOnlyDictionary<string, string> Sources { get; } = ReadSources();

    private static Dictionary<string, string> ReadSources()
    {
        const string prefix = "VisionCell.Kernels.Cuda.";
        var assembly = typeof(CudaDevice).Assembly;
        var sources = new Dictionary<string, string>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            sources[resource[prefix.Length..]] = reader.ReadToEnd();
        }
        return sources;
    }

    private byte[] Image(string source, IReadOnlyList<string> defines)
    {
        int major, minor;
        CheckCompiler(Library.CompilerVersion(&major, &minor), "asking its version");
        string[] options = [$"--gpu-architecture={Architecture}", "--std=c++17", .. defines];
        var headers = _sources.Where(s => s.Key.EndsWith(".cuh", StringComparison.Ordinal)).OrderBy(s => s.Key, StringComparer.Ordinal).ToList();
        var identity = string.Join('\n', [$"{major}.{minor}", .. options, _sources[source], .. headers.Select(h => $"{h.Key}\n{h.Value}")]);
        var path = Path.Combine(_cache, $"{Path.GetFileNameWithoutExtension(source)}-{Architecture}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)))[..24]}.cubin");
        if (File.Exists(path))
            return File.ReadAllBytes(path);
        var image = Compile(source, headers, options);
        AtomicWrite.File(path, file => file.Write(image));
        return image;
    }

    private byte[] Compile(string source, List<KeyValuePair<string, string>> headers, string[] options)
    {
        var texts = new List<nint>();
        byte* Text(string text)
        {
            texts.Add(Marshal.StringToCoTaskMemUTF8(text));
            return (byte*)texts[^1];
        }
        nint program = 0;
        try
        {
            var (contents, names, arguments) = (new nint[headers.Count], new nint[headers.Count], new nint[options.Length]);
            for (var i = 0; i < headers.Count; i++)
                (contents[i], names[i]) = ((nint)Text(headers[i].Value), (nint)Text(headers[i].Key));
            for (var i = 0; i < options.Length; i++)
                arguments[i] = (nint)Text(options[i]);
            fixed (nint* c = contents, n = names, o = arguments)
            {
                CheckCompiler(Library.CreateProgram(&program, Text(_sources[source]), Text(source), headers.Count, (byte**)c, (byte**)n), "creating a program");
                if (Library.CompileProgram(program, options.Length, (byte**)o) != 0)
                    throw new InvalidOperationException($"NVRTC does not compile {source} for {Architecture}: {Log(program)}");
            }
            nuint size;
            CheckCompiler(Library.GetImageSize(program, &size), "asking the size of the code");
            var image = new byte[size];
            fixed (byte* target = image)
                CheckCompiler(Library.GetImage(program, target), "reading the code");
            return image;
        }
        finally
        {
            if (program != 0)
                Library.DestroyProgram(&program);
            foreach (var text in texts)
                Marshal.FreeCoTaskMem(text);
        }
    }

    private string Log(nint program)
    {
        nuint size;
        CheckCompiler(Library.GetLogSize(program, &size), "asking the size of the log");
        var log = new byte[size];
        fixed (byte* target = log)
            CheckCompiler(Library.GetLog(program, target), "reading the log");
        return Encoding.UTF8.GetString(log).TrimEnd('\0', '\n');
    }

    private static void CheckCompiler(int result, string what)
    {
        if (result != 0)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"NVRTC, {what}: error {result}"));
    }

    private string ErrorName(int error)
    {
        byte* name;
        return Library.GetErrorName(error, &name) == 0 ? Marshal.PtrToStringUTF8((nint)name)! : $"error {error}";
    }
}
