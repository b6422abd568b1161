using System.Text;
using System.Text.Json.Nodes;
using VisionCell.Notebooks.Jupyter;
using VisionCell.Volumes;

namespace VisionCell.Notebooks.Tests;

public sealed class WireTests
{
    // Computed by Python with hmac.new(b"secret", digestmod="sha256") over the
    // four parts b'{"a":1}', b'{}', b'{}', b'{"code":"x"}'.
    [Fact]
    public void The_signature_is_the_HMAC_of_the_four_parts()
    {
        byte[][] parts = [.. new[] { "{\"a\":1}", "{}", "{}", "{\"code\":\"x\"}" }.Select(Encoding.UTF8.GetBytes)];
        Assert.Equal("a429a57c76bba89b4949b7629a9be2c46105a15cef7dc5002a0a4d085cb144c4", new Wire("secret").Sign(parts));
        Assert.Equal(string.Empty, new Wire(string.Empty).Sign(parts));
    }

    [Fact]
    public void A_message_survives_the_wire()
    {
        Message sent = Sample();
        Message received = new Wire("key").FromFrames(new Wire("key").ToFrames(sent), out string? refusal)!;
        Assert.Null(refusal);
        Assert.Equal(sent.Identities, received.Identities);
        Assert.True(JsonNode.DeepEquals(sent.Header, received.Header) && JsonNode.DeepEquals(sent.Parent, received.Parent));
        Assert.True(JsonNode.DeepEquals(sent.Metadata, received.Metadata) && JsonNode.DeepEquals(sent.Content, received.Content));
    }

    [Theory]
    [InlineData("other key", null)]
    [InlineData("key", 2)]
    [InlineData("key", 5)]
    public void A_message_with_another_key_or_a_changed_byte_is_dropped(string key, int? changed)
    {
        IReadOnlyList<byte[]> frames = new Wire(key).ToFrames(Sample());
        if (changed is { } frame)
            frames[frames.Count - 6 + frame][^2] ^= 1;
        Assert.Null(new Wire("key").FromFrames(frames, out string? refusal));
        Assert.NotNull(refusal);
    }

    [Fact]
    public void A_message_sent_twice_is_dropped_the_second_time()
    {
        var wire = new Wire("key");
        IReadOnlyList<byte[]> frames = new Wire("key").ToFrames(Sample());
        Assert.NotNull(wire.FromFrames(frames, out _));
        Assert.Null(wire.FromFrames(frames, out string? refusal));
        Assert.Contains("repeated", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_key_nothing_is_checked() => Assert.NotNull(new Wire(string.Empty).FromFrames(new Wire("any").ToFrames(Sample()), out _));

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("<IDS|MSG>")]
    [InlineData("<IDS|MSG>,,{},{},{}")]
    [InlineData("<IDS|MSG>,,{},{},{},not json")]
    [InlineData("<IDS|MSG>,,{},{},{},[1]")]
    public void Frames_that_make_no_message_are_dropped(string frames)
    {
        Assert.Null(new Wire(string.Empty).FromFrames([.. frames.Split(',').Select(Encoding.UTF8.GetBytes)], out string? refusal));
        Assert.NotNull(refusal);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("192.168.0.7")]
    [InlineData("example.org")]
    public void An_address_that_others_reach_is_refused_by_name(string ip)
    {
        BadInputException e = Assert.Throws<BadInputException>(() => Connection(ip, "tcp"));
        Assert.Contains($"\"{ip}\"", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("::1")]
    public void This_machines_own_address_is_accepted(string ip) => Assert.Equal(ip, Connection(ip, "tcp").Ip);

    [Fact]
    public void Another_transport_is_refused() => Assert.Throws<BadInputException>(() => Connection("127.0.0.1", "ipc"));

    [Theory]
    [InlineData("aβc", 2, 2)]
    [InlineData("a😀c", 2, 3)]
    [InlineData("😀😀", 2, 4)]
    [InlineData("ab", 9, 2)]
    public void Positions_count_characters_not_units(string text, int characters, int units)
    {
        Assert.Equal(units, TextPositions.ToUtf16(text, characters));
        Assert.Equal(Math.Min(characters, text.EnumerateRunes().Count()), TextPositions.ToCharacters(text, units));
    }

    [Fact]
    public void History_answers_tail_range_and_search()
    {
        var history = new History();
        string[] sources = ["var a = 1;", "a", "b(a)", "a"];
        for (int i = 0; i < sources.Length; i++)
            history.Add(i + 1, sources[i]);
        Assert.Equal([3, 4], history.Tail(2).Select(e => e.Line));
        Assert.Equal([2, 3], history.Range(2, 4).Select(e => e.Line));
        Assert.Equal([3], history.Search("b*", 10, unique: false).Select(e => e.Line));
        Assert.Equal([1, 3, 4], history.Search("*a*", 10, unique: true).Select(e => e.Line));
    }

    [Fact]
    public void Streams_are_gathered_in_order_and_by_kind()
    {
        var sent = new List<(bool IsError, string Text)>();
        using (var batcher = new StreamBatcher((e, t) => sent.Add((e, t))))
        {
            for (int i = 0; i < 1000; i++)
                batcher.Write(false, "x");
            batcher.Write(true, "e");
            batcher.Write(false, "y");
        }

        Assert.Equal(1002, sent.Sum(s => s.Text.Length));
        Assert.True(sent.Count < 100, $"{sent.Count} messages");
        Assert.Equal([(true, "e"), (false, "y")], sent.TakeLast(2));
    }

    private static Message Sample() => new(
        [[1, 2, 0, 255]],
        new JsonObject { ["msg_type"] = "execute_request", ["session"] = "s" },
        new JsonObject { ["p"] = 1 },
        new JsonObject { ["m"] = "µ" },
        new JsonObject { ["code"] = "\"<b>\" + '😀'" });

    private static ConnectionFile Connection(string ip, string transport)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, $$"""
                {"ip": "{{ip}}", "transport": "{{transport}}", "shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5,
                 "key": "k", "signature_scheme": "hmac-sha256", "kernel_name": "x"}
                """);
            return ConnectionFile.Read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
