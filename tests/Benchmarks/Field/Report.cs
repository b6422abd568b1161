namespace VisionCell.Benchmarks.Field;

/// <summary>All of docs/benchmarks/field.md but the kernels, one line a result.</summary>
internal static class Report
{
    /// <summary>Runs it.</summary>
    /// <param name="data">Folder of bone.tif and medulla-1.tif.</param>
    public static int Run(string data)
    {
        var (bone, medulla) = (Path.Combine(data, "bone.tif"), Path.Combine(data, "medulla-1.tif"));
        foreach (var volume in new[] { bone, medulla })
        {
            foreach (var degradation in new[] { "decimate:8", "decimate:4", "pool:4" })
                SectionsBenchmark.Run(volume, degradation);
        }
        PhantomBenchmark.Run(1500, 96);
        CompactBenchmark.Run(medulla, 400);
        foreach (var volume in new[] { bone, medulla })
            ViewsBenchmark.Run(volume, 128, 3000, 0);
        return 0;
    }
}
