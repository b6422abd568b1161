using System.Text.Json.Nodes;

using VisionCell.Volumes;

namespace VisionCell.Formats;

/// <summary>
/// Voxel size and origin from the coordinate transformations of OME-NGFF (0.4, 0.5: <c>scale</c>, <c>translation</c>,
/// <c>identity</c>; those of the dataset first, then those of the image).
/// </summary>
internal static class OmeTransformations
{
    /// <summary>Applies them to the last three axes, whose units are given.</summary>
    /// <returns>Voxel size in nm, or <c>null</c> where a unit or the scale is missing; origin in nm, zero with it.</returns>
    public static (VoxelSize? Size, Position Origin) Apply(string?[] units, params JsonNode?[] transformations)
    {
        double[] scale = [1, 1, 1];
        double[] translation = [0, 0, 0];
        var isStated = false;
        foreach (var step in transformations.OfType<JsonArray>().SelectMany(t => t))
        {
            switch ((string?)step?["type"])
            {
                case "identity":
                    break;
                case "scale" when step!["scale"] is JsonArray factors:
                    isStated = true;
                    for (var i = 0; i < 3; i++)
                    {
                        var factor = Last(factors, i);
                        scale[i] *= factor;
                        translation[i] *= factor;
                    }
                    break;
                case "translation" when step!["translation"] is JsonArray offsets:
                    for (var i = 0; i < 3; i++)
                        translation[i] += Last(offsets, i);
                    break;
                default:
                    // Stored in a file of its own, or of a later version.
                    return (null, default);
            }
        }
        var nanometres = units.Select(LengthUnit.InNanometres).ToArray();
        var size = isStated ? TiffMetadata.SizeOf(scale[0] * nanometres[0], scale[1] * nanometres[1], scale[2] * nanometres[2]) : null;
        return size is null
            ? (null, default)
            : (size, new Position(translation[0] * nanometres[0]!.Value, translation[1] * nanometres[1]!.Value, translation[2] * nanometres[2]!.Value));
    }

    private static double Last(JsonArray values, int i) => values.Count >= 3
        ? (double)(values[values.Count - 3 + i] ?? 0)
        : throw new InvalidDataException($"a coordinate transformation of {values.Count} numbers");
}
