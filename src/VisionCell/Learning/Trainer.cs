using System.Diagnostics;
using System.Globalization;
using VisionCell.Runs;
using static TorchSharp.torch;

namespace VisionCell.Learning;

/// <summary>How any network of this library is optimised.</summary>
/// <param name="Name">Name of the checkpoint files.</param>
/// <param name="Identity">What the weights depend on (configuration, data, seed): a checkpoint of another identity is not continued.</param>
/// <param name="LearningRate">Highest learning rate; a cosine takes it to zero at the end of the budget.</param>
/// <param name="WarmUpSteps">Steps over which it rises from zero.</param>
/// <param name="WeightDecay">Decoupled weight decay.</param>
/// <param name="GradientNorm">Largest joint norm of the gradients.</param>
/// <param name="AverageDecay">Decay of the running average of the weights.</param>
/// <param name="DefaultBudget">Time where the options name none.</param>
/// <param name="Hidden">Names of the kernels that <see cref="Muon"/> updates; null where <see cref="AdamW"/> updates all.</param>
/// <param name="Pictures">What weights make of an example, for those who watch; null for nothing.</param>
/// <param name="Parts">Parts of a draw, drawn apart and computed side by side on the processor (<see cref="Replicas"/>); the loss is their mean.</param>
public sealed record TrainerSettings(
    string Name,
    string Identity,
    double LearningRate,
    int WarmUpSteps,
    double WeightDecay,
    double GradientNorm,
    double AverageDecay,
    TimeSpan DefaultBudget,
    Func<string, bool>? Hidden = null,
    Func<Weights, IReadOnlyList<TrainingPicture>>? Pictures = null,
    int Parts = 1);

/// <summary>
/// The training loop: AdamW, warm-up and cosine, gradient clipping, a running average of the weights, which is validated and of
/// which the best is kept, checkpoints, interruption and resumption. Every step draws its randomness from (seed, step) alone, so
/// that a resumed run continues as if it had not stopped. Several processes may share it (<see cref="SharedTraining"/>).
/// </summary>
public static class Trainer
{
    // A checkpoint is worth as much time as it saves: not more than one part in this many goes into them.
    private const int WorthOfCheckpoint = 50;
    private static readonly TimeSpan _shortestInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _longestInterval = TimeSpan.FromSeconds(60);
    private const int Validations = 25;

    /// <summary>Trains on what each step draws for itself (see the other overload).</summary>
    /// <param name="initial">Weights to start from; the trainer takes them over.</param>
    /// <param name="loss">Scalar loss of the weights at a step, drawn from the generator given.</param>
    /// <param name="validate">Gain over linear interpolation of the weights in dB, higher is better; null to keep the last weights.</param>
    /// <param name="settings">How to optimise.</param>
    /// <param name="options">Time or steps, seed, checkpoints, progress.</param>
    /// <exception cref="OperationCanceledException">Interrupted; the state was saved where there is a checkpoint folder.</exception>
    public static Weights Train(
        Weights initial,
        Func<Weights, Random, Tensor> loss,
        Func<Weights, double>? validate,
        TrainerSettings settings,
        TrainingOptions options) => Train(initial, random => random, loss, validate, settings, options);

    /// <summary>Trains and returns the averaged weights that validated best.</summary>
    /// <typeparam name="TExamples">What a step learns from.</typeparam>
    /// <param name="initial">Weights to start from; the trainer takes them over.</param>
    /// <param name="draw">Draws a step's examples from the generator given; runs beside the step before.</param>
    /// <param name="loss">Scalar loss of the weights on the examples of a step.</param>
    /// <param name="validate">Gain over linear interpolation of the weights in dB, higher is better; null to keep the last weights.</param>
    /// <param name="settings">How to optimise.</param>
    /// <param name="options">Time or steps, seed, checkpoints, progress.</param>
    /// <exception cref="OperationCanceledException">Interrupted; the state was saved where there is a checkpoint folder.</exception>
    public static Weights Train<TExamples>(
        Weights initial,
        Func<Random, TExamples> draw,
        Func<Weights, TExamples, Tensor> loss,
        Func<Weights, double>? validate,
        TrainerSettings settings,
        TrainingOptions options)
    {
        var shared = new SharedTraining(options);
        var budget = options.Budget ?? settings.DefaultBudget;
        var length = options.Steps is { } steps ? $"{steps} steps" : string.Create(CultureInfo.InvariantCulture, $"{budget.TotalSeconds:0.###} s");
        var checkpoint = options.CheckpointDirectory is { } folder ? new Checkpoint(folder, settings.Name, $"{settings.Identity} {length} seed {options.Seed}{shared.Identity}{(settings.Parts == 1 ? "" : $" parts {settings.Parts}")}") : null;
        if (checkpoint?.ReadFinal() is { } finished)
        {
            initial.Dispose();
            return finished;
        }

        using var weights = initial.Trainable(settings.Hidden is { } kernels ? Muon.Order(initial, kernels) : null);
        using var optimiser = settings.Hidden is { } hidden
            ? new Muon(weights, settings.WeightDecay, hidden, ComputePrecision.Best(options.Device).Compute)
            : new AdamW(weights, settings.WeightDecay);
        using var replicas = settings.Parts > 1 && weights.Values.device.type == TorchSharp.DeviceType.CPU ? new Replicas(weights, settings.Parts) : null;
        using var average = weights.Clone();
        using var best = weights.Clone();
        var state = checkpoint?.Resume(weights, average, best, optimiser) ?? new TrainingState(0, TimeSpan.Zero, double.NegativeInfinity, 0);

        shared.Meet(state.Step);
        var writes = shared.Leads ? checkpoint : null;
        var clock = Stopwatch.StartNew();
        var before = state.Elapsed;
        var elapsed = before;
        var (saved, interval) = (TimeSpan.Zero, _shortestInterval);
        var validated = (int)(Fraction() * Validations);
        var next = Drawn(state.Step);
        while (Fraction() < 1)
        {
            (var isInterrupted, elapsed) = shared.Agree(options.Cancellation.IsCancellationRequested, before + clock.Elapsed);
            if (isInterrupted)
            {
                writes?.Save(weights, average, best, optimiser, state with { Elapsed = elapsed });
                throw new OperationCanceledException($"training of {settings.Name} interrupted after {state.Step} steps" + (checkpoint is null ? "" : "; run it again to go on"), options.Cancellation);
            }
            var fraction = Fraction();
            var learningRate = settings.LearningRate * Math.Min(1, (state.Step + 1.0) / settings.WarmUpSteps) * (0.5 + 0.5 * Math.Cos(Math.PI * fraction));
            var examples = next.GetAwaiter().GetResult();
            next = Drawn(state.Step + 1);
            var value = Step(examples, state.Step, learningRate);
            if (!double.IsFinite(value))
                throw new InvalidOperationException($"training of {settings.Name} diverged at step {state.Step}; lower the learning rate ({settings.LearningRate})");
            (_, elapsed) = shared.Agree(false, before + clock.Elapsed);
            state = state with
            {
                Step = state.Step + 1,
                Elapsed = elapsed,
                Loss = state.Step == 0 ? value : 0.98 * state.Loss + 0.02 * value,
            };

            double? gain = null;
            var due = (int)(Fraction() * Validations) > validated || Fraction() >= 1;
            validated = (int)(Fraction() * Validations);
            if (due && shared.Leads && options.Snapshots is not null)
                options.Snapshots.Report(new TrainingSnapshot(state.Step, Values(average), settings.Pictures?.Invoke(average) ?? []));
            if (due && validate is not null)
            {
                gain = shared.FromLeader(() => validate(average));
                if (gain > state.BestGain)
                {
                    best.CopyFrom(average);
                    state = state with { BestGain = gain.Value };
                }
            }
            if (shared.Leads && (gain is not null || state.Step % 10 == 0))
                options.Progress?.Report(new TrainingProgress(state.Step, state.Elapsed, Math.Min(1, Fraction()), state.Loss, learningRate, gain));
            if (writes is not null && clock.Elapsed - saved > interval)
            {
                var start = clock.Elapsed;
                writes.Save(weights, average, best, optimiser, state);
                saved = clock.Elapsed;
                interval = TimeSpan.FromTicks(Math.Clamp(WorthOfCheckpoint * (saved - start).Ticks, _shortestInterval.Ticks, _longestInterval.Ticks));
            }
        }
        var result = (validate is null ? average : best).Clone();
        writes?.Finish(result, state);
        // What comes next may look for what was written.
        shared.Meet(state.Step);
        return result;

        double Fraction() => options.Steps is { } total ? state.Step / (double)total : elapsed / budget;

        Task<TExamples[][]> Drawn(int step) => Task.Run(() => shared.DrawsOf(step)
            .Select(number => Enumerable.Range(0, settings.Parts).Select(part => draw(new Random(StepSeed(options.Seed, number * settings.Parts + part)))).ToArray())
            .ToArray());

        double Step(TExamples[][] draws, int step, double learningRate)
        {
            using var scope = NewDisposeScope();
            weights.ZeroGradients();
            List<Tensor> values = [];
            var sum = 0.0;
            foreach (var parts in draws)
            {
                if (replicas is not null)
                {
                    sum += replicas.Run((part, replica) =>
                    {
                        using var own = NewDisposeScope();
                        return Backward(replica, parts[part]).Number();
                    }).Sum();
                    continue;
                }
                foreach (var part in parts)
                {
                    using var own = NewDisposeScope();
                    values.Add(Backward(weights, part).MoveToOuterDisposeScope());
                }
            }
            if (settings.Parts > 1)
                weights.Gradients.Scale(1.0 / settings.Parts);
            shared.AverageGradients(weights);
            weights.ClipGradients(settings.GradientNorm);
            optimiser.Step(step + 1, learningRate);
            // In the first steps the average forgets the random start faster.
            average.MoveTowards(weights, Math.Min(settings.AverageDecay, 1 - 1 / (0.1 * (step + 1) + 1)));
            // Read last: on a GPU that waits for all that is under way.
            return shared.AverageLoss((sum + values.Sum(value => value.Number())) / settings.Parts);
        }

        Tensor Backward(Weights of, TExamples examples)
        {
            var value = loss(of, examples);
            value.backward();
            return value.detach();
        }
    }

    private static Dictionary<string, float[]> Values(Weights weights)
    {
        using var scope = NewDisposeScope();
        return weights.Tensors.ToDictionary(t => t.Key, t => t.Value.detach().cpu().contiguous().data<float>().ToArray());
    }

    /// <summary>
    /// Seed of one step: the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014, doi:10.1145/2660193.2660195). HashCode.Combine
    /// would not do: it differs from process to process, and a resumed run is another process.
    /// </summary>
    internal static int StepSeed(int seed, int step)
    {
        var x = unchecked((((ulong)(uint)seed << 32) | (uint)step) + 0x9E3779B97F4A7C15);
        x = unchecked((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9);
        x = unchecked((x ^ (x >> 27)) * 0x94D049BB133111EB);
        return unchecked((int)(x ^ (x >> 31)));
    }
}

/// <summary>Where a training stands.</summary>
internal sealed record TrainingState(int Step, TimeSpan Elapsed, double BestGain, double Loss);
