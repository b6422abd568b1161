using System.Buffers.Binary;
using VisionCell.Learning;
using VisionCell.Runs;

namespace VisionCell.Tests.Learning;

public sealed class TensorBoardLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("visioncell-board").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The records of a TFRecord file: length, its checksum, data, their checksum.</summary>
    private static IEnumerable<byte[]> Records(byte[] file)
    {
        for (var at = 0; at < file.Length;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at));
            Assert.Equal(Masked(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            var data = file.AsSpan(at + 12, length).ToArray();
            Assert.Equal(Masked(data), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            yield return data;
            at += 16 + length;
        }
    }

    /// <summary>CRC-32C, rotated and shifted as the format asks.</summary>
    private static uint Masked(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var b in data)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 1 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
        }
        crc = ~crc;
        return unchecked(((crc >> 15) | (crc << 17)) + 0xA282EAD8);
    }

    [Fact]
    public void Pictures_and_histograms_are_read_back()
    {
        var log = new TensorBoardLog(_folder);
        float[] weights = [-2, -1, -1, 0, 0, 0, 0, 1, 1, 6];
        float[] pixels = [0, 0.5f, 1, 2, -1, 0.25f];
        log.Report(new TrainingSnapshot(7, new Dictionary<string, float[]> { ["head.weight"] = weights }, [new TrainingPicture("before, after", pixels, 3)], "prior"));
        var events = Records(File.ReadAllBytes(Assert.Single(Directory.GetFiles(_folder)))).Select(Tensorboard.Event.Parser.ParseFrom).ToList();
        Assert.Equal("brain.Event:2", events[0].FileVersion);
        Assert.All(events.Skip(1), e => Assert.Equal(7, e.Step));

        var histogram = events[1].Summary.Value[0];
        Assert.Equal("prior/head.weight", histogram.Tag);
        Assert.Equal((-2, 6, 10, 4, 44), (histogram.Histo.Min, histogram.Histo.Max, histogram.Histo.Num, histogram.Histo.Sum, histogram.Histo.SumSquares));
        Assert.Equal(histogram.Histo.Bucket.Count, histogram.Histo.BucketLimit.Count);
        // How many lie below 0.1: seven of ten.
        Assert.Equal(7, histogram.Histo.Bucket.Zip(histogram.Histo.BucketLimit).Where(b => b.Second < 0.3).Sum(b => b.First));
        Assert.Equal(10, histogram.Histo.Bucket.Sum());

        var picture = events[2].Summary.Value[0];
        Assert.Equal(("prior/before, after", 2, 3, 1), (picture.Tag, picture.Image.Height, picture.Image.Width, picture.Image.Colorspace));
        using var image = OpenCvSharp.Cv2.ImDecode(picture.Image.EncodedImageString.ToByteArray(), OpenCvSharp.ImreadModes.Unchanged);
        Assert.True(image.GetArray(out byte[] grey));
        Assert.Equal([0, 128, 255, 255, 0, 64], grey);
    }

    [Fact]
    public void Each_report_is_there_at_once_with_its_step()
    {
        var log = new TensorBoardLog(Path.Combine(_folder, "a"));
        Assert.False(Directory.Exists(Path.Combine(_folder, "a")));
        log.Report(new TrainingProgress(10, TimeSpan.FromSeconds(1), 0.1, 0.5, 2e-3, null));
        log.Report(new TrainingProgress(20, TimeSpan.FromSeconds(2), 0.2, 0.25, 1e-3, 1.5));
        var file = Assert.Single(Directory.GetFiles(Path.Combine(_folder, "a")));
        Assert.Contains("tfevents", Path.GetFileName(file), StringComparison.Ordinal);
        var scalars = Records(File.ReadAllBytes(file)).Select(Tensorboard.Event.Parser.ParseFrom)
            .Where(e => e.Summary is not null).SelectMany(e => e.Summary.Value.Select(v => (e.Step, v.Tag, v.SimpleValue))).ToList();
        Assert.Equal([(10, "loss", 0.5f), (10, "learning rate", 2e-3f), (20, "loss", 0.25f), (20, "learning rate", 1e-3f), (20, "gain over linear, dB", 1.5f)], scalars);
    }
}
