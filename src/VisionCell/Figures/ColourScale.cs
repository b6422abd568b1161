using System.Globalization;
using System.Text.Json.Nodes;

namespace VisionCell.Figures;

/// <summary>
/// Colour scales, the same in the browser and in static pictures. Grey levels run from black to white as on the microscope's
/// screen (the scale that Plotly calls Greys has run in both directions in different versions, so none is taken by name).
/// Signed errors take Moreland's cool–warm scale: perceptually uniform to both sides, readable with red–green blindness.
/// Source: K. Moreland, "Diverging color maps for scientific visualization", ISVC 2009, doi:10.1007/978-3-642-10520-3_9.
/// </summary>
internal sealed class ColourScale
{
    private readonly (double At, Rgb Colour)[] _stops;

    private ColourScale(params (double, Rgb)[] stops) => _stops = stops;

    public static ColourScale Grey { get; } = new((0, Rgb.Black), (1, Rgb.White));

    public static ColourScale Diverging { get; } = new(
        (0, new(59, 76, 192)), (0.125, new(98, 130, 234)), (0.25, new(141, 176, 254)), (0.375, new(184, 208, 249)), (0.5, new(221, 221, 221)),
        (0.625, new(245, 196, 173)), (0.75, new(244, 154, 123)), (0.875, new(222, 96, 77)), (1, new(180, 4, 38)));

    /// <summary>
    /// Amounts from zero up: viridis, perceptually uniform, readable with any colour vision and in grey. Source: S. van der Walt and
    /// N. Smith, "A better default colormap for Matplotlib", SciPy 2015, https://bids.github.io/colormap; ten of its 256 colours.
    /// </summary>
    public static ColourScale Amount { get; } = new([.. new Rgb[]
    {
        new(68, 1, 84), new(72, 40, 120), new(62, 74, 137), new(49, 104, 142), new(38, 130, 142),
        new(31, 158, 137), new(53, 183, 121), new(109, 205, 89), new(180, 222, 44), new(253, 231, 37),
    }.Select((colour, i) => (i / 9.0, colour))]);

    /// <summary>Colours for lines and bars (Okabe and Ito, distinguishable with any colour vision).</summary>
    public static IReadOnlyList<Rgb> Categories { get; } =
        [new(0, 114, 178), new(213, 94, 0), new(0, 158, 115), new(204, 121, 167), new(230, 159, 0), new(86, 180, 233), new(60, 60, 60)];

    /// <summary>As Plotly takes it.</summary>
    public JsonArray ToJson() => new([.. _stops.Select(s => (JsonNode)new JsonArray(s.At, Css(s.Colour)))]);

    public static string Css(Rgb c) => string.Create(CultureInfo.InvariantCulture, $"rgb({c.R},{c.G},{c.B})");

    /// <summary>The colour of a value between two limits; values beyond them take the end colours.</summary>
    public Rgb At(double value, double low, double high)
    {
        var t = high > low ? Math.Clamp((value - low) / (high - low), 0, 1) : 0;
        if (double.IsNaN(t))
            return Rgb.Pale;
        var i = 1;
        while (i < _stops.Length - 1 && _stops[i].At < t)
            i++;
        var (from, to) = (_stops[i - 1], _stops[i]);
        var part = (t - from.At) / (to.At - from.At);
        byte Mix(byte a, byte b) => (byte)Math.Round(a + part * (b - a));
        return new Rgb(Mix(from.Colour.R, to.Colour.R), Mix(from.Colour.G, to.Colour.G), Mix(from.Colour.B, to.Colour.B));
    }
}
