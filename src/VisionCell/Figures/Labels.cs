using System.Globalization;

namespace VisionCell.Figures;

/// <summary>Numbers as the labels of figures write them.</summary>
internal static class Labels
{
    /// <summary>A length in nm, from 10,000 nm on in micrometres.</summary>
    public static string Length(double nm) => Math.Abs(nm) < 10_000
        ? string.Create(CultureInfo.InvariantCulture, $"{nm:0.##} nm")
        : string.Create(CultureInfo.InvariantCulture, $"{nm / 1000:0.##} \u00B5m");

    /// <summary>Four significant digits.</summary>
    public static string Number(double value) => value.ToString(
        value != 0 && (Math.Abs(value) < 1e-3 || Math.Abs(value) >= 1e6) ? "0.###e+0" : Math.Abs(value) >= 1000 ? "0.#" : "0.####", CultureInfo.InvariantCulture);
}
