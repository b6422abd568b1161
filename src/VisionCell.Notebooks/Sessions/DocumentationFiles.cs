using System.Globalization;
using System.Xml;
using Microsoft.CodeAnalysis;

namespace VisionCell.Notebooks.Sessions;

/// <summary>
/// XML documentation for inspection: the file beside an assembly or, for the shared framework, those of the SDK's reference pack,
/// where the SDK is installed.
/// </summary>
internal static class DocumentationFiles
{
    private static readonly Lazy<Dictionary<string, string>> FrameworkMembers = new(ReadFramework);

    public static DocumentationProvider? For(string assemblyPath)
    {
        string beside = Path.ChangeExtension(assemblyPath, ".xml");
        if (File.Exists(beside))
            return XmlDocumentationProvider.CreateFromFile(beside);
        string framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        return Path.GetDirectoryName(assemblyPath) == framework ? new FrameworkProvider() : null;
    }

    // Reference and implementation assemblies do not agree on which file holds a type, so one table serves them all. It takes about
    // 60 MB and a second, and is read on the first inspection of a framework member only.
    private static Dictionary<string, string> ReadFramework()
    {
        var members = new Dictionary<string, string>(StringComparer.Ordinal);
        string runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        string packs = Path.GetFullPath(Path.Combine(runtime, "..", "..", "..", "packs", "Microsoft.NETCore.App.Ref"));
        if (!Directory.Exists(packs))
            return members;
        string moniker = string.Create(CultureInfo.InvariantCulture, $"net{Environment.Version.Major}.{Environment.Version.Minor}");
        string? folder = Directory.GetDirectories(packs)
            .Select(d => Path.Combine(d, "ref", moniker))
            .Where(Directory.Exists)
            .OrderByDescending(d => d, StringComparer.Ordinal)
            .FirstOrDefault();
        foreach (string file in folder is null ? [] : Directory.GetFiles(folder, "*.xml"))
        {
            using var reader = XmlReader.Create(file);
            while (reader.ReadToFollowing("member"))
            {
                if (reader.GetAttribute("name") is { } name)
                    members.TryAdd(name, reader.ReadOuterXml());
            }
        }

        return members;
    }

    private sealed class FrameworkProvider : DocumentationProvider
    {
        protected override string? GetDocumentationForSymbol(string documentationMemberID, CultureInfo preferredCulture, CancellationToken cancellationToken = default) =>
            FrameworkMembers.Value.GetValueOrDefault(documentationMemberID);

        public override bool Equals(object? obj) => obj is FrameworkProvider;

        public override int GetHashCode() => 1;
    }
}
