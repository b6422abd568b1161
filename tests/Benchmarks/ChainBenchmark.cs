namespace VisionCell.Benchmarks;

internal static class ChainBenchmark
{
    public static void Run()
    {
    }
}
