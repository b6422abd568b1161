using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace VisionCell.Notebooks.Jupyter;

/// <summary>
/// Messages as frames: routing identities, the delimiter <c>&lt;IDS|MSG&gt;</c>, an HMAC-SHA-256 of the four parts as lower-case
/// hexadecimal, then header, parent header, metadata and content as JSON; further frames are buffers, which this kernel ignores.
/// </summary>
internal sealed class Wire(string key)
{
    private const int MostRemembered = 1 << 16;

    private static readonly byte[] Delimiter = "<IDS|MSG>"u8.ToArray();
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly byte[] _key = Encoding.UTF8.GetBytes(key);
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    /// <summary>Serialises and signs.</summary>
    public IReadOnlyList<byte[]> ToFrames(Message message)
    {
        byte[][] parts = [Bytes(message.Header), Bytes(message.Parent), Bytes(message.Metadata), Bytes(message.Content)];
        return [.. message.Identities, Delimiter, Encoding.ASCII.GetBytes(Sign(parts)), .. parts];
    }

    /// <summary>Reads a message, or says why it is to be dropped: framing, signature, replay, JSON.</summary>
    public Message? FromFrames(IReadOnlyList<byte[]> frames, out string? refusal)
    {
        refusal = null;
        int delimiter = 0;
        while (delimiter < frames.Count && !frames[delimiter].AsSpan().SequenceEqual(Delimiter))
            delimiter++;
        if (frames.Count < delimiter + 6)
        {
            refusal = "a message without delimiter or with parts missing";
            return null;
        }

        byte[][] parts = [.. frames.Skip(delimiter + 2).Take(4)];
        if (_key.Length > 0 && !IsGenuine(frames[delimiter + 1], parts))
        {
            refusal = "a message with a wrong or repeated signature";
            return null;
        }

        try
        {
            JsonObject[] objects = [.. parts.Select(p => (JsonObject)JsonNode.Parse(p)!)];
            return new Message([.. frames.Take(delimiter)], objects[0], objects[1], objects[2], objects[3]);
        }
        catch (Exception e) when (e is JsonException or InvalidCastException or NullReferenceException)
        {
            refusal = "a message whose parts are not JSON objects";
            return null;
        }
    }

    /// <summary>The signature of the four parts.</summary>
    public string Sign(IReadOnlyList<byte[]> parts)
    {
        if (_key.Length == 0)
            return string.Empty;
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        foreach (byte[] part in parts)
            hmac.AppendData(part);
        return Convert.ToHexStringLower(hmac.GetHashAndReset());
    }

    private static byte[] Bytes(JsonObject json) => JsonSerializer.SerializeToUtf8Bytes(json, Json);

    private bool IsGenuine(byte[] signature, byte[][] parts)
    {
        string expected = Sign(parts);
        if (!CryptographicOperations.FixedTimeEquals(signature, Encoding.ASCII.GetBytes(expected)))
            return false;

        // A message sent twice is a recording played back.
        if (!_seen.Add(expected))
            return false;
        _order.Enqueue(expected);
        if (_order.Count > MostRemembered)
            _seen.Remove(_order.Dequeue());
        return true;
    }
}
