using System.Runtime.CompilerServices;
using VisionCell.Kernels;

namespace VisionCell.Tests;

/// <summary>A class of tests that begins with TorchSharp itself must find its native half, also when it is run alone.</summary>
internal static class NativeStart
{
    [ModuleInitializer]
    internal static void Load() => RuntimeHelpers.RunModuleConstructor(typeof(NativeLibraries).Module.ModuleHandle);
}
