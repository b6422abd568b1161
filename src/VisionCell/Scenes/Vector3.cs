using System.Text.Json;
using System.Text.Json.Serialization;
using VisionCell.Volumes;

namespace VisionCell.Scenes;

/// <summary>A point in nanometres or a direction, in the order of meshes: x right, y down the images, z deeper. In JSON <c>[x, y, z]</c>.</summary>
[JsonConverter(typeof(Vector3Converter))]
public readonly record struct Vector3(double X, double Y, double Z)
{
    /// <summary>Along x (0), y (1) or z (2).</summary>
    public double this[int axis] => axis == 0 ? X : axis == 1 ? Y : Z;

    /// <summary>The point of a volume's position.</summary>
    public static Vector3 Of(Position position) => new(position.X, position.Y, position.Z);

    /// <summary>Sum.</summary>
    public static Vector3 operator +(Vector3 a, Vector3 b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z);

    /// <summary>Difference.</summary>
    public static Vector3 operator -(Vector3 a, Vector3 b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z);

    /// <summary>Multiple.</summary>
    public static Vector3 operator *(Vector3 a, double s) => new(a.X * s, a.Y * s, a.Z * s);

    private sealed class Vector3Converter : JsonConverter<Vector3>
    {
        public override Vector3 Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            Span<double> values = stackalloc double[3];
            if (reader.TokenType != JsonTokenType.StartArray)
                throw new JsonException("three numbers [x, y, z] are wanted");
            for (var i = 0; i < 3; i++)
            {
                if (!reader.Read() || reader.TokenType != JsonTokenType.Number)
                    throw new JsonException("three numbers [x, y, z] are wanted");
                values[i] = reader.GetDouble();
            }
            return reader.Read() && reader.TokenType == JsonTokenType.EndArray ? new Vector3(values[0], values[1], values[2]) : throw new JsonException("three numbers [x, y, z] are wanted");
        }

        public override void Write(Utf8JsonWriter writer, Vector3 value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            foreach (var number in (ReadOnlySpan<double>)[value.X, value.Y, value.Z])
                writer.WriteNumberValue(number);
            writer.WriteEndArray();
        }
    }
}
