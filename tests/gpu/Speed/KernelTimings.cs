using System.Runtime.InteropServices;
using VisionCell.Kernels;
using VisionCell.Kernels.Cuda;
using VisionCell.Volumes;

namespace VisionCell.Gpu.Speed;

/// <summary>Times each kernel on random numbers that stay on the GPU. Bytes are those that must move at least: each input once, each output once.</summary>
internal sealed class KernelTimings(CudaDevice device, GpuClock clock, Ceilings ceilings, Sizes sizes)
{
    private const double Number = sizeof(float);

    private readonly CudaLaunches _launches = new(device);
    private readonly Random _random = new(1);

    /// <summary>Encoding and its gradients.</summary>
    public IEnumerable<Timing> Grid(string name, HashGrid grid)
    {
        var n = sizes.Batch;
        var (features, levels, entries) = (grid.Features, grid.Levels.Length, 1 << grid.Configuration.Log2TableSize);
        using var positions = Memories.Random(device, _random, 3 * n, 0.5f, 0.5f);
        using var table = Memories.Random(device, _random, grid.ParameterCount, 1);
        using var rows = Memories.Random(device, _random, n * grid.Channels, 1);
        using var tableGradient = Memories.Zero(device, grid.ParameterCount);
        using var positionGradient = new CudaMemory(device, 3 * n);
        // Of two features every second pair of neighbours is one access.
        var accesses = (features == 2 ? 6.0 : 8.0) * n * levels;
        var reads = new Work(ceilings.Reads(features, n, levels, entries), accesses);
        var additions = new Work(ceilings.Additions(features, n, levels, entries), accesses);
        var (rowBytes, tableBytes) = (Number * n * grid.Channels, Number * grid.ParameterCount);
        var size = $"{name}, {n:N0}";
        yield return new Timing($"encode_{features}", size, clock.Milliseconds(() => _launches.Encode(grid, n, table.Pointer, positions.Pointer, rows.Pointer, byLevel: true)),
            ceilings.Bytes(Number * 3 * n + tableBytes + rowBytes), reads);
        yield return new Timing($"encode_backward_{features}", size, clock.Milliseconds(() => _launches.EncodeBackward(grid, n, positions.Pointer, rows.Pointer, tableGradient.Pointer, byLevel: true)),
            ceilings.Bytes(Number * 3 * n + 2 * tableBytes + rowBytes), additions);
        yield return new Timing($"position_gradient ({features})", size, clock.Milliseconds(() => _launches.EncodePositionGradient(grid, n, table.Pointer, positions.Pointer, rows.Pointer, positionGradient.Pointer)),
            ceilings.Bytes(Number * 6 * n + tableBytes + rowBytes), reads with { Amount = 8.0 * n * levels });
    }

    /// <summary>The perceptron and the loss.</summary>
    public IEnumerable<Timing> Layers(Perceptron perceptron, HashGrid grid)
    {
        var n = sizes.Batch;
        using var weights = Memories.Random(device, _random, perceptron.ParameterCount, 0.3f);
        using var packed = new CudaMemory(device, CudaLaunches.PackedCount(perceptron));
        using var inputs = Memories.Random(device, _random, n * perceptron.Inputs, 1);
        using var outputs = Memories.Random(device, _random, n * perceptron.Outputs, 1);
        using var targets = Memories.Random(device, _random, n * perceptron.Outputs, 1);
        using var sampleWeights = Memories.Random(device, _random, n, 0.5f, 0.5f);
        using var weightGradient = Memories.Zero(device, perceptron.ParameterCount);
        using var inputGradient = new CudaMemory(device, n * perceptron.Inputs);
        using var parts = new CudaMemory(device, CudaLaunches.LossParts(n * perceptron.Outputs));
        var products = 2.0 * n * (perceptron.Inputs * perceptron.Hidden + perceptron.Hidden * perceptron.Hidden);
        var (inputBytes, outputBytes, weightBytes) = (Number * n * perceptron.Inputs, Number * n * perceptron.Outputs, Number * perceptron.ParameterCount);
        var size = $"{perceptron.Inputs}-{perceptron.Hidden}-{perceptron.Hidden}-{perceptron.Outputs}, {n:N0}";
        yield return new Timing("pack_weights", size, clock.Milliseconds(() => _launches.PackWeights(perceptron, weights.Pointer, packed.Pointer)),
            ceilings.Bytes(2 * weightBytes));
        yield return new Timing("perceptron_forward", size, clock.Milliseconds(() => _launches.PerceptronForward(perceptron, n, weights.Pointer, packed.Pointer, inputs.Pointer, outputs.Pointer, grid)),
            ceilings.Bytes(inputBytes + outputBytes + weightBytes), new Work(ceilings.Products, products));
        // The forward pass again, the gradient of the inputs of each layer, that of its weights.
        yield return new Timing("perceptron_backward", size, clock.Milliseconds(() => _launches.PerceptronBackward(perceptron, n, weights.Pointer, packed.Pointer, inputs.Pointer, outputs.Pointer, weightGradient.Pointer, inputGradient.Pointer, grid)),
            ceilings.Bytes(2 * inputBytes + outputBytes + 2 * weightBytes), new Work(ceilings.Products, 3 * products));
        yield return new Timing("field_loss", $"{n * perceptron.Outputs:N0}", clock.Milliseconds(() => _launches.FieldLoss(n, perceptron.Outputs, outputs.Pointer, targets.Pointer, sampleWeights.Pointer, outputs.Pointer, parts.Pointer)),
            ceilings.Bytes(3 * outputBytes + Number * n));
    }

    /// <summary>Adam on as many numbers as a table has.</summary>
    public Timing Adam(int count)
    {
        using var parameters = Memories.Random(device, _random, count, 1);
        using var gradient = Memories.Random(device, _random, count, 1);
        using var first = Memories.Random(device, _random, count, 1);
        using var second = Memories.Random(device, _random, count, 0.5f, 0.5f);
        var milliseconds = clock.Milliseconds(() => _launches.Adam(new AdamStep(10, 1e-2), count, parameters.Pointer, gradient.Pointer, first.Pointer, second.Pointer));
        return new Timing("adam", $"{count:N0}", milliseconds, ceilings.Bytes(8 * Number * count));
    }

    /// <summary>Sampling at random places, warping by a few voxels.</summary>
    public IEnumerable<Timing> Volumes()
    {
        var (n, edge) = (sizes.Positions, sizes.VolumeEdge);
        var shape = new Shape3(edge, edge, edge);
        var voxels = (int)shape.Count;
        using var volume = Memories.Random(device, _random, voxels, 1);
        using var positions = Memories.Random(device, _random, 3 * n, edge / 2f, edge / 2f);
        using var values = new CudaMemory(device, n);
        // Two neighbours along x are one read.
        var reads = ceilings.Reads(1, n / 2, 1, voxels);
        yield return new Timing("sample_trilinear", $"{edge}^3, {n:N0} at random", clock.Milliseconds(() => _launches.Sample(shape, n, volume.Pointer, positions.Pointer, values.Pointer)),
            ceilings.Bytes(Number * (4.0 * n + voxels)), new Work(reads, 4.0 * n));
        using var displacement = Memories.Random(device, _random, 3 * voxels, 2);
        using var result = new CudaMemory(device, voxels);
        yield return new Timing("warp_trilinear", $"{edge}^3, by up to 2 voxels", clock.Milliseconds(() => _launches.Warp(shape, volume.Pointer, displacement.Pointer, result.Pointer)),
            ceilings.Bytes(Number * 5 * voxels));
    }

    /// <summary>Rays through a cube, half of whose cells are marked.</summary>
    public IEnumerable<Timing> Rays()
    {
        var rays = sizes.Rays;
        var march = new RayMarch(new Shape3(sizes.OccupancyEdge, sizes.OccupancyEdge, sizes.OccupancyEdge), new Position(1, 1, 1), 1.0 / sizes.RaySteps, 1, true);
        var places = new float[RayMarch.RayWidth * rays];
        for (var r = 0; r < rays; r++)
        {
            float[] ray = [-0.5f, _random.NextSingle(), _random.NextSingle(), 1, 0.1f * _random.NextSingle(), -0.1f * _random.NextSingle(), 0, 9];
            ray.CopyTo(places, RayMarch.RayWidth * r);
        }
        var words = new uint[march.Words];
        foreach (ref var word in words.AsSpan())
            word = (uint)_random.NextInt64(1L << 32);
        using var ray8 = new CudaMemory(device, places);
        using var occupancy = new CudaMemory(device, words);
        using var countMemory = new CudaMemory(device, rays);
        var rayBytes = Number * RayMarch.RayWidth * rays;
        var size = $"{rays:N0} rays of up to {sizes.RaySteps} steps";
        yield return new Timing("count_samples", size, clock.Milliseconds(() => _launches.CountSamples(march, rays, occupancy.Pointer, ray8.Pointer, countMemory.Pointer)),
            ceilings.Bytes(rayBytes + Number * (march.Words + rays)));
        var counts = new float[rays];
        countMemory.Read(counts);
        var begins = RayMarch.Offsets(MemoryMarshal.Cast<float, int>(counts));
        var n = begins[rays];
        size = $"{rays:N0} rays, {n:N0} samples";
        using var offsets = new CudaMemory(device, begins);
        using var positions = new CudaMemory(device, 3 * n);
        using var samples = new CudaMemory(device, 2 * n);
        using var densities = Memories.Random(device, _random, n, 1, 1);
        using var emissions = Memories.Random(device, _random, n, 1);
        using var images = Memories.Random(device, _random, 3 * rays, 1);
        using var densityGradient = new CudaMemory(device, n);
        using var emissionGradient = new CudaMemory(device, n);
        var offsetBytes = Number * (rays + 1);
        yield return new Timing("march_rays", size, clock.Milliseconds(() => _launches.MarchRays(march, rays, occupancy.Pointer, ray8.Pointer, offsets.Pointer, positions.Pointer, samples.Pointer)),
            ceilings.Bytes(rayBytes + Number * march.Words + offsetBytes + 5 * Number * n));
        yield return new Timing("composite", size, clock.Milliseconds(() => _launches.Composite(rays, offsets.Pointer, samples.Pointer, densities.Pointer, emissions.Pointer, 1, images.Pointer)),
            ceilings.Bytes(offsetBytes + Number * (4.0 * n + 3 * rays)));
        yield return new Timing("composite_backward", size, clock.Milliseconds(() => _launches.CompositeBackward(rays, offsets.Pointer, samples.Pointer, densities.Pointer, emissions.Pointer, 1, images.Pointer, densityGradient.Pointer, emissionGradient.Pointer)),
            ceilings.Bytes(offsetBytes + Number * (6.0 * n + 3 * rays)));
        yield return new Timing("integrate", size, clock.Milliseconds(() => _launches.Integrate(rays, offsets.Pointer, samples.Pointer, densities.Pointer, images.Pointer)),
            ceilings.Bytes(offsetBytes + Number * (3.0 * n + rays)));
        yield return new Timing("integrate_backward", size, clock.Milliseconds(() => _launches.IntegrateBackward(rays, offsets.Pointer, samples.Pointer, images.Pointer, densityGradient.Pointer)),
            ceilings.Bytes(offsetBytes + Number * (3.0 * n + rays)));
        var cells = (int)march.Cells.Count;
        using var found = Memories.Random(device, _random, cells, 1);
        using var known = Memories.Random(device, _random, cells, 1);
        yield return new Timing("update_occupancy", $"{cells:N0} cells", clock.Milliseconds(() => _launches.UpdateOccupancy(cells, 0.95f, 0.1f, found.Pointer, known.Pointer, occupancy.Pointer)),
            ceilings.Bytes(Number * (3.0 * cells + march.Words)));
    }

    /// <summary>What a training does between the kernels of the field and of rays.</summary>
    public IEnumerable<Timing> Training()
    {
        var (n, rays, edge) = (sizes.Batch, sizes.Rays, sizes.VolumeEdge);
        var output = new FieldOutput(1, 2, 0, 1);
        using var numbers = Memories.Random(device, _random, 2 * n, 1);
        using var values = Memories.Random(device, _random, n, 1);
        using var emissions = Memories.Random(device, _random, n, 1);
        yield return new Timing("activate", $"{n:N0}, with emission", clock.Milliseconds(() => _launches.Activate(n, numbers.Pointer, values.Pointer, emissions.Pointer, output)), ceilings.Bytes(Number * 4.0 * n));
        yield return new Timing("activate_backward", $"{n:N0}, with emission", clock.Milliseconds(() => _launches.ActivateBackward(n, values.Pointer, emissions.Pointer, numbers.Pointer, output)), ceilings.Bytes(Number * 6.0 * n));
        using var targets = Memories.Random(device, _random, rays, 1);
        using var seen = Memories.Random(device, _random, 3 * rays, 1);
        using var parts = new CudaMemory(device, CudaLaunches.LossParts(rays));
        var images = new RayObservations(new RayMarch(new Shape3(1, 1, 1), new Position(1, 1, 1), 1), [], [], [], IsEmission: true, IsMean: false, 0, 1, 1);
        yield return new Timing("ray_loss", $"{rays:N0} images", clock.Milliseconds(() => _launches.RayLoss(images, rays, targets.Pointer, targets.Pointer, targets.Pointer, seen.Pointer, parts.Pointer)), ceilings.Bytes(Number * 5.0 * rays));
        var shape = new Shape3(edge, edge, edge);
        using var volume = Memories.Random(device, _random, (int)shape.Count, 1);
        using var voxelWeights = Memories.Random(device, _random, (int)shape.Count, 1);
        using var positions = new CudaMemory(device, 3 * n);
        var voxel = new Position(1.0 / edge, 1.0 / edge, 1.0 / edge);
        var draw = new TargetDraw(shape, new Position(voxel.Z / 2, voxel.Y / 2, voxel.X / 2), voxel, 0, 1, 1, 1);
        // Four lines of a volume, and a weight.
        var reads = ceilings.Reads(1, n / 2, 1, (int)shape.Count);
        yield return new Timing("draw_target", $"{edge}^3, {n:N0} at random", clock.Milliseconds(() => _launches.DrawTarget(draw, n, volume.Pointer, voxelWeights.Pointer, positions.Pointer, values.Pointer, emissions.Pointer)),
            ceilings.Bytes(Number * 6.0 * n), new Work(reads, 5.0 * n));
    }

    /// <summary>The surface of a smooth volume.</summary>
    public IEnumerable<Timing> Surface()
    {
        var edge = sizes.VolumeEdge;
        var cut = new SurfaceCut(new Shape3(edge, edge, edge), new VoxelSize(1, 1, 1), default, 0, false);
        var (voxels, rows) = (edge * edge * edge, edge * edge);
        var wave = new float[voxels];
        for (var i = 0; i < voxels; i++)
            wave[i] = MathF.Sin(0.3f * (i % edge)) + MathF.Sin(0.25f * (i / edge % edge)) + MathF.Sin(0.2f * (i / edge / edge));
        using var volume = new CudaMemory(device, wave);
        using var cases = new CudaMemory(device, Meshing.CubeCases.Table);
        using var crossings = new CudaMemory(device, 2 * rows);
        using var corners = new CudaMemory(device, 2 * rows);
        var size = $"{edge}^3";
        yield return new Timing("count_crossings", size, clock.Milliseconds(() => _launches.CountCrossings(cut, volume.Pointer, crossings.Pointer)), ceilings.Bytes(Number * (voxels + 2.0 * rows)));
        yield return new Timing("count_triangles", size, clock.Milliseconds(() => _launches.CountTriangles(cut, volume.Pointer, cases.Pointer, corners.Pointer)), ceilings.Bytes(Number * (voxels + 2.0 * rows)));
        var (vertices, vertexCount) = Starts(crossings, rows, 2);
        var (begins, cornerCount) = Starts(corners, (edge - 1) * (edge - 1), 1);
        using var starts = new CudaMemory(device, vertices);
        using var cubeStarts = new CudaMemory(device, begins);
        using var positions = new CudaMemory(device, 3 * vertexCount);
        using var normals = new CudaMemory(device, 3 * vertexCount);
        using var edges = new CudaMemory(device, 3 * voxels);
        using var triangles = new CudaMemory(device, cornerCount);
        yield return new Timing("write_crossings", $"{size}, {vertexCount:N0} vertices", clock.Milliseconds(() => _launches.WriteCrossings(cut, volume.Pointer, starts.Pointer, positions.Pointer, normals.Pointer, edges.Pointer)),
            ceilings.Bytes(Number * (voxels + 7.0 * vertexCount)));
        yield return new Timing("write_triangles", $"{size}, {cornerCount / 3:N0} triangles", clock.Milliseconds(() => _launches.WriteTriangles(cut, volume.Pointer, cases.Pointer, edges.Pointer, cubeStarts.Pointer, triangles.Pointer, positions.Pointer)),
            ceilings.Bytes(Number * (voxels + vertexCount + (double)cornerCount)));
    }

    /// <summary>Sums before each count of the first kinds of a row; a smooth surface has no centre vertices.</summary>
    private static (int[] Starts, int Total) Starts(CudaMemory counted, int rows, int kinds)
    {
        var read = new float[2 * rows];
        counted.Read(read);
        var (counts, sum) = (MemoryMarshal.Cast<float, int>(read).ToArray(), 0);
        for (var i = 0; i < counts.Length; i++)
            (counts[i], sum) = i % 2 < kinds ? (sum, sum + counts[i]) : (0, sum);
        return (counts, sum);
    }
}
