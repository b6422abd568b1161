using System.Globalization;
using System.Text.Json.Nodes;

namespace VisionCell.Notebooks.Jupyter;

/// <summary>A message of the Jupyter protocol (https://jupyter-client.readthedocs.io/en/stable/messaging.html), version 5.3.</summary>
/// <param name="Identities">Routing frames of the sender, or the topic of what is published.</param>
/// <param name="Header">Type, id, session, date and version.</param>
/// <param name="Parent">The header of the message that this one answers, or empty.</param>
/// <param name="Metadata">Additional data.</param>
/// <param name="Content">By type.</param>
internal sealed record Message(IReadOnlyList<byte[]> Identities, JsonObject Header, JsonObject Parent, JsonObject Metadata, JsonObject Content)
{
    public const string ProtocolVersion = "5.3";

    public string Type => Header["msg_type"]?.GetValue<string>() ?? string.Empty;

    public string Session => Header["session"]?.GetValue<string>() ?? string.Empty;

    /// <summary>A message of the kernel that answers <paramref name="parent"/>, addressed to its sender.</summary>
    public static Message Answer(string type, Message? parent, JsonObject content, string session) => new(
        parent?.Identities ?? [],
        new JsonObject
        {
            ["msg_id"] = Guid.NewGuid().ToString("N"),
            ["session"] = session,
            ["username"] = "kernel",
            ["date"] = DateTime.UtcNow.ToString("O", CultureInfo.InvariantCulture),
            ["msg_type"] = type,
            ["version"] = ProtocolVersion,
        },
        (JsonObject?)parent?.Header.DeepClone() ?? [],
        [],
        content);
}
