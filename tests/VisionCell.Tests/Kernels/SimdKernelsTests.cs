using VisionCell.Kernels;
using VisionCell.Kernels.Simd;
using VisionCell.Volumes;

namespace VisionCell.Tests.Kernels;

/// <summary>The suite at the widest vectors of this processor, and what only processor kernels promise.</summary>
public sealed class SimdKernelsTests : FieldKernelsSuite
{
    private protected override IFieldKernels<float> Kernels() => SimdKernels.Create();

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        foreach (var width in Enum.GetValues<SimdWidth>().Where(SimdWidths.IsSupported))
        {
            var one = GradientBits(SimdKernels.Create(width, 1), Batch);
            Assert.Equal(one, GradientBits(SimdKernels.Create(width, 2), Batch));
            Assert.Equal(one, GradientBits(SimdKernels.Create(width, 5), Batch));
        }
    }

    [Fact]
    public void Repeated_steps_take_no_memory_that_grows_with_the_batch()
    {
        // One thread, so that everything is allocated here. All buffers belong to the garbage collector and are kept between calls.
        var kernels = SimdKernels.Create(threads: 1);
        const int samples = 4000;
        var (grid, positions, random) = Setting(4, 4, 8, samples);
        var perceptron = new Perceptron(16, 16, 1);
        var (table, weights, targets) = (Numbers(random, grid.ParameterCount, 1), Numbers(random, perceptron.ParameterCount, 0.3f), Numbers(random, samples, 1));
        var (tableGradient, weightGradient) = (new float[table.Length], new float[weights.Length]);
        var (first, second) = (new float[table.Length], new float[table.Length]);
        void Run(int steps)
        {
            for (var step = 1; step <= steps; step++)
            {
                kernels.FieldLoss(grid, perceptron, table, weights, positions, targets, [], tableGradient, weightGradient);
                kernels.Adam(new AdamStep(step, 1e-3), table, tableGradient, first, second);
            }
        }
        Run(3);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(100);
        // Closures and tasks; the smallest buffer of the batch alone would be 48,000 bytes.
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, 0, 20_000);
    }

    [Fact]
    public void What_the_processor_cannot_do_is_refused_and_what_it_does_is_said()
    {
        Assert.StartsWith("cpu (scalar, 3 threads)", SimdKernels.Create(SimdWidth.Scalar, 3).Name, StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => SimdKernels.Create(threads: 0));
        Assert.Equal(SimdWidths.Best == SimdWidth.Avx512, SimdWidths.IsSupported(SimdWidth.Avx512));
    }
}

/// <summary>The suite with AVX2 forced.</summary>
public sealed class Avx2KernelsTests : FieldKernelsSuite
{
    private protected override IFieldKernels<float> Kernels()
    {
        Assert.SkipUnless(SimdWidths.IsSupported(SimdWidth.Avx2), "this processor has no AVX2");
        return SimdKernels.Create(SimdWidth.Avx2);
    }
}

/// <summary>The suite without vectors.</summary>
public sealed class ScalarKernelsTests : FieldKernelsSuite
{
    private protected override IFieldKernels<float> Kernels() => SimdKernels.Create(SimdWidth.Scalar);
}
