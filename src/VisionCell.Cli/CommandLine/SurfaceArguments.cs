using System.CommandLine;
using System.Globalization;
using VisionCell.Meshing;
using VisionCell.Volumes;

namespace VisionCell.Cli.CommandLine;

/// <summary>Surfaces on the command line, so that they read alike wherever one is wanted.</summary>
internal static class SurfaceArguments
{
    /// <summary><c>--iso V</c>.</summary>
    public static Option<string> Iso() => new("--iso") { HelpName = "V", Description = "Grey value of the surface; 'auto' takes Otsu's threshold and says it.", DefaultValueFactory = _ => "auto" };

    /// <summary><c>--dark</c>.</summary>
    public static Option<bool> Dark() => new("--dark") { Description = "The structure is darker than the iso value (stained membranes), not brighter." };

    /// <summary>The value of <see cref="Iso"/>; null for 'auto'.</summary>
    /// <exception cref="BadInputException">It is neither a number nor 'auto'.</exception>
    public static double? IsoOf(this ParseResult parsed, Option<string> option)
    {
        var text = parsed.GetRequiredValue(option);
        if (text == "auto")
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw new BadInputException($"--iso {text}: give a grey value, or 'auto'");
    }

    /// <summary>The iso value asked for, or the suggested one, which is shown.</summary>
    public static double IsoFor(this Messages messages, Volume volume, double? iso)
    {
        if (iso is { } given)
            return given;
        var suggested = IsoThreshold.Suggest(volume);
        messages.Notice(FormattableString.Invariant($"iso value {suggested:G6} (Otsu's threshold; --iso V takes another)"));
        return suggested;
    }
}
