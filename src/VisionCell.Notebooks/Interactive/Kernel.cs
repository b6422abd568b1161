using System.Diagnostics.CodeAnalysis;

namespace Microsoft.DotNet.Interactive;

/// <summary>Functions that every cell can call by their bare name, as under dotnet-interactive.</summary>
public static class Kernel
{
    /// <summary>Shows a value now, in the MIME types given or in those that its type prefers.</summary>
    /// <exception cref="InvalidOperationException">No cell is running.</exception>
    [SuppressMessage("Style", "IDE1006:Naming Styles", Justification = "Notebooks written for dotnet-interactive call it display.")]
    public static DisplayedValue display(object? value, params string[] mimeTypes) => Running.Display(value, mimeTypes);

    internal static KernelInvocationContext Running => KernelInvocationContext.Current
        ?? throw new InvalidOperationException("A value can be displayed only by a running notebook cell, or by a task that one started.");
}
