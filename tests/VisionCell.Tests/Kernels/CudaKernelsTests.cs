using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using VisionCell.Acquisition;
using VisionCell.Kernels;
using VisionCell.Kernels.Cuda;
using VisionCell.Kernels.Simd;
using VisionCell.Meshing;
using VisionCell.NeuralField;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.Tests.Kernels;

/// <summary>
/// The suite on the CUDA kernels, compiled by g++ and run on the processor through the very launch path that a GPU would take, every
/// argument's size compared with the kernel's. What this can't show is in docs/decisions/kernels.md.
/// </summary>
public class CudaKernelsTests : FieldKernelsSuite
{
    /// <summary>Operands are halves, of 11 bits; sums are floats. A single output near zero loses most: 1.4e-2 was met, 3e-3 over a batch.</summary>
    private protected override double PerceptronRounding => 2e-2;

    /// <summary>More units fall on the other side of zero than in floats: 2.4e-2 was met.</summary>
    private protected override double RectifierRounding => 5e-2;

    private protected override int Batch => 300;

    private protected virtual SoftwareCuda Cuda => SoftwareCuda.Forward;

    /// <summary>tests/gpu/check.sh asks for the machine's own GPU in place of the emulation.</summary>
    private static bool OnGpu => Environment.GetEnvironmentVariable("VISIONCELL_TEST_GPU") == "1";

    /// <summary>A GPU adds in any order.</summary>
    private protected override bool AddsInOrder => !OnGpu;

    private protected override IFieldKernels<float> Kernels() => OnGpu
        ? FieldBackends.Open("cuda:0", notice => Assert.Fail(notice))
        : new CudaKernels(Cuda.Device, "software");

    [Fact]
    public void Every_allocation_is_freed()
    {
        Assert.SkipWhen(OnGpu, "only the emulation counts");
        var before = Cuda.Allocations;
        GradientBits(Kernels(), Batch);
        Assert.Throws<ArgumentException>(() => Kernels().Sample(new Shape3(1, 1, 1), new float[1], new float[3], new float[2]));
        Assert.Equal(before, Cuda.Allocations);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_loss_of_outputs_on_the_gpu_is_the_sum_of_weighted_squares(bool weighted)
    {
        Assert.SkipWhen(OnGpu, "asks the emulation's own device");
        const int samples = 259, width = 3;
        var (device, random) = (Cuda.Device, new Random(4));
        var (outputs, targets, weights) = (Numbers(random, samples * width, 1), Numbers(random, samples * width, 1), Numbers(random, samples, 1));
        using var o = new CudaMemory(device, outputs);
        using var t = new CudaMemory(device, targets);
        using var w = new CudaMemory(device, weights);
        using var parts = new CudaMemory(device, CudaLaunches.LossParts(outputs.Length));
        new CudaLaunches(device).FieldLoss(samples, width, o.Pointer, t.Pointer, weighted ? w.Pointer : 0, o.Pointer, parts.Pointer);
        var (gradient, sums) = (new float[outputs.Length], new float[CudaLaunches.LossParts(outputs.Length)]);
        o.Read(gradient);
        parts.Read(sums);
        double Weight(int i) => weighted ? weights[i / width] : 1;
        AssertClose([.. outputs.Select((v, i) => 2 * Weight(i) * ((double)v - targets[i]) / samples)], gradient, 1e-6);
        Assert.Equal(outputs.Select((v, i) => Weight(i) * Math.Pow((double)v - targets[i], 2) / samples).Sum(), sums.Sum(p => (double)p), 1e-5);
    }

    [Theory]
    [InlineData("sections")]
    [InlineData("projections")]
    [InlineData("images")]
    public void A_training_keeps_its_parameters_on_the_gpu_and_learns_what_the_processor_learns(string kind)
    {
        const int edge = 8, steps = 12;
        var (bounds, voxel, middle) = (new FieldBounds(default, new Position(80, 80, 80)), new VoxelSize(10, 10, 10), new Position(40, 40, 40));
        var fine = new Volume<float>(new Shape3(edge + 1, edge, edge), voxel, new Position(5, 5, 5), Provenance.Of("test"));
        for (var i = 0; i < fine.Data.Length; i++)
            fine.Data[i] = 2 + MathF.Sin(i % edge) * MathF.Cos(i / edge);
        var shape = new HashFieldConfiguration { Grid = new HashGridConfiguration { Levels = 4, Log2TableSize = 9, CoarsestResolution = 2, FinestResolution = 9 }, HiddenWidth = 16 };
        var how = new FieldTrainingConfiguration { Steps = steps, Pixels = 24, Voxels = 40, TargetSamples = 60, VariationWeight = 1e-3, VariationPairs = 8, CoarseShare = 0.5, WarmUpSteps = 4, OccupancySteps = 4, StepVoxels = 2 };
        Camera[] cameras = [Camera.Tilt(-30, middle, 20, 4, 4), Camera.Tilt(40, middle, 20, 4, 4)];
        var images = cameras.Select((_, v) => Enumerable.Range(0, 16).Select(i => kind == "images" ? (i + v) % 5 / 5f : 100f + 20 * ((i + v) % 5)).ToArray()).ToArray();
        var views = kind == "sections" ? null : new ViewSet(kind == "images" ? ViewKind.Emission : ViewKind.Absorption, images, cameras, kind == "images" ? 0.25 : 0);
        var sections = kind == "sections" ? AxialSampling.Pool(3).Acquire(fine) : null;
        (double[] Losses, float[] Values) Fitted(IFieldKernels<float> kernels)
        {
            var box = sections is null ? bounds : FieldBounds.Of(sections.IsotropicShape, voxel, sections.IsotropicOrigin);
            var field = FieldTraining.NewField(shape, box, voxel, views, sections, 1, kernels);
            var losses = new List<double>();
            var target = sections is null ? null : new FieldTarget(fine.Crop(Box.Of(sections.IsotropicShape)), fine.Crop(Box.Of(sections.IsotropicShape)));
            new FieldTraining(field, how, views, sections, target).Run(progress: new Relay<FieldProgress>(p => losses.Add(p.Loss)));
            Assert.Null(field.Session);
            return ([.. losses], field.Query(box, voxel).Data);
        }
        var before = OnGpu ? 0 : Cuda.Allocations;
        var (ours, theirs) = (Fitted(SimdKernels.Create()), Fitted(Kernels()));
        if (!OnGpu)
            Assert.Equal(before, Cuda.Allocations);
        Assert.Equal(steps, theirs.Losses.Length);
        // Operands of the perceptron are halves; over the steps their rounding adds up.
        for (var i = 0; i < steps; i++)
            Assert.InRange(theirs.Losses[i] / ours.Losses[i], 0.9, 1.1);
        var scale = Math.Sqrt(ours.Values.Average(v => (double)v * v));
        Assert.InRange(Math.Sqrt(ours.Values.Zip(theirs.Values, (a, b) => (double)(a - b) * (a - b)).Average()) / scale, 0, 0.05);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void A_surface_is_that_of_the_processor(bool below, bool closed)
    {
        // Noise has every case, ambiguous faces and loops with a centre among them; a masked voxel, and whole numbers at the very value.
        var random = new Random(3);
        var volume = new Volume<float>(new Shape3(7, 9, 11), new VoxelSize(30, 10, 12), new Position(5, -7, 11), Provenance.Of("noise"));
        foreach (ref var value in volume.Data.AsSpan())
            value = random.Next(7);
        volume[3, 4, 5] = float.NaN;
        var options = new MarchingCubesOptions(below, closed);
        var (ours, theirs) = (MarchingCubes.Extract(volume, 3, options), MarchingCubes.Extract(volume, 3, options, Kernels()));
        Assert.Equal(ours.Triangles, theirs.Triangles);
        Assert.Equal(ours.VertexCount, theirs.VertexCount);
        for (var i = 0; i < ours.Positions.Length; i++)
        {
            Assert.Equal(ours.Positions[i], theirs.Positions[i], 1e-3f);
            Assert.Equal(ours.Normals[i], theirs.Normals[i], 1e-3f);
        }
    }

    [Fact]
    public void Places_of_a_target_are_those_that_the_host_draws()
    {
        Assert.SkipWhen(OnGpu, "asks the emulation's own device");
        const int count = 301;
        var (device, random, shape) = (Cuda.Device, new Random(7), new Shape3(5, 7, 9));
        var (volume, voxelWeights) = (Numbers(random, (int)shape.Count, 1), Numbers(random, (int)shape.Count, 1));
        var draw = new TargetDraw(shape, new Position(0.1, 0.2, 0.3), new Position(0.01, 0.02, 0.03), 0.5, 2, 0.25, 99);
        var (positions, targets, weights) = (new float[3 * count], new float[count], new float[count]);
        draw.Run(SimdKernels.Create(), volume, voxelWeights, positions, targets, weights);
        using var v = new CudaMemory(device, volume);
        using var w = new CudaMemory(device, voxelWeights);
        using var p = new CudaMemory(device, 3 * count);
        using var t = new CudaMemory(device, count);
        using var s = new CudaMemory(device, count);
        new CudaLaunches(device).DrawTarget(draw, count, v.Pointer, w.Pointer, p.Pointer, t.Pointer, s.Pointer);
        void Same(float[] expected, CudaMemory actual)
        {
            var read = new float[expected.Length];
            actual.Read(read);
            for (var i = 0; i < read.Length; i++)
                Assert.Equal(expected[i], read[i], 1e-5f);
        }
        Same(positions, p);
        Same(targets, t);
        Same(weights, s);
        // Every voxel can be drawn, and a fourth lies between them.
        Assert.InRange(Enumerable.Range(0, count).Count(i => Math.Abs((positions[3 * i + 2] - 0.3) / 0.03 % 1 - 0.5) < 0.49), count / 5, count / 3);
    }

    [Fact]
    public void Gradients_far_below_the_smallest_half_keep_their_digits()
    {
        var perceptron = new Perceptron();
        var random = new Random(9);
        var (weights, rows, down) = (Numbers(random, perceptron.ParameterCount, 0.3f), Numbers(random, 100 * 32, 1), Numbers(random, 100, 1));
        float[] tiny = [.. down.Select(d => d * 1e-9f)];
        var (gradient, tinyGradient, below, tinyBelow) = (new float[weights.Length], new float[weights.Length], new float[rows.Length], new float[rows.Length]);
        Kernels().PerceptronBackward(perceptron, weights, rows, down, gradient, below);
        Kernels().PerceptronBackward(perceptron, weights, rows, tiny, tinyGradient, tinyBelow);
        AssertClose([.. gradient.Select(g => g * 1e-9)], tinyGradient, 1e-3);
        AssertClose([.. below.Select(g => g * 1e-9)], tinyBelow, 1e-3);
    }
}

/// <summary>The same with the threads of a block run last to first: what reads before another has written shows in one of the orders.</summary>
public sealed class ReversedCudaKernelsTests : CudaKernelsTests
{
    private protected override SoftwareCuda Cuda => SoftwareCuda.Backward;
}

/// <summary>What stands around the kernels: compilation, the cache, the choice of a device.</summary>
public sealed partial class CudaDeviceTests
{
    [Fact]
    public void Compiled_kernels_are_found_in_the_cache()
    {
        var cuda = SoftwareCuda.Forward;
        cuda.Device.Function("field.cu", "adam");
        var cache = Path.Combine(cuda.Folder, "cubin");
        var image = Assert.Single(Directory.GetFiles(cache, "field-sm_90-*.cubin"));
        var written = File.GetLastWriteTimeUtc(image);
        new CudaDevice(CudaLibrary.Load(cuda.Path), 0, cache).Function("field.cu", "adam");
        Assert.Equal(written, File.GetLastWriteTimeUtc(image));
        Assert.Throws<InvalidOperationException>(() => cuda.Device.Function("field.cu", "no_such_kernel"));
    }

    [Fact]
    public void A_source_that_does_not_compile_ends_in_the_compilers_words()
    {
        var error = Assert.Throws<InvalidOperationException>(() => SoftwareCuda.Forward.Device.Function("perceptron.cu", "pack_weights", "-DIN=undeclared_width", "-DHIDDEN=16", "-DOUT=1"));
        Assert.Contains("undeclared_width", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Arguments_of_another_size_are_refused()
    {
        var device = SoftwareCuda.Forward.Device;
        var function = device.Function("field.cu", "adam");
        unsafe
        {
            var one = 1.0;
            var arguments = new CudaArguments().Add(&one);
            Assert.Contains("given were 8", Assert.Throws<InvalidOperationException>(() => device.Launch(function, (1, 1), 32, 0, arguments)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_device_option_is_understood()
    {
        var (cuda, notices) = (SoftwareCuda.Forward, new List<string>());
        Assert.StartsWith("cpu", FieldBackends.Open("cpu", notices.Add).Name, StringComparison.Ordinal);
        Assert.Equal("cuda:0 (sm_90)", FieldBackends.Open("auto", notices.Add, cuda.Path, cuda.Folder).Name);
        Assert.Equal("cuda:0 (sm_90)", FieldBackends.Open("cuda:0", notices.Add, cuda.Path, cuda.Folder).Name);
        Assert.Empty(notices);
        Assert.StartsWith("cpu", FieldBackends.Open("cuda:1", notices.Add, cuda.Path, cuda.Folder).Name, StringComparison.Ordinal);
        Assert.Contains("there is no GPU 1", Assert.Single(notices), StringComparison.Ordinal);
        Assert.Throws<BadInputException>(() => FieldBackends.Open("gpu", notices.Add));
        Assert.Throws<BadInputException>(() => FieldBackends.Open("cuda:-1", notices.Add));
    }

    [Fact]
    public void Without_a_driver_the_processor_is_taken_with_one_line()
    {
        Assert.SkipWhen(NativeLibrary.TryLoad("libcuda.so.1", out _), "this machine has an NVIDIA driver");
        var notices = new List<string>();
        Assert.StartsWith("cpu", FieldBackends.Open("cuda:0", notices.Add).Name, StringComparison.Ordinal);
        Assert.StartsWith("device cuda:0: no NVIDIA driver", Assert.Single(notices), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', notices[0]);
    }

    [Theory]
    [InlineData("sm_80")]
    [InlineData("sm_90")]
    public void Clang_compiles_every_source_to_ptx(string architecture)
    {
        var folder = Directory.CreateTempSubdirectory("visioncell-ptx").FullName;
        try
        {
            foreach (var (name, text) in CudaDevice.Sources)
                File.WriteAllText(Path.Combine(folder, name), text);
            foreach (var (source, defines) in new[] { ("field.cu", ""), ("rays.cu", ""), ("training.cu", ""), ("surface.cu", ""), ("perceptron.cu", "-DIN=32 -DHIDDEN=64 -DOUT=1"), ("perceptron.cu", "-DIN=64 -DHIDDEN=128 -DOUT=16") })
            {
                var ptx = Path.Combine(folder, "out.ptx");
                SoftwareCuda.Run("clang++-19", ["-x", "cuda", "--cuda-device-only", $"--cuda-gpu-arch={architecture}", "-Xclang", "-target-feature", "-Xclang", "+ptx81", "-nocudainc", "-nocudalib", "-O3", "-std=c++17", "-Wall", "-Werror", "-S", .. defines.Split(' ', StringSplitOptions.RemoveEmptyEntries), Path.Combine(folder, source), "-o", ptx]);
                var code = File.ReadAllText(ptx);
                Assert.Contains(source switch { "field.cu" => "red.global.add", "rays.cu" => ".entry march_rays", "training.cu" => ".entry draw_target", "surface.cu" => ".entry write_triangles", _ => "mma.sync.aligned.m16n8k16" }, code, StringComparison.Ordinal);
                // An array of a thread that is not in registers lies in its local memory, which is as slow as global memory.
                if (!defines.Contains("128", StringComparison.Ordinal))
                    Assert.DoesNotContain("__local_depot", code, StringComparison.Ordinal);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void The_table_of_speeds_has_every_kernel_and_both_trainings_learn()
    {
        using var output = new StringWriter();
        Assert.Equal(0, Gpu.Speed.Program.Run(["--smoke", "--driver", SoftwareCuda.Forward.Path, "--cache", Path.Combine(SoftwareCuda.Forward.Folder, "speed")], output));
        var table = output.ToString();
        var kernels = CudaDevice.Sources.Where(s => s.Key.EndsWith(".cu", StringComparison.Ordinal)).SelectMany(s => KernelNames().Matches(s.Value)).Select(m => m.Groups[1].Value).ToList();
        Assert.Contains("encode_backward_4", kernels);
        Assert.All(kernels, kernel => Assert.Contains($"| {kernel} ", table, StringComparison.Ordinal));
        Assert.DoesNotContain("NaN", table, StringComparison.Ordinal);
        Assert.Equal(2, table.Split("steps) |").Length - 1);
    }

    [Fact]
    public async Task Nothing_is_read_or_written_out_of_bounds()
    {
        Assert.SkipWhen(SoftwareCuda.Sanitized, "this is the run under AddressSanitizer");
        // Again in a process of its own with AddressSanitizer watching what the kernels take for memory of the GPU. Fibers have stacks that it
        // does not know; .NET handles its own signals.
        var start = new ProcessStartInfo(Environment.ProcessPath!, Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? [typeof(CudaDeviceTests).Assembly.Location] : [])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // One test of each kernel, at odd sizes: compiling for the sanitizer is what takes the time.
        string[] methods = [nameof(CudaKernelsTests.Encoding_and_its_gradients_are_those_of_the_reference), nameof(CudaKernelsTests.On_numbers_that_round_nowhere_the_perceptron_is_exact), nameof(CudaKernelsTests.Adam_is_that_of_the_reference_and_clears_the_gradient), nameof(CudaKernelsTests.Sampling_and_warping_are_those_of_the_reference), nameof(CudaKernelsTests.Marching_is_that_of_the_reference), nameof(CudaKernelsTests.Compositing_and_its_gradient_are_those_of_the_reference), nameof(CudaKernelsTests.Occupancy_is_kept_cell_by_cell), nameof(CudaKernelsTests.The_loss_of_outputs_on_the_gpu_is_the_sum_of_weighted_squares), nameof(CudaKernelsTests.A_surface_is_that_of_the_processor), nameof(CudaKernelsTests.A_training_keeps_its_parameters_on_the_gpu_and_learns_what_the_processor_learns)];
        foreach (var argument in new[] { "-class", typeof(CudaKernelsTests).FullName!, "-noLogo", "-noColor" }.Concat(methods.SelectMany(m => new[] { "-method", $"*.{m}" })))
            start.ArgumentList.Add(argument);
        start.Environment["VISIONCELL_SANITIZE"] = "1";
        start.Environment["LD_PRELOAD"] = SoftwareCuda.Run("g++", ["-print-file-name=libasan.so"]).Trim();
        start.Environment["ASAN_OPTIONS"] = "detect_leaks=0:handle_segv=0:handle_sigill=0:handle_sigfpe=0:allow_user_segv_handler=1:use_sigaltstack=0:detect_stack_use_after_return=0:alloc_dealloc_mismatch=0";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{output}\n{await errors}");
        Assert.Contains("Total: 28,", output, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"KERNEL\((\w+),")]
    private static partial Regex KernelNames();
}
