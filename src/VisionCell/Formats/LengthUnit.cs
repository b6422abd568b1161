namespace VisionCell.Formats;

/// <summary>Names of length units as ImageJ, OME-XML and OME-NGFF write them.</summary>
internal static class LengthUnit
{
    /// <summary>Nanometres in one unit, or <c>null</c> where the text names no physical length ("pixel", "").</summary>
    public static double? InNanometres(string? unit) => unit?.Trim().Replace("\\u00B5", "µ", StringComparison.OrdinalIgnoreCase).Replace('\u03BC', 'µ') switch
    {
        "nm" or "nanometer" or "nanometers" or "nanometre" or "nanometres" => 1,
        "µm" or "um" or "micron" or "microns" or "micrometer" or "micrometers" or "micrometre" or "micrometres" => 1e3,
        "mm" or "millimeter" or "millimeters" or "millimetre" or "millimetres" => 1e6,
        "cm" or "centimeter" or "centimeters" or "centimetre" or "centimetres" => 1e7,
        "m" or "meter" or "meters" or "metre" or "metres" => 1e9,
        "pm" or "picometer" or "picometers" or "picometre" or "picometres" => 1e-3,
        "Å" or "\u212B" or "A" or "angstrom" or "angstroms" or "Angstrom" => 0.1,
        "in" or "inch" or "inches" => 2.54e7,
        _ => null,
    };
}
