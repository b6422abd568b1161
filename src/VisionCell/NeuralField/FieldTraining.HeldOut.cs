namespace VisionCell.NeuralField;

/// <content>
/// Early stop: one thin section in the middle is kept out, and so is what the target says of it (of thick ones, which leave no gaps, none can be
/// spared: nobody else saw their rows); where its error only grows, the field has begun to
/// learn the noise of the others by heart, and the parameters of the best look are taken.
/// </content>
public sealed partial class FieldTraining
{
    // Looks without a better one before it ends.
    private const int Patience = 3;

    // Voxels that a look is made at.
    private const int HeldVoxels = 16_384;

    private List<float[]>? _best;
    private int _bestLook = -1;

    /// <summary>Mean squared errors of the section that is kept out, look by look, in units of the field's scale.</summary>
    public IReadOnlyList<double> HeldOutErrors => _heldOutErrors;

    private readonly List<double> _heldOutErrors = [];

    private bool IsOver => _bestLook >= 0 && _heldOutErrors.Count - 1 - _bestLook >= Patience;

    private void Look()
    {
        if (_sections?.Held is null)
            return;
        var batch = _sections.DrawHeld(HeldVoxels);
        var march = _occupancy.March(batch.Rays, seed: null, everywhere: true);
        var (values, _) = _field.Evaluate(march.Positions, new float[march.Count * _field.Outputs]);
        // In single precision, as a checkpoint keeps it.
        double error = (float)Absorption(batch, march, values, 1, new float[march.Count]);
        _heldOutErrors.Add(error);
        if (_bestLook >= 0 && error >= _heldOutErrors[_bestLook])
            return;
        _bestLook = _heldOutErrors.Count - 1;
        _best = [.. _field.Parameters().Select(p => (float[])p.Clone())];
    }

    private void TakeBest()
    {
        if (_best is null || _bestLook == _heldOutErrors.Count - 1)
            return;
        foreach (var (parameters, best) in _field.Parameters().Zip(_best))
            best.CopyTo(parameters, 0);
    }

    /// <summary>What the target says of the section that is kept out does not count.</summary>
    private void HideHeldOut(float[] weights)
    {
        if (_sections?.Held is null)
            return;
        var ((centre, thickness), volume) = (_sections.HeldPlace, _target!.Values);
        for (var z = 0; z < volume.Shape.Z; z++)
        {
            if (Math.Abs(volume.Origin.Z + z * volume.VoxelSize.Z - centre) < thickness / 2)
                weights.AsSpan(z * volume.Shape.SectionCount, volume.Shape.SectionCount).Clear();
        }
    }
}
