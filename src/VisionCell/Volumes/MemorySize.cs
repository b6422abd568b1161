using System.Globalization;
using System.Text.RegularExpressions;

namespace VisionCell.Volumes;

/// <summary>Amounts of memory as text: <c>4G</c>, <c>512M</c>, <c>1.5GB</c> by thousands, <c>4GiB</c> by 1,024s; a number alone is in MB (10^6 bytes).</summary>
public static partial class MemorySize
{
    private const string Prefixes = "KMGT";

    /// <summary>Reads an amount of memory, bytes.</summary>
    /// <exception cref="BadInputException">It is none, or not between 1 byte and 2^62.</exception>
    public static long Parse(string text)
    {
        var match = Form().Match(text);
        if (!match.Success)
            throw new BadInputException($"memory '{text}': give a number of MB, or one with a unit such as 512M, 4G or 4GiB");
        var power = match.Groups["prefix"].Value is { Length: > 0 } prefix ? Prefixes.IndexOf(char.ToUpperInvariant(prefix[0]), StringComparison.Ordinal) + 1 : match.Groups["unit"].Success ? 0 : 2;
        var bytes = double.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture) * Math.Pow(match.Groups["binary"].Success ? 1024 : 1000, power);
        return bytes is >= 1 and <= 1L << 62 ? (long)Math.Round(bytes) : throw new BadInputException($"memory '{text}': must be at least a byte and at most 4 EiB");
    }

    [GeneratedRegex(@"^\s*(?<number>\d+(\.\d+)?|\.\d+)\s*((?<prefix>[KMGT])((?<binary>i)B?|B)?|(?<unit>B))?\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
