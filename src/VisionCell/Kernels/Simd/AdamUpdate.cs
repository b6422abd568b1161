namespace VisionCell.Kernels.Simd;

/// <summary>
/// Adam in one pass over memory (<see cref="AdamStep"/> has formula and source): 16 bytes read and 16 written a parameter, which is
/// what bounds it, so the gradient is cleared in the same pass.
/// </summary>
internal static unsafe class AdamUpdate<TLanes, TFloat, TIndex>
    where TLanes : struct, ILanes<TFloat, TIndex>
    where TFloat : unmanaged
    where TIndex : unmanaged
{
    /// <summary>Updates <paramref name="count"/> parameters, a multiple of the lanes.</summary>
    public static void Run(AdamStep step, float* parameters, float* gradient, float* first, float* second, nint count)
    {
        var (beta1, rest1) = (TLanes.Broadcast((float)step.Beta1), TLanes.Broadcast((float)(1 - step.Beta1)));
        var (beta2, rest2) = (TLanes.Broadcast((float)step.Beta2), TLanes.Broadcast((float)(1 - step.Beta2)));
        var (rate, correction, epsilon) = (TLanes.Broadcast((float)step.Rate), TLanes.Broadcast((float)step.SecondCorrection), TLanes.Broadcast((float)step.Epsilon));
        for (nint i = 0; i < count; i += TLanes.Width)
        {
            var g = TLanes.Load(gradient + i);
            var m = TLanes.MultiplyAdd(TLanes.Load(first + i), beta1, TLanes.Multiply(g, rest1));
            var v = TLanes.MultiplyAdd(TLanes.Load(second + i), beta2, TLanes.Multiply(TLanes.Multiply(g, g), rest2));
            var size = TLanes.Add(TLanes.SquareRoot(TLanes.Multiply(v, correction)), epsilon);
            TLanes.Store(m, first + i);
            TLanes.Store(v, second + i);
            TLanes.Store(TLanes.Subtract(TLanes.Load(parameters + i), TLanes.Divide(TLanes.Multiply(rate, m), size)), parameters + i);
            TLanes.Store(default, gradient + i);
        }
    }
}
