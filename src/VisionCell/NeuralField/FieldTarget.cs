using VisionCell.Volumes;

namespace VisionCell.NeuralField;

/// <summary>
/// What another method made of the specimen, as a target of lower weight than what was observed. Its voxels count the less the larger the error
/// that is to be expected of them.
/// </summary>
/// <param name="Values">An isotropic volume <c>[Z, Y, X]</c> inside the field, in the field's unit.</param>
/// <param name="ExpectedError">Absolute error to expect of each voxel, of the same shape; null where all count alike.</param>
public sealed record FieldTarget(Volume<float> Values, Volume<float>? ExpectedError = null)
{
    // Errors are told apart up to this share of their mean: below it a voxel counts no more.
    private const double LeastError = 0.5;

    /// <summary>Checks that it lies in a field and holds numbers.</summary>
    /// <exception cref="BadInputException">It reaches outside, holds NaN, or the errors are of another shape.</exception>
    internal FieldTarget Validated(HashField field)
    {
        if (!field.Bounds.Contains(FieldBounds.Of(Values.Shape, Values.VoxelSize, Values.Origin)))
            throw new BadInputException($"field training: the target of {Values.Shape} voxels at {Values.Origin} reaches outside the field, {field.Bounds.Lower} to {field.Bounds.Upper} nm");
        if (ExpectedError is { } error && error.Shape != Values.Shape)
            throw new BadInputException($"field training: {error.Shape} expected errors of a target of {Values.Shape} voxels");
        if (!System.Numerics.Tensors.TensorPrimitives.IsFiniteAll<float>(Values.Data) || (ExpectedError is not null && !System.Numerics.Tensors.TensorPrimitives.IsFiniteAll<float>(ExpectedError.Data)))
            throw new BadInputException("field training: the target or its expected error holds NaN or infinity");
        return this;
    }

    /// <summary>Weight of each voxel, about 1 on average: the mean expected error over its own, of which a floor counts at least.</summary>
    internal float[] Weights()
    {
        var weights = new float[Values.Data.Length];
        Array.Fill(weights, 1);
        if (ExpectedError is null)
            return weights;
        var mean = ExpectedError.Data.Average(e => (double)e);
        if (!(mean > 0))
            return weights;
        for (var i = 0; i < weights.Length; i++)
            weights[i] = (float)((1 + LeastError) * mean / (ExpectedError.Data[i] + LeastError * mean));
        return weights;
    }
}
