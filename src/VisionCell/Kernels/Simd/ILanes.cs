namespace VisionCell.Kernels.Simd;

/// <summary>
/// The vector width that an algorithm is compiled for: each algorithm is written once over these operations, and the runtime
/// compiles it anew for each of <see cref="Lanes512"/>, <see cref="Lanes256"/> and <see cref="LanesScalar"/>, with every call
/// inlined to one instruction. Memory need not be aligned.
/// </summary>
/// <typeparam name="TFloat">As many floats as there are lanes.</typeparam>
/// <typeparam name="TIndex">As many unsigned integers.</typeparam>
internal unsafe interface ILanes<TFloat, TIndex>
    where TFloat : unmanaged
    where TIndex : unmanaged
{
    /// <summary>Number of lanes.</summary>
    static abstract int Width { get; }

    /// <summary>Vectors of a row that the matrix product keeps in registers: 4 of 32 registers, 2 of 16.</summary>
    static abstract int PanelVectors { get; }

    static abstract TFloat Load(float* source);

    static abstract void Store(TFloat value, float* target);

    static abstract TFloat Broadcast(float value);

    /// <summary>a · b + c.</summary>
    static abstract TFloat MultiplyAdd(TFloat a, TFloat b, TFloat c);

    static abstract TFloat Add(TFloat a, TFloat b);

    static abstract TFloat Subtract(TFloat a, TFloat b);

    static abstract TFloat Multiply(TFloat a, TFloat b);

    static abstract TFloat Divide(TFloat a, TFloat b);

    static abstract TFloat SquareRoot(TFloat a);

    static abstract TFloat Floor(TFloat a);

    /// <summary>The value within [0, most]; NaN becomes 0.</summary>
    static abstract TFloat Clamp(TFloat value, TFloat most);

    /// <summary>max(value, 0).</summary>
    static abstract TFloat Rectify(TFloat value);

    /// <summary>The value where the condition is above 0, 0 elsewhere.</summary>
    static abstract TFloat WherePositive(TFloat condition, TFloat value);

    /// <summary>Sum of all lanes.</summary>
    static abstract float Sum(TFloat a);

    static abstract TIndex BroadcastIndex(uint value);

    static abstract void StoreIndex(TIndex value, uint* target);

    /// <summary>The integer of a float that holds one, not negative.</summary>
    static abstract TIndex ToIndex(TFloat value);

    static abstract TIndex AddIndex(TIndex a, TIndex b);

    static abstract TIndex MultiplyIndex(TIndex a, TIndex b);

    static abstract TIndex MinIndex(TIndex a, TIndex b);

    static abstract TIndex Xor(TIndex a, TIndex b);

    static abstract TIndex And(TIndex a, TIndex b);

    /// <summary>source[index] in each lane; indices below 2^31.</summary>
    static abstract TFloat Gather(float* source, TIndex index);
}
