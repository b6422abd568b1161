using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace VisionCell.Notebooks.Sessions;

/// <summary>Finds the assembly of a <c>#r "path"</c>, relative to the notebook's folder, and the assemblies that it needs in turn.</summary>
internal sealed class ReferenceResolver(string baseDirectory) : MetadataReferenceResolver
{
    // One reference object a file: the compiler then shares its symbols among all cells.
    private static readonly ConcurrentDictionary<string, PortableExecutableReference> Known = new(StringComparer.Ordinal);

    public override bool ResolveMissingAssemblies => true;

    public static PortableExecutableReference Reference(string path) =>
        Known.GetOrAdd(path, p => MetadataReference.CreateFromFile(p, documentation: DocumentationFiles.For(p)));

    public string? FullPath(string reference, string? baseFilePath)
    {
        if (!reference.EndsWith(".dll", StringComparison.OrdinalIgnoreCase) && !reference.EndsWith(".exe", StringComparison.OrdinalIgnoreCase))
            return AssemblyLocator.Host.GetValueOrDefault(reference.Split(',')[0]);
        string folder = Path.IsPathRooted(baseFilePath) ? Path.GetDirectoryName(baseFilePath)! : baseDirectory;
        string path = Path.GetFullPath(reference, folder);
        return File.Exists(path) ? path : null;
    }

    public override ImmutableArray<PortableExecutableReference> ResolveReference(
        string reference, string? baseFilePath, MetadataReferenceProperties properties)
    {
        return FullPath(reference, baseFilePath) is { } path ? [Reference(AssemblyLocator.FileFor(path))] : [];
    }

    public override PortableExecutableReference? ResolveMissingAssembly(MetadataReference definition, AssemblyIdentity referenceIdentity)
    {
        if (AssemblyLocator.Host.TryGetValue(referenceIdentity.Name, out string? own))
            return Reference(own);
        if (definition is not PortableExecutableReference { FilePath: { } from })
            return null;
        string beside = Path.Combine(Path.GetDirectoryName(from)!, referenceIdentity.Name + ".dll");
        return File.Exists(beside) ? Reference(beside) : null;
    }

    public override bool Equals(object? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
