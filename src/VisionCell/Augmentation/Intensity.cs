using System.Numerics.Tensors;
using VisionCell.Volumes;

namespace VisionCell.Augmentation;

/// <summary>Brightness, contrast and gamma, one draw of each for the whole patch: stain, detector gain and offset differ from run to run.</summary>
public sealed record Intensity : IntensityAugmentation
{
    /// <summary>Creates a change of intensity.</summary>
    /// <param name="brightness">Largest offset, share of the grey range, 0 to 1.</param>
    /// <param name="contrast">Contrast about the middle grey is multiplied by exp(-contrast) to exp(contrast); 0 to 2.</param>
    /// <param name="gamma">Exponent from exp(-gamma) to exp(gamma); 0 to 2. Grey levels below black become black where it is not 0.</param>
    /// <exception cref="BadInputException">A value is out of range.</exception>
    public Intensity(double brightness = 0.1, double contrast = 0.25, double gamma = 0.25)
    {
        Brightness = Within(brightness, 0, 1, "brightness");
        Contrast = Within(contrast, 0, 2, "contrast");
        Gamma = Within(gamma, 0, 2, "gamma");
    }

    /// <summary>Largest offset, share of the grey range.</summary>
    public double Brightness { get; }

    /// <summary>Largest logarithm of the contrast.</summary>
    public double Contrast { get; }

    /// <summary>Largest logarithm of the exponent.</summary>
    public double Gamma { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<int> Apply(Volume<float> image, GreyRange range, CounterRandom random)
    {
        var gain = (float)Math.Exp(random.Uniform(-Contrast, Contrast));
        var offset = (float)random.Uniform(-Brightness, Brightness);
        var exponent = (float)Math.Exp(random.Uniform(-Gamma, Gamma));
        var data = image.Data.AsSpan();
        if (exponent != 1)
        {
            TensorPrimitives.Subtract(data, range.Low, data);
            TensorPrimitives.Multiply(data, 1 / range.Span, data);
            TensorPrimitives.Max(data, 0f, data);
            TensorPrimitives.Pow(data, exponent, data);
            TensorPrimitives.Multiply(data, range.Span, data);
            TensorPrimitives.Add(data, range.Low, data);
        }
        if (gain == 1 && offset == 0)
            return [];
        // gain (v - middle) + middle + offset
        var middle = range.Low + range.Span / 2;
        TensorPrimitives.Multiply(data, gain, data);
        TensorPrimitives.Add(data, middle - gain * middle + offset * range.Span, data);
        return [];
    }

    /// <inheritdoc/>
    public override Augmentation AtStrength(double share) => new Intensity(Brightness * share, Contrast * share, Gamma * share) { Probability = Probability };
}
