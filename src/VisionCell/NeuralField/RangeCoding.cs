namespace VisionCell.NeuralField;

/// <summary>
/// The probability that a bit is 0, learnt from the bits before: the mean of one estimate that follows quickly and one that follows slowly, each of
/// sixteen bits.
/// </summary>
internal struct BitModel
{
    private const int QuickShift = 5;
    private const int SlowShift = 8;
    private ushort _quick;
    private ushort _slow;

    /// <summary>One that expects nothing.</summary>
    public static BitModel Even => new() { _quick = 1 << 15, _slow = 1 << 15 };

    /// <summary>Of 65,536; never 0 and never all, as neither estimate reaches an end.</summary>
    public readonly uint Zero => ((uint)_quick + _slow) >> 1;

    /// <summary>Learns a bit.</summary>
    public void Learn(bool bit)
    {
        if (bit)
        {
            _quick -= (ushort)(_quick >> QuickShift);
            _slow -= (ushort)(_slow >> SlowShift);
        }
        else
        {
            _quick += (ushort)((65536 - _quick) >> QuickShift);
            _slow += (ushort)((65536 - _slow) >> SlowShift);
        }
    }
}

/// <summary>What codes bits one after another: an encoder writes those it is given, a decoder gives those that were written.</summary>
internal interface IBitCoder
{
    /// <summary>Codes one bit by its model.</summary>
    bool Bit(ref BitModel model, bool bit);

    /// <summary>Codes the lowest bits of a number, the highest of them first, each as likely as not.</summary>
    uint Plain(int count, uint bits);
}

/// <summary>
/// Range coder of bits with carry, as in LZMA: a number between 0 and 1 whose interval each bit narrows by its probability. Source: Martin, "Range encoding",
/// 1979; the form with a cached byte: Pavlov, LZMA specification.
/// </summary>
internal sealed class RangeEncoder : IBitCoder
{
    private const uint LeastRange = 1 << 24;
    private readonly List<byte> _bytes = [];
    private ulong _low;
    private uint _range = uint.MaxValue;
    private byte _kept;
    private long _pending = 1;

    /// <inheritdoc/>
    public bool Bit(ref BitModel model, bool bit)
    {
        var bound = (_range >> 16) * model.Zero;
        if (bit)
        {
            _low += bound;
            _range -= bound;
        }
        else
        {
            _range = bound;
        }
        model.Learn(bit);
        Normalise();
        return bit;
    }

    /// <inheritdoc/>
    public uint Plain(int count, uint bits)
    {
        for (var i = count - 1; i >= 0; i--)
        {
            _range >>= 1;
            if ((bits >> i & 1) != 0)
                _low += _range;
            Normalise();
        }
        return bits;
    }

    /// <summary>What was written; nothing may be coded after.</summary>
    public byte[] Finish()
    {
        for (var i = 0; i < 5; i++)
            Shift();
        return [.. _bytes];
    }

    private void Normalise()
    {
        while (_range < LeastRange)
        {
            _range <<= 8;
            Shift();
        }
    }

    /// <summary>Writes the highest byte, unless a carry may still change it.</summary>
    private void Shift()
    {
        if (_low is < 0xFF000000 or > uint.MaxValue)
        {
            var carry = (byte)(_low >> 32);
            for (var next = _kept; _pending > 0; _pending--, next = 0xFF)
                _bytes.Add((byte)(next + carry));
            _kept = (byte)(_low >> 24);
        }
        _pending++;
        _low = (_low & 0x00FFFFFF) << 8;
    }
}

/// <summary>Reads what <see cref="RangeEncoder"/> wrote; behind the end of the bytes zeros are read, so that damage gives wrong numbers but nothing worse.</summary>
internal sealed class RangeDecoder : IBitCoder
{
    private const uint LeastRange = 1 << 24;
    private readonly byte[] _bytes;
    private int _next = 1;
    private uint _range = uint.MaxValue;
    private uint _code;

    public RangeDecoder(byte[] bytes)
    {
        _bytes = bytes;
        for (var i = 0; i < 4; i++)
            _code = _code << 8 | Next();
    }

    /// <inheritdoc/>
    public bool Bit(ref BitModel model, bool bit)
    {
        var bound = (_range >> 16) * model.Zero;
        bit = _code >= bound;
        if (bit)
        {
            _code -= bound;
            _range -= bound;
        }
        else
        {
            _range = bound;
        }
        model.Learn(bit);
        Normalise();
        return bit;
    }

    /// <inheritdoc/>
    public uint Plain(int count, uint bits)
    {
        bits = 0;
        for (var i = 0; i < count; i++)
        {
            _range >>= 1;
            var one = _code >= _range;
            if (one)
                _code -= _range;
            bits = bits << 1 | (one ? 1u : 0);
            Normalise();
        }
        return bits;
    }

    private void Normalise()
    {
        while (_range < LeastRange)
        {
            _range <<= 8;
            _code = _code << 8 | Next();
        }
    }

    private uint Next() => _next < _bytes.Length ? _bytes[_next++] : 0u;
}
