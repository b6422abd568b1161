using System.Globalization;

namespace VisionCell.Gpu.Speed;

/// <summary>A resource and how much of it a GPU gives at most, as measured in the same run.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Unit">GB/s, TFLOP/s, G accesses/s.</param>
/// <param name="Size">What one unit counts: 1e9, 1e12.</param>
/// <param name="PerSecond">In units.</param>
internal sealed record Ceiling(string Name, string Unit, double Size, double PerSecond)
{
    public static Ceiling Of(string name, string unit, double size, double amount, double milliseconds) => new(name, unit, size, amount / size / milliseconds * 1e3);
}

/// <summary>What a kernel has to do at least: bytes that it reads or writes once, operations, entries.</summary>
internal readonly record struct Work(Ceiling Ceiling, double Amount)
{
    /// <summary>Milliseconds that it takes at the ceiling.</summary>
    public double Least => Amount / Ceiling.Size / Ceiling.PerSecond * 1e3;
}

/// <summary>One line of the table.</summary>
internal sealed record Timing(string Kernel, string Size, double Milliseconds, params Work[] Work)
{
    public string Row()
    {
        var binding = Work.MaxBy(w => w.Least);
        var achieved = string.Join(", ", Work.Select(w => string.Create(CultureInfo.InvariantCulture, $"{w.Amount / w.Ceiling.Size / Milliseconds * 1e3:G3} {w.Ceiling.Unit}")));
        return string.Create(CultureInfo.InvariantCulture, $"| {Kernel} | {Size} | {Milliseconds:F4} | {achieved} | {binding.Ceiling.Name} | {binding.Least / Milliseconds:P0} |");
    }
}
