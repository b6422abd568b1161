using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using OpenCvSharp;
using TorchSharp;

namespace VisionCell.Cli.Doctor;

/// <summary>The native libraries, by really loading and using them.</summary>
internal static partial class Libraries
{
    // The resolver of native libraries registers itself when the core library is first used; asked of no volume, nothing here would be.
    static Libraries() => RuntimeHelpers.RunModuleConstructor(typeof(Kernels.NativeLibraries).Module.ModuleHandle);

    public static IEnumerable<Func<Check>> Checks =>
    [
        () => Try("libtorch", "training, reconstruction by networks", Torch),
        () => Try("OpenCV", "denoising, alignment, optical flow", OpenCv),
    ];

    // Not inlined: a type whose library is missing must fail inside Try.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string Torch()
    {
        using var scope = torch.NewDisposeScope();
        var sum = torch.ones(2, 3).sum().item<float>();
        if (sum != 6)
            throw new InvalidOperationException($"loads, but the sum of six ones is {sum}");
        var device = torch.cuda.is_available() ? $"cuda ({torch.cuda.device_count()} device(s))" : "cpu";
        return $"{torch.__version__}, {device}, {torch.get_num_threads()} threads";
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string OpenCv()
    {
        using var ones = new Mat(2, 3, MatType.CV_8UC1, OpenCvSharp.Scalar.All(1));
        var sum = Cv2.Sum(ones).Val0;
        if (sum != 6)
            throw new InvalidOperationException($"loads, but the sum of six ones is {sum}");
        return Cv2.GetVersionString() ?? "loads";
    }

    private static Check Try(string name, string usedFor, Func<string> probe)
    {
        try
        {
            return new(name, CheckStatus.Ok, probe(), usedFor);
        }
        catch (Exception exception)
        {
            var cause = exception;
            while (cause is TypeInitializationException or System.Reflection.TargetInvocationException && cause.InnerException is { } inner)
                cause = inner;
            // The loader's own line names the library that is missing; the rest of the message lists every path tried.
            var library = MissingLibrary().Match(cause.Message);
            var found = library.Success ? $"does not load: {library.Groups[1].Value} is missing" : $"does not load: {cause.Message.Split('\n')[0]}";
            return new(name, CheckStatus.Missing, found, usedFor, $"sudo apt-get install --no-install-recommends {string.Join(' ', Packages())} (environment/setup.sh does it)");
        }
    }

    /// <summary>The packages of environment/packages-run.txt, the first of each line's alternatives.</summary>
    private static IEnumerable<string> Packages()
    {
        var list = CommandLine.Installation.Find("environment", "packages-run.txt");
        return list is null ? ["libgtk-3-0", "libatomic1", "libdrm2"] : File.ReadLines(list).Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' ', '|')[0]);
    }

    [GeneratedRegex(@"(\S+\.so[.\d]*): cannot open shared object file")]
    private static partial Regex MissingLibrary();
}
