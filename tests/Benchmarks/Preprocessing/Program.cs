using System.Globalization;
using VisionCell.Benchmarks.Preprocessing;
using VisionCell.Volumes;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;

// In the order in which they run.
(string Part, string Summary, Action Run)[] all =
[
    ("damage", "damaged sections put into real stacks: found, and false alarms", DamageBenchmark.Run),
    ("bridging", "shifts found beside damaged sections", BridgingBenchmark.Run),
    ("stripes", "stripes of known amplitude: how much is left, and what clean data lose", StripesBenchmark.Run),
    ("denoising", "non-local means at 15 dB of Gaussian and Poisson noise", DenoisingBenchmark.Run),
    ("blind-spot", "the network that learns from the stack, beside non-local means", BlindSpotBenchmark.Run),
    ("chain-denoising", "non-local means and the network inside the chain, on sections that were moved", ChainDenoisingBenchmark.Run),
    ("chain", "seconds a section of 1024 x 1024 through the chain", ChainBenchmark.Time),
    ("memory", "peak memory on sections of 2048 x 2048 (EDGE), 70 and 140 of them (SECTIONS)", ChainBenchmark.Memory),
];

if (args.Any(a => a is "-h" or "--help"))
{
    foreach (var (part, summary, _) in all)
        Console.WriteLine($"{part}: {summary}");
    return 0;
}
if (args.FirstOrDefault(a => all.All(b => b.Part != a)) is { } unknown)
{
    Console.Error.WriteLine($"no benchmark '{unknown}'; --help names them");
    return 2;
}
try
{
    foreach (var (part, summary, run) in all.Where(b => args.Length == 0 || args.Contains(b.Part)))
    {
        Console.WriteLine($"\n## {part}: {summary}\n");
        run();
    }
    return 0;
}
catch (BadInputException e)
{
    Console.Error.WriteLine(e.Message);
    return 3;
}
