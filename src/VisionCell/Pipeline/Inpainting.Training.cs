using System.Numerics.Tensors;
using VisionCell.Augmentation;
using VisionCell.Diffusion;
using VisionCell.Learning;
using VisionCell.Reconstruction;
using VisionCell.Runs;
using VisionCell.SuperResolution;
using VisionCell.Volumes;

namespace VisionCell.Pipeline;

/// <content>Tuning of the networks, and what is measured on sections held out.</content>
public sealed partial class Inpainting
{
    private void Tune(TrainingOptions options)
    {
        var observed = _dense.Observed;
        var shown = _dense with { Observed = With(observed, HeldOut) };
        var examples = StackExamples.Of(_standardisation.Apply(observed), shown, _configuration.IntensityJitter, _precision.Device, [.. _missing.Runs.Select(r => r.Count + 1)]);
        var priors = NetworkPrior<GapConfiguration>.Unknowing(options.Prior, observed);
        var diffusion = NetworkPrior<DiffusionConfiguration>.Unknowing(options.DiffusionPrior, observed);
        try
        {
            if (priors.Count == 0)
                throw new KnownSpecimenException("gap", "--prior");
            if (diffusion.Count == 0)
                throw new KnownSpecimenException("diffusion", "--diffusion-prior");
            var phases = new TrainingPhases(options, TimeSpan.FromMinutes(_configuration.DefaultMinutes), priors.Count / (priors.Count + 1.0), priors.Count, 1);
            var identity = $"{ContentHash.Of(observed)} {string.Join(',', shown.Observed.Unobserved.Order())}";
            for (var i = 0; examples is not null && i < priors.Count; i++)
            {
                using var before = priors[i];
                priors[i] = before with { Weights = GapAdaptation.Run(before, examples, _precision, identity, i == 0 ? phases.First : phases.Further(i - 1, before.Name), 0) };
            }
            _regression = new GapFill(_precision, GapSymmetries.Each(priors.Count), priors);
            // The residual that is modelled is that of networks without symmetries, in training as here.
            using var plain = new GapFill(_precision, 1, priors);
            var tuning = examples is null ? null : new DiffusionTuning(examples, plain, _precision);
            var prior = tuning?.Best(diffusion) ?? diffusion[0];
            _weights = tuning?.Run(prior, identity, phases.Further(priors.Count - 1, prior.Name), 0) ?? prior.Weights.To(_precision.Device);
            var (network, weights) = (new DiffusionNetwork(prior.Configuration, _precision.Compute), _weights);
            _sampling = temperature => new GapSampling(network, weights, _precision, _standardisation, _configuration.Sampling with { Temperature = temperature }, options.Seed);
        }
        finally
        {
            foreach (var prior in priors)
                prior.Dispose();
            foreach (var prior in diffusion)
                prior.Dispose();
        }
    }

    /// <summary>The stack with further sections marked as not observed.</summary>
    private static Volume<float> With(Volume<float> stack, IEnumerable<int> unobserved) => new(
        stack.Data, stack.Shape, stack.VoxelSize, stack.Origin, stack.Provenance with { Sections = new SectionLayout(stack.Shape.Z, stack.SectionPositions, stack.Unobserved.Concat(unobserved)) });

    /// <summary>The longest run of whole sections in the middle third, as long as can be spared.</summary>
    private (int First, int End) Held()
    {
        var wanted = (int)(_configuration.HeldShare * _stack.Shape.Z);
        var best = (First: 0, End: 0);
        for (int z = _stack.Shape.Z / 3, from = z; z < 2 * _stack.Shape.Z / 3; z++)
        {
            if (!_dense.IsObserved(z))
                from = z + 1;
            else if (z + 1 - from > best.End - best.First && z + 1 - from <= wanted)
                best = (from, z + 1);
        }
        return best.End - best.First >= FewestHeld ? best : (0, 0);
    }

    /// <summary>For every length of a run of missing sections, and every noise: what is to be expected, how sharp samples have to be, and what error to expect.</summary>
    private void Judge(TrainingOptions options)
    {
        foreach (var runs in _missing.Runs.GroupBy(r => r.Count))
        {
            var judged = runs.Key <= _held.End - _held.First ? Judged(runs.Key) : [];
            var noisy = runs.Where(r => _missing.IsNoisy(r.First)).ToArray();
            if (judged.Length == 0 && noisy.Length > 0)
                throw new BadInputException($"sections {noisy[0].First} to {noisy[0].First + noisy[0].Count - 1}: too few whole sections lie one behind the other in the middle third of the stack to tell how noisy these are; take them for missing");
            if (judged.Length == 0)
                continue;
            var weights = MemberWeights.Fit([.. Enumerable.Range(Line, Networks + 1).Select(member => judged.SelectMany(j => j.Said[member].Data).ToArray())], [.. judged.SelectMany(j => j.Truth.Data)], MostClasses);
            if (noisy.Length < runs.Count())
                _trust[(runs.Key, "")] = Measured(judged, weights, null, options);
            foreach (var run in noisy)
            {
                FindNoise(run, judged, weights, options.Notice);
                if (!_trust.ContainsKey(Kind(run.First, run.Count)))
                    _trust[Kind(run.First, run.Count)] = Measured(judged, weights, NoiseOf(run.First, run.Count), options);
            }
        }
    }

    /// <summary>Held-out sections as if they were missing, so many in a row.</summary>
    private HeldRun[] Judged(int length)
    {
        var window = Middle();
        int[] starts = [.. Enumerable.Range(_held.First, _held.End - _held.First - length + 1)];
        var count = Math.Min(MostJudged, starts.Length);
        return [.. Enumerable.Range(0, count).Select(i => starts[(2 * i + 1) * starts.Length / (2 * count)])
            .Select(start => (Gap: GapAbout(start, length), Box: window with { Z = start, Shape = window.Shape with { Z = length } }))
            .Select(j => new HeldRun(j.Gap, j.Box, _stack.Crop(j.Box), Said(j.Gap, j.Box)))];
    }

    /// <summary>What a section differs by from what is expected, beyond what whole sections do, is its noise.</summary>
    private void FindNoise((int First, int Count) run, HeldRun[] judged, MemberWeights weights, Action<string>? notice)
    {
        var box = Middle() with { Z = run.First };
        box = box with { Shape = box.Shape with { Z = run.Count } };
        var (trust, noisy) = (new Trust(weights, weights), _stack.Crop(box));
        var expected = Expected(trust, Said(GapAbout(run.First, run.Count), box));
        var held = judged.Select(j => (j.Truth, Expected: Expected(trust, j.Said))).ToArray();
        for (var t = 0; t < run.Count; t++)
        {
            var own = Variance(noisy.Section(t), expected.Section(t)) - held.Average(h => Variance(h.Truth.Section(t), h.Expected.Section(t)));
            _noise[run.First + t] = Math.Round(Math.Sqrt(Math.Max(0, own)), 2);
            notice?.Invoke(FormattableString.Invariant($"section {run.First + t}: noise of {_noise[run.First + t]} grey values beyond that of whole sections"));
        }

        static double Variance(ReadOnlySpan<float> seen, ReadOnlySpan<float> expected)
        {
            var difference = new float[seen.Length];
            TensorPrimitives.Subtract(seen, expected, difference);
            var mean = TensorPrimitives.Average<float>(difference);
            return TensorPrimitives.SumOfSquares<float>(difference) / seen.Length - mean * mean;
        }
    }

    /// <summary>How sharp samples have to be, what the result is made of, and what error to expect of it.</summary>
    private Trust Measured(HeldRun[] judged, MemberWeights weights, double[]? noise, TrainingOptions options)
    {
        float[] truth = [.. judged.SelectMany(j => j.Truth.Data)];
        var trust = new Trust(weights, weights, Noise: noise);
        var skeletons = judged.Select(j => Expected(trust, j.Said)).ToArray();
        if (noise is null)
            trust = trust with { Temperature = _configuration.Sampling.Temperature ?? Sharpness.Temperature(Detail, judged.Average(j => Sharpness.Of(j.Truth, null, options.Cancellation)), 0, MostTemperature) };
        var known = judged.Select(j => noise is null ? null : Noisy(j, noise, options.Seed)).ToArray();
        var samples = judged.Select((j, i) => Samples(trust, j.Gap, j.Box, skeletons[i], Members, known[i], options.Cancellation)).ToArray();
        var results = judged.Select((_, i) => Results(skeletons[i], samples[i], trust, known[i])).ToArray();
        float[][] members = [.. Enumerable.Range(0, results[0].Length).Select(m => results.SelectMany(r => r[m]).ToArray())];
        var (result, mean, spread) = (MemberWeights.Fit(members, truth, 1), new float[truth.Length], new float[truth.Length]);
        result.Combine(members, mean);
        MemberWeights.Spread([.. Members.Select(m => samples.SelectMany(s => s[m].Data).ToArray())], spread);
        return trust with { Result = result, Errors = SpreadModel.Fit(spread, mean, truth) };

        double Detail(double temperature) => judged.Select((j, i) =>
            Sharpness.Of(Samples(trust with { Temperature = temperature }, j.Gap, j.Box, skeletons[i], [0], null, options.Cancellation)[0], null, options.Cancellation)).Average();
    }

    /// <summary>Held-out sections with white noise added.</summary>
    private static Volume<float> Noisy(HeldRun run, double[] noise, int seed)
    {
        var noisy = run.Truth.Map(v => v);
        for (var t = 0; t < noise.Length; t++)
        {
            var added = new float[noisy.Shape.SectionCount];
            new CounterRandom((ulong)(uint)seed).Stream((ulong)(run.Box.Z + t)).Normal(added);
            TensorPrimitives.MultiplyAdd(added, (float)noise[t], noisy.Section(t), noisy.Section(t));
        }
        return noisy;
    }

    private Box Middle()
    {
        var (height, width) = (Math.Min(_configuration.Tile, _stack.Shape.Y), Math.Min(_configuration.Tile, _stack.Shape.X));
        return new Box(0, (_stack.Shape.Y - height) / 2, (_stack.Shape.X - width) / 2, new Shape3(1, height, width));
    }

    /// <summary>A run of held-out sections.</summary>
    /// <param name="Gap">The gap that it would leave.</param>
    /// <param name="Box">Where it lies.</param>
    /// <param name="Truth">What is there.</param>
    /// <param name="Said">What the straight line, the linear filter and the networks say of it.</param>
    private sealed record HeldRun(StackGap Gap, Box Box, Volume<float> Truth, Volume<float>[] Said);
}
