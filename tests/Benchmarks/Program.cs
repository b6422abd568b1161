using System.Globalization;
using VisionCell.Benchmarks;
using VisionCell.Volumes;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;

// Suite and part of each benchmark, in the order in which they run.
(string Suite, string Part, string Summary, Action Run)[] all =
[
    ("preprocessing", "damage", "damaged sections put into real stacks: found, and false alarms", DamageBenchmark.Run),
    ("preprocessing", "stripes", "stripes of known amplitude: how much is left, and what clean data lose", StripesBenchmark.Run),
    ("preprocessing", "denoising", "non-local means at 15 dB of Gaussian and Poisson noise", DenoisingBenchmark.Run),
    ("preprocessing", "chain", "seconds a section of 1024 x 1024 through the chain, and peak memory", ChainBenchmark.Run),
];

if (args.Length == 0 || args[0] is "-h" or "--help")
{
    foreach (var (suite, part, summary, _) in all)
        Console.WriteLine($"{suite} {part}: {summary}");
    return 0;
}
var chosen = all.Where(b => b.Suite == args[0] && (args.Length == 1 || args.AsSpan(1).Contains(b.Part))).ToArray();
if (chosen.Length == 0)
{
    Console.Error.WriteLine($"no benchmark '{string.Join(' ', args)}'; --help names them");
    return 2;
}
try
{
    foreach (var benchmark in chosen)
    {
        Console.WriteLine($"\n## {benchmark.Part}: {benchmark.Summary}\n");
        benchmark.Run();
    }
    return 0;
}
catch (BadInputException e)
{
    Console.Error.WriteLine(e.Message);
    return 3;
}
