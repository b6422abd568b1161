using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using VisionCell.Volumes;

namespace VisionCell.Learning;

/// <summary>The configuration of a network whose trained weights are kept in files.</summary>
/// <typeparam name="TSelf">The configuration itself.</typeparam>
internal interface INetworkConfiguration<TSelf>
    where TSelf : INetworkConfiguration<TSelf>
{
    /// <summary>What files call the network.</summary>
    static abstract string Network { get; }

    /// <summary>Checks all values.</summary>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    TSelf Validated();
}

/// <summary>
/// A trained network with what has to be known of it: its configuration, what it was trained on and small pictures of that,
/// so that it is not used where it would be scored on what it has seen. One safetensors file, fp16; those in the folder
/// <c>Pretrained</c> beside its configuration are part of the assembly.
/// </summary>
/// <typeparam name="TConfiguration">The network's configuration.</typeparam>
/// <param name="Name">Name of the file.</param>
/// <param name="Configuration">The network.</param>
/// <param name="Weights">Its weights.</param>
/// <param name="Specimens">What it was trained on.</param>
internal sealed record NetworkPrior<TConfiguration>(string Name, TConfiguration Configuration, Weights Weights, IReadOnlyList<SpecimenThumbnail> Specimens) : IDisposable
    where TConfiguration : INetworkConfiguration<TConfiguration>
{
    private const string NetworkKey = "network";
    private const string Deflated = "deflate:";

    private static string ResourcePrefix => $"{typeof(TConfiguration).Namespace}.Pretrained.";

    /// <summary>The names of those that come with the library.</summary>
    public static IReadOnlyList<string> Shipped { get; } =
        [.. typeof(TConfiguration).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(ResourcePrefix, StringComparison.Ordinal)).Select(n => n[ResourcePrefix.Length..]).Order(StringComparer.Ordinal)];

    /// <summary>Reads one that comes with the library.</summary>
    public static NetworkPrior<TConfiguration> ReadShipped(string name)
    {
        using var stream = typeof(TConfiguration).Assembly.GetManifestResourceStream(ResourcePrefix + name) ?? throw new InvalidOperationException($"no resource {ResourcePrefix}{name}");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return Of(SafeTensors.Parse(bytes, name), name);
    }

    /// <summary>Reads a file that <see cref="Write"/> left.</summary>
    /// <exception cref="BadInputException">It is missing, damaged, or holds another network.</exception>
    public static NetworkPrior<TConfiguration> Read(string path) => Of(SafeTensors.Read(path), Path.GetFileName(path));

    /// <summary>Those that do not know a specimen: the file given, or those that come with the library.</summary>
    /// <param name="path">A file; null for those that come with the library.</param>
    /// <param name="observed">Sections of the specimen.</param>
    public static List<NetworkPrior<TConfiguration>> Unknowing(string? path, Volume<float> observed)
    {
        var unknowing = new List<NetworkPrior<TConfiguration>>();
        foreach (var prior in path is not null ? [Read(path)] : Shipped.Select(ReadShipped))
        {
            if (prior.Specimens.Any(s => s.Shows(observed)))
                prior.Dispose();
            else
                unknowing.Add(prior);
        }
        return unknowing;
    }

    /// <summary>Writes the file, beside and renamed into place.</summary>
    /// <param name="path">The file.</param>
    /// <param name="description">What it was trained on and how, licence and citation: for those who open the file.</param>
    public void Write(string path, IReadOnlyDictionary<string, string> description)
    {
        var metadata = new Dictionary<string, string>(description) { [NetworkKey] = TConfiguration.Network, ["configuration"] = JsonSerializer.Serialize(Configuration) };
        for (var i = 0; i < Specimens.Count; i++)
        {
            var s = Specimens[i];
            metadata[string.Create(CultureInfo.InvariantCulture, $"specimen{i}")] = string.Create(CultureInfo.InvariantCulture,
                $"{s.Shape.Z} {s.Shape.Y} {s.Shape.X} {s.Reduction} {Deflated}{Convert.ToBase64String(Deflate(s.Grey))}");
        }
        SafeTensors.Write(path, Weights.Tensors, metadata, half: true);
    }

    /// <inheritdoc/>
    public void Dispose() => Weights.Dispose();

    private static NetworkPrior<TConfiguration> Of((Dictionary<string, TorchSharp.torch.Tensor> Tensors, Dictionary<string, string> Metadata) content, string name)
    {
        var weights = new Weights();
        foreach (var (key, tensor) in content.Tensors)
        {
            weights.Add(key, tensor);
            tensor.Dispose();
        }
        try
        {
            // Files of the first networks do not name it.
            var network = content.Metadata.GetValueOrDefault(NetworkKey, "gap");
            if (network != TConfiguration.Network)
                throw new FormatException($"it holds the network '{network}'");
            var configuration = JsonSerializer.Deserialize<TConfiguration>(content.Metadata["configuration"]) ?? throw new FormatException("empty configuration");
            return new NetworkPrior<TConfiguration>(name, configuration.Validated(), weights, [.. content.Metadata.Where(m => m.Key.StartsWith("specimen", StringComparison.Ordinal)).OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => Thumbnail(m.Value))]);
        }
        catch (Exception e) when (e is KeyNotFoundException or JsonException or FormatException or IndexOutOfRangeException or InvalidDataException)
        {
            weights.Dispose();
            throw new BadInputException($"'{name}' holds no network '{TConfiguration.Network}' ({e.Message}); give a file that 'visioncell pretrain --network {TConfiguration.Network}' made", e);
        }
    }

    private static SpecimenThumbnail Thumbnail(string text)
    {
        var parts = text.Split(' ');
        int Number(int i) => int.Parse(parts[i], CultureInfo.InvariantCulture);
        return new SpecimenThumbnail(new Shape3(Number(0), Number(1), Number(2)), parts[4].StartsWith(Deflated, StringComparison.Ordinal) ? Inflate(Convert.FromBase64String(parts[4][Deflated.Length..])) : Convert.FromBase64String(parts[4]), Number(3));
    }

    private static byte[] Deflate(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var stream = new DeflateStream(packed, CompressionLevel.SmallestSize))
            stream.Write(bytes);
        return packed.ToArray();
    }

    private static byte[] Inflate(byte[] packed)
    {
        using var bytes = new MemoryStream();
        using var stream = new DeflateStream(new MemoryStream(packed), CompressionMode.Decompress);
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
