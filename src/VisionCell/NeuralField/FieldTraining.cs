using VisionCell.Acquisition;
using VisionCell.Kernels;
using VisionCell.Runs;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>How far a training is.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Loss">Mean squared error of the last batch, in units of the field's scale.</param>
/// <param name="HeldOutError">Mean squared error of the section that is kept out, at the last look; null before, and where none is.</param>
public readonly record struct FieldProgress(int Step, int Steps, double Loss, double? HeldOutError = null);

/// <summary>
/// Fits a field to views, to sections, or to both, and to a target beside them. Every observation is a ray: that of a pixel through the whole field, that of a voxel of
/// a section through its thickness along z, so that a section counts as what it is, the mean over its thickness. Absorption: line
/// integrals (NAF, arXiv:2209.14540); emission: the volume rendering integral (NeRF, arXiv:2003.08934). The same configuration, data and
/// kernels of a processor give the same bits, resumed from a checkpoint or not.
/// </summary>
public sealed partial class FieldTraining
{
    private readonly HashField _field;
    private readonly FieldTrainingConfiguration _configuration;
    private readonly ViewSet? _views;
    private readonly SectionRays? _sections;
    private readonly OccupancyGrid _occupancy;
    private readonly double _threshold;
    private readonly string _identity;
    private int _steps;

    /// <summary>Prepares a training.</summary>
    /// <param name="field">The field; trained in place. See <see cref="NewField"/>.</param>
    /// <param name="configuration">How.</param>
    /// <param name="views">Posed views, or null.</param>
    /// <param name="sections">Sections in the field's unit, or null.</param>
    /// <param name="target">What another method made of the specimen, or null.</param>
    /// <exception cref="BadInputException">There is nothing to learn from, sections or target reach outside the field, or views of emission have a field without.</exception>
    public FieldTraining(HashField field, FieldTrainingConfiguration configuration, ViewSet? views, SparseVolume? sections = null, FieldTarget? target = null)
    {
        (_field, _configuration, _views, _target) = (field, configuration.Validated(), views, target?.Validated(field));
        _steps = configuration.Steps;
        if (views is null && sections is null)
            throw new BadInputException("field training: neither views nor sections were given");
        if (views?.Kind == ViewKind.Emission && (!field.Configuration.Emits || field.Configuration.Activation == FieldActivation.Linear || field.Offset != 0))
            throw new BadInputException("field training: views of emission need a field that emits, with an activation that is never negative and offset 0; FieldTraining.NewField makes one");
        _sections = sections is null ? null : new SectionRays(field, sections, holdOut: configuration.Looks > 0);
        if (target is not null)
            HideHeldOut(_targetWeights = target.Weights());
        var voxel = field.VoxelSize;
        var step = configuration.StepVoxels * Math.Min(voxel.Z, Math.Min(voxel.Y, voxel.X));
        _occupancy = new OccupancyGrid(field, step);
        // Emission: what stops a hundredth of the light in a step (arXiv:2201.05989, appendix E.2). Absorption: a hundredth of the scale.
        _threshold = views?.Kind == ViewKind.Emission ? 0.01 / step : 0.01 * field.Scale;
        _identity = ContentHash.Combine(Configuration.ToJson(configuration), Configuration.ToJson(field.Configuration), views?.Identity() ?? "", sections is null ? "" : ContentHash.Of(sections.Observed) + sections.Sampling,
            target is null ? "" : ContentHash.Of(target.Values) + (target.ExpectedError is { } error ? ContentHash.Of(error) : ""));
    }

    /// <summary>Steps done.</summary>
    public int Steps { get; private set; }

    /// <summary>Share of the field's cells that rays do not skip.</summary>
    public double OccupiedShare => _occupancy.Share;

    /// <summary>
    /// Makes a field that suits what it will be trained on. Of projections a specimen that fills the box (tissue in a tilt series) is
    /// told about its mean; one that does not is never negative, and rays come to skip the empty space around it.
    /// </summary>
    /// <param name="configuration">Grid, widths, rates; activation and emission are chosen here.</param>
    /// <param name="bounds">The box, nm; views see nothing outside it.</param>
    /// <param name="voxelSize">The finest detail wanted, nm.</param>
    /// <param name="views">Posed views, or null.</param>
    /// <param name="sections">Sections, or null; with them the value has their unit, and may have any sign.</param>
    /// <param name="seed">Of the first weights.</param>
    /// <param name="kernels">What computes; all cores of this processor where none is given.</param>
    public static HashField NewField(HashFieldConfiguration configuration, FieldBounds bounds, VoxelSize voxelSize, ViewSet? views, SparseVolume? sections = null, int seed = 1, IFieldKernels<float>? kernels = null)
    {
        if (views?.Kind == ViewKind.Emission)
        {
            // At first about a third of the light passes the box.
            return new HashField(configuration with { Activation = FieldActivation.Exponential, Emits = true }, bounds, voxelSize, 0, 1 / bounds.LongestEdge, seed, kernels);
        }
        if (sections is not null)
        {
            var (mean, deviation) = SectionRays.Moments(sections);
            return new HashField(configuration with { Activation = FieldActivation.Linear, Emits = false }, bounds, voxelSize, mean, deviation, seed, kernels);
        }
        if (views is not null && FullBox.Density(bounds, views) is { } density)
        {
            // What varies is about a quarter of what is everywhere; of a field that begins at 0 the first hundred steps would only find that.
            return new HashField(configuration with { Activation = FieldActivation.Linear, Emits = false }, bounds, voxelSize, density, density / 4, seed, kernels);
        }
        var most = 0f;
        for (var view = 0; view < (views?.Count ?? 0); view++)
            most = Math.Max(most, System.Numerics.Tensors.TensorPrimitives.Max(views!.Image(view)));
        return new HashField(configuration with { Activation = FieldActivation.Softplus, Emits = false }, bounds, voxelSize, 0, most / bounds.LongestEdge, seed, kernels);
    }

    /// <summary>Trains to the end.</summary>
    /// <param name="checkpoint">File that the state is kept in, and gone on from where it is there; null for none.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Ends the training after a step; what it has reached is in the checkpoint.</param>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    /// <exception cref="BadInputException">The checkpoint is of another training, or the error is not a number.</exception>
    public void Run(string? checkpoint = null, IProgress<FieldProgress>? progress = null, CancellationToken cancellation = default)
    {
        if (checkpoint is not null && File.Exists(checkpoint))
            Restore(checkpoint);
        using (_field.Reside())
        {
            if (_target is not null)
                _field.Session?.Target(_target.Values.Data, _targetWeights);
            TakeSteps(checkpoint, progress, cancellation);
        }
        TakeBest();
    }

    private void TakeSteps(string? checkpoint, IProgress<FieldProgress>? progress, CancellationToken cancellation)
    {
        while (Steps < _steps && !IsOver)
        {
            if (cancellation.IsCancellationRequested)
            {
                if (checkpoint is not null)
                    Save(checkpoint);
                cancellation.ThrowIfCancellationRequested();
            }
            var loss = Step();
            if (_configuration.Looks > 0 && (long)Steps * _configuration.Looks / _steps != (Steps - 1L) * _configuration.Looks / _steps)
                Look();
            progress?.Report(new FieldProgress(Steps, _steps, loss, HeldOutErrors.Count > 0 ? HeldOutErrors[^1] : null));
            if (checkpoint is not null && (Steps % _configuration.CheckpointSteps == 0 || Steps == _steps || IsOver))
                Save(checkpoint);
        }
    }

    /// <summary>Ends the training sooner than configured, while the learning rate is still that of its beginning.</summary>
    /// <param name="steps">Steps in all.</param>
    /// <exception cref="InvalidOperationException">The rate falls already.</exception>
    public void Shorten(int steps)
    {
        if (Steps > _configuration.DecayFrom * steps)
            throw new InvalidOperationException($"{Steps} steps are done: too late to end after {steps}");
        _steps = Math.Min(_steps, steps);
    }

    /// <summary>One step of Adam on a batch of rays.</summary>
    /// <returns>Mean squared error of the batch before the step, in units of the field's scale, and the part of the variation.</returns>
    public double Step()
    {
        // A generator of its own for every step: a training that goes on from a checkpoint needs no state of one.
        var random = new Random(HashCode(_configuration.Seed, Steps));
        if (SkipsEmptySpace && Steps >= _configuration.WarmUpSteps && (Steps - _configuration.WarmUpSteps) % _configuration.OccupancySteps == 0)
            _occupancy.Update(_threshold, random);
        var loss = 0.0;
        if (_views is not null)
            loss += Learn(PixelRays.Draw(_field, _views, _configuration.Pixels, random), random, _configuration.ViewWeight);
        if (_sections is not null)
            loss += Learn(_sections.Draw(_configuration.Voxels, random), random, SectionShare);
        if (_target is not null)
            loss += Follow(random);
        if (_configuration.VariationWeight > 0)
            loss += Flatten(random);
        if (!double.IsFinite(loss))
        {
            _field.Forget();
            throw new BadInputException("field training: the error is not a number; the learning rate is too high, or the views are not of this field");
        }
        var done = (double)Steps / _steps;
        var late = Math.Max(0, done - _configuration.DecayFrom) / Math.Max(1e-9, 1 - _configuration.DecayFrom);
        var levels = _field.Configuration.Grid.Levels;
        // The coarser half is open from the beginning.
        var open = done < _configuration.CoarseShare ? levels / 2 + (int)(done / _configuration.CoarseShare * (levels - levels / 2)) : levels;
        _field.Update(Math.Pow(_configuration.LastRate, late), open);
        Steps++;
        return loss;
    }

    /// <summary>Share of the sections in the error of sections and target, so that a place of the target counts its weight beside a voxel of a section.</summary>
    private double SectionShare => _target is null ? 1 : _configuration.Voxels / (_configuration.Voxels + _configuration.TargetWeight * _configuration.TargetSamples);

    /// <summary>A field of any sign has no empty space.</summary>
    private bool SkipsEmptySpace => _views is not null && _configuration.OccupancySteps > 0 && _field.Configuration.Activation != FieldActivation.Linear && _field.Offset == 0;

    private double Learn(RayBatch batch, Random random, double weight)
    {
        if (_field.Session is { } session)
        {
            var (steps, occupied) = _occupancy.Marching((uint)random.Next(), everywhere: batch.IsSection || !SkipsEmptySpace);
            var isEmission = batch.Kind == ViewKind.Emission;
            var perUnit = isEmission ? 1 : batch.IsSection ? 1 / _field.Scale : 1 / (_field.Bounds.LongestEdge * _field.Scale);
            return session.Learn(new RayObservations(steps, occupied, batch.Rays, batch.Targets, isEmission, batch.IsSection, (float)(_views?.Background ?? 0), weight, perUnit), _field.Output);
        }
        var march = _occupancy.March(batch.Rays, (uint)random.Next(), everywhere: batch.IsSection || !SkipsEmptySpace);
        var (n, outputs) = (march.Count, _field.Outputs);
        var numbers = new float[n * outputs];
        var (values, emissions) = _field.Evaluate(march.Positions, numbers);
        var (valueGradient, emissionGradient) = (new float[n], new float[n]);
        var loss = batch.Kind == ViewKind.Emission
            ? Emission(batch, march, values, emissions, weight, valueGradient, emissionGradient)
            : Absorption(batch, march, values, weight, valueGradient);
        for (var i = 0; i < n; i++)
        {
            var number = numbers[i * outputs];
            numbers[i * outputs] = valueGradient[i] * _field.SlopeOf(number);
            if (outputs > 1)
                numbers[i * outputs + 1] = emissionGradient[i] * emissions[i] * (1 - emissions[i]);
        }
        _field.AddGradient(march.Positions, numbers);
        return loss;
    }

    private double Emission(RayBatch batch, RaySamples march, float[] values, float[] emissions, double weight, float[] valueGradient, float[] emissionGradient)
    {
        var (rays, background) = (batch.Targets.Length, (float)_views!.Background);
        var images = new float[3 * rays];
        _field.Backend.Composite(march.Offsets, march.Samples, values, emissions, background, images);
        var loss = 0.0;
        for (var r = 0; r < rays; r++)
        {
            var error = images[3 * r] - batch.Targets[r];
            loss += weight * error * error / rays;
            (images[3 * r], images[3 * r + 1], images[3 * r + 2]) = ((float)(2 * weight * error / rays), 0, 0);
        }
        _field.Backend.CompositeBackward(march.Offsets, march.Samples, values, emissions, background, images, valueGradient, emissionGradient);
        return loss;
    }

    private double Absorption(RayBatch batch, RaySamples march, float[] values, double weight, float[] valueGradient)
    {
        var rays = batch.Targets.Length;
        var integrals = new float[rays];
        _field.Backend.Integrate(march.Offsets, march.Samples, values, integrals);
        var loss = 0.0;
        for (var r = 0; r < rays; r++)
        {
            // A view's error is that of the mean over the longest edge, a section's that of the mean over its thickness within the field.
            var length = batch.IsSection ? march.LengthOf(r) : _field.Bounds.LongestEdge;
            var share = length > 0 ? 1 / (length * _field.Scale) : 0;
            var error = (integrals[r] - batch.Targets[r] * (batch.IsSection ? length : 1)) * share;
            loss += weight * error * error / rays;
            integrals[r] = (float)(2 * weight * error * share / rays);
        }
        _field.Backend.IntegrateBackward(march.Offsets, march.Samples, integrals, valueGradient);
        return loss;
    }

    private static int HashCode(int seed, int step) => unchecked((int)((uint)seed * 0x9E3779B1 ^ ((uint)step + 1) * 0x85EBCA6B));
}
