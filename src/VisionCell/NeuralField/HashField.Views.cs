using VisionCell.Kernels;
using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <content>What a training on anything but values at positions needs: the perceptron's own numbers and their gradient.</content>
public sealed partial class HashField
{
    /// <summary>Numbers of the perceptron at a position: of the value, and of the emission where there is one.</summary>
    internal int Outputs => _perceptron.Outputs;

    /// <summary>The numbers at positions in units of the cube.</summary>
    internal void Numbers(ReadOnlySpan<float> cube, Span<float> outputs)
    {
        if (Session is null)
            _kernels.FieldForward(_grid, _perceptron, _table, _weights, cube, outputs);
        else
            Session.Forward(cube, outputs);
    }

    /// <summary>Adds the gradient of a loss with respect to these numbers to that of the next <see cref="Update"/>.</summary>
    internal void AddGradient(ReadOnlySpan<float> cube, ReadOnlySpan<float> outputGradient)
    {
        if (Session is null)
            _kernels.FieldBackward(_grid, _perceptron, _table, _weights, cube, outputGradient, Training.TableGradient, Training.WeightGradient);
        else
            Session.Backward(cube, outputGradient);
    }

    /// <summary>Adds the gradient of the mean of wₙ (valueₙ − targetₙ)², in units of the scale.</summary>
    /// <param name="cube"><c>[N, 3]</c>, in units of the cube.</param>
    /// <param name="targets"><c>[N]</c>, in units of the scale, above the offset.</param>
    /// <param name="sampleWeights">w, <c>[N]</c>; empty where all count 1.</param>
    /// <returns>The mean.</returns>
    internal double AddDistance(ReadOnlySpan<float> cube, ReadOnlySpan<float> targets, ReadOnlySpan<float> sampleWeights)
    {
        var n = targets.Length;
        if (IsPlain)
        {
            return Session is not null ? Session.Loss(cube, targets, sampleWeights) : _kernels.FieldLoss(_grid, _perceptron, _table, _weights, cube, targets, sampleWeights, Training.TableGradient, Training.WeightGradient);
        }
        var numbers = new float[n * Outputs];
        var (values, _) = Evaluate(cube, numbers);
        var loss = 0.0;
        for (var i = 0; i < n; i++)
        {
            var (difference, weight) = ((values[i] - Offset) / Scale - targets[i], sampleWeights.IsEmpty ? 1 : sampleWeights[i]);
            loss += weight * difference * difference / n;
            numbers[i * Outputs] = (float)(2 * weight * difference / (n * Scale) * SlopeOf(numbers[i * Outputs]));
            if (Outputs > 1)
                numbers[i * Outputs + 1] = 0;
        }
        AddGradient(cube, numbers);
        return loss;
    }

    /// <summary>One step of Adam along what was added.</summary>
    /// <param name="rate">Factor of the learning rates.</param>
    /// <param name="levels">How many levels of the grid learn, the coarsest first; the others stay as they are.</param>
    internal void Update(double rate, int levels = int.MaxValue)
    {
        var step = ++Training.Steps;
        var open = levels >= _grid.Levels.Length ? _table.Length : _grid.Levels[levels].Offset * _grid.Features;
        if (Session is not null)
        {
            Session.Update(new AdamStep(step, rate * Configuration.TableLearningRate), new AdamStep(step, rate * Configuration.WeightLearningRate), open);
            return;
        }
        _kernels.Adam(new AdamStep(step, rate * Configuration.TableLearningRate), _table.AsSpan(0, open), Training.TableGradient.AsSpan(0, open), Training.TableFirst.AsSpan(0, open), Training.TableSecond.AsSpan(0, open));
        Training.TableGradient.AsSpan(open).Clear();
        _kernels.Adam(new AdamStep(step, rate * Configuration.WeightLearningRate), _weights, Training.WeightGradient, Training.WeightFirst, Training.WeightSecond);
    }

    /// <summary>Drops what was added.</summary>
    internal void Forget()
    {
        Training.Forget();
        Session?.Forget();
    }

    /// <summary>The value that a number of the perceptron stands for.</summary>
    internal float ValueOf(float number) => (float)(Offset + Scale * FieldActivations.Value(Configuration.Activation, number));

    /// <summary>The field at positions in units of the cube.</summary>
    /// <param name="cube"><c>[N, 3]</c>.</param>
    /// <param name="numbers">Result, <c>[N, Outputs]</c>: what the perceptron gave.</param>
    /// <returns>The value and the emission of each; a field without emission shines with 1 everywhere.</returns>
    internal (float[] Values, float[] Emissions) Evaluate(ReadOnlySpan<float> cube, Span<float> numbers)
    {
        var n = cube.Length / 3;
        var (values, emissions) = (new float[n], new float[n]);
        Numbers(cube, numbers);
        for (var i = 0; i < n; i++)
        {
            values[i] = ValueOf(numbers[i * Outputs]);
            emissions[i] = Outputs > 1 ? FieldActivations.Sigmoid(numbers[i * Outputs + 1]) : 1;
        }
        return (values, emissions);
    }

    /// <summary>Change of the value with the number.</summary>
    internal float SlopeOf(float number) => (float)(Scale * FieldActivations.Slope(Configuration.Activation, number));

    /// <summary>A position in units of the cube.</summary>
    internal Position InCube(Position position) => new(
        (position.Z - Bounds.Lower.Z) / Bounds.LongestEdge,
        (position.Y - Bounds.Lower.Y) / Bounds.LongestEdge,
        (position.X - Bounds.Lower.X) / Bounds.LongestEdge);

    /// <summary>What computes.</summary>
    internal IFieldKernels<float> Backend => _kernels;

    /// <summary>Whether its value is the perceptron's only number, but for offset and scale.</summary>
    internal bool IsPlain => Outputs == 1 && Configuration.Activation == FieldActivation.Linear;

    /// <summary>What makes values of the perceptron's numbers.</summary>
    internal FieldOutput Output => new((uint)Configuration.Activation, (uint)Outputs, (float)Offset, (float)Scale);

    /// <summary>Where parameters stay while they are trained; null where that is here.</summary>
    internal IFieldSession? Session { get; private set; }

    /// <summary>Takes the parameters to where the kernels run, until what it returns is disposed.</summary>
    internal IDisposable Reside()
    {
        if (Session is null && _kernels is IFieldSessions elsewhere)
            Session = elsewhere.Open(_grid, _perceptron, State);
        return new Residence(this);
    }

    /// <summary>Copies here what is trained elsewhere.</summary>
    private void Fetch() => Session?.Read(State);

    private FieldState State => new(_table, _weights, Training.TableFirst, Training.TableSecond, Training.WeightFirst, Training.WeightSecond);

    /// <summary>Table and weights themselves.</summary>
    internal IEnumerable<float[]> Parameters()
    {
        Fetch();
        return [_table, _weights];
    }

    /// <summary>All that a training changes, by name.</summary>
    internal IEnumerable<(string Name, float[] Values)> TrainingState()
    {
        Fetch();
        return
        [
            ("table", _table), ("weights", _weights),
            ("table/first", Training.TableFirst), ("table/second", Training.TableSecond),
            ("weights/first", Training.WeightFirst), ("weights/second", Training.WeightSecond),
        ];
    }

    /// <summary>Goes on after so many updates, whose state was put into <see cref="TrainingState"/>.</summary>
    internal void Resume(int steps) => Training.Steps = steps;

    private Optimiser Training => _optimiser ??= new Optimiser(_table.Length, _weights.Length, _perceptron.Outputs);

    private sealed class Residence(HashField field) : IDisposable
    {
        public void Dispose()
        {
            field.Fetch();
            field.Session?.Dispose();
            field.Session = null;
        }
    }
}
