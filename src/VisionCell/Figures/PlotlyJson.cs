using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace VisionCell.Figures;

/// <summary>
/// Numbers in Plotly JSON. Arrays are base64 with a type (<c>{dtype, bdata, shape}</c>, read by plotly.js from 2.28 on), about a
/// third of the size of the same numbers as text. Two shorter forms are unpacked by <c>figure.js</c>, or by
/// <see cref="Expand"/> for other readers: a ramp (coordinates of a regular grid) and quantised values.
/// </summary>
internal static class PlotlyJson
{
    private static readonly JsonSerializerOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Typed array; two numbers in <paramref name="shape"/> make it rows.</summary>
    public static JsonObject Typed<T>(ReadOnlySpan<T> values, params int[] shape)
        where T : unmanaged
    {
        var result = new JsonObject { ["dtype"] = TypeName<T>(), ["bdata"] = Convert.ToBase64String(MemoryMarshal.AsBytes(values)) };
        if (shape.Length > 1)
            result["shape"] = string.Join(", ", shape);
        return result;
    }

    /// <summary>start + i * step for i below count, each repeated, the whole tiled.</summary>
    public static JsonObject Ramp(double start, double step, int count, int each = 1, int tile = 1) =>
        new() { ["ramp"] = new JsonArray(start, step, count, each, tile) };

    /// <summary>low + step * q, as float32; two numbers in <paramref name="shape"/> make it rows.</summary>
    public static JsonObject Quantised<T>(ReadOnlySpan<T> levels, double low, double step, params int[] shape)
        where T : unmanaged =>
        new() { ["quantised"] = Typed(levels, shape), ["low"] = low, ["step"] = step };

    /// <summary>Values as 256 levels between two limits: what a grey-level display can show, in a quarter of the size.</summary>
    public static JsonObject Quantised(ReadOnlySpan<float> values, double low, double high, params int[] shape)
    {
        var step = high > low ? (high - low) / 255 : 1;
        var levels = new byte[values.Length];
        for (var i = 0; i < levels.Length; i++)
            levels[i] = (byte)Math.Clamp(Math.Round((values[i] - low) / step), 0, 255);
        return Quantised<byte>(levels, low, step, shape);
    }

    /// <summary>Values as 65,536 levels between their extremes: what a pointer reads off is right to more digits than it shows.</summary>
    public static JsonObject QuantisedFinely(float[] values, params int[] shape)
    {
        var result = QuantisedCoordinates(values, 0, 1);
        result["quantised"]!["shape"] = string.Join(", ", shape);
        return result;
    }

    /// <summary>Coordinates as 65,536 levels between their extremes: finer than a pixel on any screen.</summary>
    public static JsonObject QuantisedCoordinates(ReadOnlySpan<float> values, int offset, int stride)
    {
        float low = float.PositiveInfinity, high = float.NegativeInfinity;
        for (var i = offset; i < values.Length; i += stride)
            (low, high) = (Math.Min(low, values[i]), Math.Max(high, values[i]));
        var step = high > low ? ((double)high - low) / ushort.MaxValue : 1;
        var levels = new ushort[values.Length / stride];
        for (var i = 0; i < levels.Length; i++)
            levels[i] = (ushort)Math.Round((values[offset + i * stride] - (double)low) / step);
        return Quantised<ushort>(levels, low, step);
    }

    /// <summary>A copy in which ramps and quantised values are plain typed arrays, as any reader of Plotly JSON knows them.</summary>
    public static JsonNode? Expand(JsonNode? node)
    {
        switch (node)
        {
            case JsonArray array:
                return new JsonArray([.. array.Select(Expand)]);
            case JsonObject ramp when ramp["ramp"] is JsonArray parameters:
                return Typed<float>(ExpandRamp(parameters));
            case JsonObject quantised when quantised["quantised"] is JsonObject typed:
                var values = ReadTyped(typed, quantised["low"]!.GetValue<double>(), quantised["step"]!.GetValue<double>());
                var result = Typed<float>(values);
                if (typed["shape"] is { } shape)
                    result["shape"] = shape.DeepClone();
                return result;
            case JsonObject other:
                return new JsonObject(other.Select(p => KeyValuePair.Create(p.Key, Expand(p.Value))));
            default:
                return node?.DeepClone();
        }
    }

    /// <summary>JSON that may stand inside a script element: no "&lt;" is left that could end it.</summary>
    public static string ToScript(JsonNode node) => node.ToJsonString(s_options).Replace("<", "\\u003c", StringComparison.Ordinal);

    /// <summary>Numbers of a typed array, scaled.</summary>
    public static float[] ReadTyped(JsonObject typed, double low = 0, double step = 1)
    {
        var text = Encoding.ASCII.GetBytes(typed["bdata"]!.GetValue<string>());
        Base64.DecodeFromUtf8InPlace(text, out var count);
        var bytes = text.AsSpan(0, count);
        return typed["dtype"]!.GetValue<string>() switch
        {
            "u1" => Scale<byte>(bytes),
            "u2" => Scale(MemoryMarshal.Cast<byte, ushort>(bytes)),
            "i4" => Scale(MemoryMarshal.Cast<byte, int>(bytes)),
            "f4" => Scale(MemoryMarshal.Cast<byte, float>(bytes)),
            "f8" => Scale(MemoryMarshal.Cast<byte, double>(bytes)),
            var other => throw new NotSupportedException($"typed array of {other}"),
        };

        float[] Scale<T>(ReadOnlySpan<T> levels)
            where T : unmanaged, System.Numerics.INumber<T>
        {
            var result = new float[levels.Length];
            for (var i = 0; i < result.Length; i++)
                result[i] = (float)(low + step * double.CreateChecked(levels[i]));
            return result;
        }
    }

    private static float[] ExpandRamp(JsonArray parameters)
    {
        double start = parameters[0]!.GetValue<double>(), step = parameters[1]!.GetValue<double>();
        int count = parameters[2]!.GetValue<int>(), each = parameters[3]!.GetValue<int>(), tile = parameters[4]!.GetValue<int>();
        var result = new float[count * each * tile];
        for (var i = 0; i < result.Length; i++)
            result[i] = (float)(start + step * (i / each % count));
        return result;
    }

    private static string TypeName<T>() => default(T) switch
    {
        byte => "u1",
        ushort => "u2",
        int => "i4",
        float => "f4",
        double => "f8",
        _ => throw new NotSupportedException($"typed array of {typeof(T).Name}"),
    };
}
