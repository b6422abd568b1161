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

    /// <summary>For every length of a run of missing sections: what is to be expected, how sharp samples have to be, and what error to expect.</summary>
    private void Judge(CancellationToken cancellation)
    {
        var window = Middle();
        foreach (var length in _missing.Runs.Select(r => r.Count).Distinct().Where(n => n <= _held.End - _held.First))
        {
            int[] starts = [.. Enumerable.Range(_held.First, _held.End - _held.First - length + 1)];
            var count = Math.Min(MostJudged, starts.Length);
            var judged = Enumerable.Range(0, count).Select(i => starts[(2 * i + 1) * starts.Length / (2 * count)])
                .Select(start => (Gap: GapAbout(start, length), Box: window with { Z = start, Shape = window.Shape with { Z = length } }))
                .Select(j => (j.Gap, j.Box, Truth: _stack.Crop(j.Box), Said: Said(j.Gap, j.Box))).ToArray();
            float[] truth = [.. judged.SelectMany(j => j.Truth.Data)];
            var trust = new Trust(MemberWeights.Fit([.. Enumerable.Range(Line, Networks + 1).Select(member => judged.SelectMany(j => j.Said[member].Data).ToArray())], truth, MostClasses));
            var skeletons = judged.Select(j => Expected(trust, j.Said)).ToArray();
            trust = trust with { Temperature = _configuration.Sampling.Temperature ?? Sharpness.Temperature(Detail, judged.Average(j => Sharpness.Of(j.Truth, null, cancellation)), 0, MostTemperature) };
            var samples = judged.Select((j, i) => Samples(trust, j.Gap, j.Box, skeletons[i], Members, null, cancellation)).ToArray();
            float[][] said = [.. Members.Select(m => samples.SelectMany(s => s[m].Data).ToArray())];
            float[] expected = [.. skeletons.SelectMany(v => v.Data)];
            var (mean, spread) = (samples.SelectMany(s => MeanOf(s).Data).ToArray(), new float[truth.Length]);
            MemberWeights.Spread(said, spread);
            var share = MemberWeights.Share(expected, mean, truth);
            Mix(expected, mean, share);
            _trust[length] = trust with { MeanShare = share, Errors = SpreadModel.Fit(spread, expected, truth) };

            double Detail(double temperature) => judged.Select((j, i) =>
                Sharpness.Of(Samples(trust with { Temperature = temperature }, j.Gap, j.Box, skeletons[i], [0], null, cancellation)[0], null, cancellation)).Average();
        }
    }

    private Box Middle()
    {
        var (height, width) = (Math.Min(_configuration.Tile, _stack.Shape.Y), Math.Min(_configuration.Tile, _stack.Shape.X));
        return new Box(0, (_stack.Shape.Y - height) / 2, (_stack.Shape.X - width) / 2, new Shape3(1, height, width));
    }
}
