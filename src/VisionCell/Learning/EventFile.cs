using System.Buffers.Binary;
using System.Numerics;
using Google.Protobuf;
using OpenCvSharp;
using Tensorboard;

namespace VisionCell.Learning;

/// <summary>
/// A TensorBoard event file: records of length, its check sum, a protocol buffer and its check sum (the TFRecord format,
/// https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details). Each record is on disk when the call returns.
/// </summary>
/// <param name="folder">Where the file goes; made where it is missing.</param>
internal sealed class EventFile(string folder)
{
    private const int Bins = 40;

    private string? _path;

    /// <summary>Adds a number.</summary>
    public void Scalar(string tag, int step, double value) => Add(step, new Summary.Types.Value { Tag = tag, SimpleValue = (float)value });

    /// <summary>Adds a histogram in bins of one width.</summary>
    /// <param name="tag">Its name.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="values">At least one, all finite.</param>
    public void Histogram(string tag, int step, ReadOnlySpan<float> values)
    {
        double low = float.MaxValue, high = float.MinValue, sum = 0, squares = 0;
        foreach (var v in values)
        {
            (low, high) = (Math.Min(low, v), Math.Max(high, v));
            (sum, squares) = (sum + v, squares + (double)v * v);
        }
        var width = Math.Max((high - low) / Bins, 1e-12);
        var counts = new double[Bins];
        foreach (var v in values)
            counts[Math.Min(Bins - 1, (int)((v - low) / width))]++;
        var histogram = new HistogramProto { Min = low, Max = high, Num = values.Length, Sum = sum, SumSquares = squares };
        histogram.Bucket.AddRange(counts);
        histogram.BucketLimit.AddRange(Enumerable.Range(1, Bins).Select(bin => low + bin * width));
        Add(step, new Summary.Types.Value { Tag = tag, Histo = histogram });
    }

    /// <summary>Adds a grey picture, as PNG.</summary>
    /// <param name="tag">Its name.</param>
    /// <param name="step">Steps done.</param>
    /// <param name="pixels"><c>[Y, X]</c>, 0 to 1.</param>
    /// <param name="width">X.</param>
    public void Picture(string tag, int step, float[] pixels, int width)
    {
        byte[] grey = [.. pixels.Select(v => (byte)Math.Round(255 * Math.Clamp(v, 0, 1)))];
        using var image = Mat.FromPixelData(pixels.Length / width, width, MatType.CV_8UC1, grey);
        Cv2.ImEncode(".png", image, out var png);
        Add(step, new Summary.Types.Value { Tag = tag, Image = new Summary.Types.Image { Height = image.Rows, Width = width, Colorspace = 1, EncodedImageString = ByteString.CopyFrom(png) } });
    }

    private void Add(int step, Summary.Types.Value value)
    {
        var summary = new Summary();
        summary.Value.Add(value);
        Write(new Event { Step = step, Summary = summary });
    }

    private void Write(Event entry)
    {
        entry.WallTime = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
        if (_path is null)
        {
            Directory.CreateDirectory(folder);
            _path = Path.Combine(folder, FormattableString.Invariant($"events.out.tfevents.{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}.{Environment.MachineName}.{Environment.ProcessId}.{Guid.NewGuid():N}"));
            // The first record of a file says in which version it is written.
            Write(new Event { FileVersion = "brain.Event:2" });
        }
        var data = entry.ToByteArray();
        Span<byte> head = stackalloc byte[12], tail = stackalloc byte[4];
        BinaryPrimitives.WriteUInt64LittleEndian(head, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], CheckSum(head[..8]));
        BinaryPrimitives.WriteUInt32LittleEndian(tail, CheckSum(data));
        using var file = new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        file.Write([.. head, .. data, .. tail]);
    }

    /// <summary>CRC-32C, turned and shifted, as the format asks.</summary>
    private static uint CheckSum(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var b in data)
            crc = BitOperations.Crc32C(crc, b);
        return unchecked(BitOperations.RotateRight(~crc, 15) + 0xA282EAD8);
    }
}
