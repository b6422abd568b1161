namespace VisionCell.Volumes;

/// <summary>
/// How a notebook host learns that a type formats itself: dotnet-interactive and Microsoft.DotNet.Interactive.Formatting look
/// for an attribute of this name, whatever its namespace, so that a library needs no reference to them.
/// </summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct)]
internal sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    public Type FormatterSourceType { get; } = formatterSourceType;

    public string[]? PreferredMimeTypes { get; set; }
}
