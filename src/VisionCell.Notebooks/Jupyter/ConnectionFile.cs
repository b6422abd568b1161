using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using VisionCell.Volumes;

namespace VisionCell.Notebooks.Jupyter;

/// <summary>
/// What a Jupyter client tells a kernel: where to listen and with which key messages are signed
/// (https://jupyter-client.readthedocs.io/en/stable/kernels.html#connection-files).
/// </summary>
public sealed record ConnectionFile
{
    /// <summary>Address to listen on; only this machine's own.</summary>
    [JsonPropertyName("ip")]
    public string Ip { get; init; } = "127.0.0.1";

    /// <summary>Always <c>tcp</c>.</summary>
    [JsonPropertyName("transport")]
    public string Transport { get; init; } = "tcp";

    /// <summary>Port of the requests.</summary>
    [JsonPropertyName("shell_port")]
    public required int ShellPort { get; init; }

    /// <summary>Port of what the kernel publishes.</summary>
    [JsonPropertyName("iopub_port")]
    public required int IoPubPort { get; init; }

    /// <summary>Port of the prompts for input, which this kernel does not use.</summary>
    [JsonPropertyName("stdin_port")]
    public required int StdinPort { get; init; }

    /// <summary>Port of interrupt and shutdown.</summary>
    [JsonPropertyName("control_port")]
    public required int ControlPort { get; init; }

    /// <summary>Port of the heartbeat.</summary>
    [JsonPropertyName("hb_port")]
    public required int HeartbeatPort { get; init; }

    /// <summary>Key of the signatures; empty for none.</summary>
    [JsonPropertyName("key")]
    public string Key { get; init; } = string.Empty;

    /// <summary>Always <c>hmac-sha256</c>.</summary>
    [JsonPropertyName("signature_scheme")]
    public string SignatureScheme { get; init; } = "hmac-sha256";

    /// <summary>Reads and checks a connection file.</summary>
    /// <exception cref="BadInputException">It is missing, damaged, or asks for what this kernel does not do, such as another machine's address.</exception>
    public static ConnectionFile Read(string path)
    {
        ConnectionFile? file;
        try
        {
            file = JsonSerializer.Deserialize<ConnectionFile>(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new BadInputException($"{path}: not a Jupyter connection file: {e.Message}", e);
        }

        if (file is null)
            throw new BadInputException($"{path}: not a Jupyter connection file: it is empty.");
        file.Check(path);
        return file;
    }

    private void Check(string path)
    {
        if (Transport != "tcp")
            throw new BadInputException($"{path}: transport \"{Transport}\" is not supported, only tcp.");
        if (Ip != "localhost" && !(IPAddress.TryParse(Ip, out IPAddress? address) && IPAddress.IsLoopback(address)))
            throw new BadInputException($"{path}: the kernel listens only on this machine (127.0.0.1), not on \"{Ip}\": who reaches a kernel can run any code.");
        if (SignatureScheme != "hmac-sha256")
            throw new BadInputException($"{path}: signature scheme \"{SignatureScheme}\" is not supported, only hmac-sha256.");
    }
}
