using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using VisionCell.Volumes;
using static TorchSharp.torch;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace VisionCell.Learning;

/// <summary>
/// Named tensors in one file: 8 bytes of header length, a JSON header with type, shape and offsets of each tensor, then the
/// data, little-endian. Holds no code, unlike a pickle. Source: the safetensors format,
/// https://github.com/huggingface/safetensors#format.
/// </summary>
public static class SafeTensors
{
    private const string MetadataKey = "__metadata__";
    private const int LargestHeader = 100_000_000;

    /// <summary>Writes tensors beside the path and renames the file into place.</summary>
    /// <param name="path">The file; its folder is made.</param>
    /// <param name="tensors">Tensors of any shape; copied to the CPU. Bytes stay bytes, all others become fp32.</param>
    /// <param name="metadata">Text beside the tensors.</param>
    /// <param name="half">Whether to store fp16 in place of fp32: half the size, eleven bits of each value.</param>
    public static void Write(string path, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyDictionary<string, string> metadata, bool half = false)
    {
        using var scope = NewDisposeScope();
        var data = tensors.OrderBy(t => t.Key, StringComparer.Ordinal)
            .Select(t => (t.Key, t.Value.shape, Type: t.Value.dtype == ScalarType.Byte ? "U8" : half ? "F16" : "F32", Bytes: Stored(t.Value, half)))
            .ToList();
        using var header = new MemoryStream();
        using (var json = new Utf8JsonWriter(header))
        {
            json.WriteStartObject();
            json.WriteStartObject(MetadataKey);
            foreach (var (key, value) in metadata)
                json.WriteString(key, value);
            json.WriteEndObject();
            var offset = 0L;
            foreach (var (name, shape, type, bytes) in data)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", type);
                json.WriteStartArray("shape");
                foreach (var length in shape)
                    json.WriteNumberValue(length);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += bytes.Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        // The format asks for data aligned to 8 bytes: the header is padded with spaces.
        while (header.Length % 8 != 0)
            header.WriteByte((byte)' ');

        AtomicWrite.File(path, file =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            file.Write(length);
            file.Write(header.GetBuffer().AsSpan(0, (int)header.Length));
            foreach (var (_, _, _, bytes) in data)
                file.Write(bytes);
        });
    }

    /// <summary>Reads a file that <see cref="Write"/> or another safetensors writer made; the caller disposes of the tensors.</summary>
    /// <exception cref="BadInputException">The file is missing, is cut short, is no safetensors file, or holds other types than F32, F16 and U8.</exception>
    public static (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata) Read(string path) => File.Exists(path)
        ? Parse(File.ReadAllBytes(path), path)
        : throw new BadInputException($"'{path}' does not exist; expected a safetensors file");

    /// <summary>The same of a file's bytes; fp16 comes as fp32.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="path">How errors name it.</param>
    /// <exception cref="BadInputException">As of <see cref="Read"/>.</exception>
    public static (Dictionary<string, Tensor> Tensors, Dictionary<string, string> Metadata) Parse(byte[] bytes, string path)
    {
        var headerLength = bytes.Length < 8 ? -1 : BinaryPrimitives.ReadInt64LittleEndian(bytes);
        if (headerLength is < 2 or > LargestHeader || 8 + headerLength > bytes.Length)
            throw new BadInputException($"'{path}' is not a safetensors file or is cut short ({bytes.Length:N0} bytes); write it again");
        var tensors = new Dictionary<string, Tensor>();
        var metadata = new Dictionary<string, string>();
        try
        {
            var body = bytes.AsSpan(8 + (int)headerLength);
            using var header = JsonDocument.Parse(bytes.AsMemory(8, (int)headerLength));
            foreach (var entry in header.RootElement.EnumerateObject())
            {
                if (entry.Name == MetadataKey)
                {
                    foreach (var item in entry.Value.EnumerateObject())
                        metadata[item.Name] = item.Value.GetString() ?? "";
                    continue;
                }
                var type = entry.Value.GetProperty("dtype").GetString();
                var size = type switch
                {
                    "F32" => sizeof(float),
                    "F16" => 2,
                    "U8" => 1,
                    _ => throw new BadInputException($"'{path}': tensor '{entry.Name}' is of type {type}; only F32, F16 and U8 are read"),
                };
                var shape = entry.Value.GetProperty("shape").EnumerateArray().Select(l => l.GetInt64()).ToArray();
                var offsets = entry.Value.GetProperty("data_offsets").EnumerateArray().Select(o => o.GetInt64()).ToArray();
                var count = shape.Aggregate(1L, (product, length) => checked(product * length));
                if (offsets is not [var start, var end] || start < 0 || end > body.Length || end - start != count * size)
                    throw new BadInputException($"'{path}': tensor '{entry.Name}' lies outside the file or does not fit its shape; the file is cut short or damaged");
                if (type == "U8")
                {
                    tensors[entry.Name] = tensor(body[(int)start..(int)end].ToArray(), shape);
                    continue;
                }
                var values = new float[count];
                if (type == "F32")
                    body[(int)start..(int)end].CopyTo(MemoryMarshal.AsBytes(values.AsSpan()));
                else
                    TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(body[(int)start..(int)end]), values);
                tensors[entry.Name] = tensor(values, shape);
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException)
        {
            Release(tensors);
            throw new BadInputException($"'{path}': the safetensors header is damaged ({e.Message})", e);
        }
        catch (BadInputException)
        {
            Release(tensors);
            throw;
        }
        return (tensors, metadata);
    }

    private static byte[] Stored(Tensor tensor, bool half)
    {
        // Holds what lies between until its numbers are copied.
        using var scope = NewDisposeScope();
        var here = tensor.detach().cpu().contiguous();
        if (here.dtype == ScalarType.Byte)
            return here.data<byte>().ToArray();
        var values = here.to(ScalarType.Float32).data<float>().ToArray();
        if (!half)
            return MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
        var halves = new Half[values.Length];
        TensorPrimitives.ConvertToHalf(values, halves);
        return MemoryMarshal.AsBytes(halves.AsSpan()).ToArray();
    }

    private static void Release(Dictionary<string, Tensor> tensors)
    {
        foreach (var tensor in tensors.Values)
            tensor.Dispose();
    }
}
