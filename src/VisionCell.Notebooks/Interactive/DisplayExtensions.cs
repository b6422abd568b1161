using System.Diagnostics.CodeAnalysis;
using Microsoft.DotNet.Interactive;

namespace System;

/// <summary>Display of any value from a notebook cell; in namespace System, where dotnet-interactive has it.</summary>
[SuppressMessage("Naming", "CA1724:Type names should not match namespaces", Justification = "The name is dotnet-interactive's.")]
public static class DisplayExtensions
{
    /// <summary>Shows a value now, in the MIME types given or in those that its type prefers.</summary>
    /// <exception cref="InvalidOperationException">No cell is running.</exception>
    public static DisplayedValue Display(this object? value, params string[] mimeTypes) => Kernel.Running.Display(value, mimeTypes);

    /// <summary>Shows text as the given MIME type, without formatting it.</summary>
    /// <exception cref="InvalidOperationException">No cell is running.</exception>
    public static DisplayedValue DisplayAs(this string value, string mimeType, params string[] additionalMimeTypes) =>
        Kernel.Running.DisplayAs(value, mimeType, additionalMimeTypes);
}
