using System.Numerics;
using VisionCell.Kernels;

namespace VisionCell.NeuralField;

/// <summary>
/// Whole numbers of a table, coded level by level and feature by feature. A number is coded as its count of binary digits, its digits and its sign; how likely each is
/// depends on the counts of its neighbours that came before (nine along the axes and diagonals of a dense level, the one before in a hashed one, whose order means
/// nothing), as in the coders of wavelet coefficients (Taubman, IEEE Trans. Image Process. 9, 2000, doi:10.1109/83.847830). An entry that only pads a dense level to an
/// even number is left out. The same lines write and read.
/// </summary>
internal sealed class TableCoding
{
    private const int Contexts = 24;
    private const int MostDigits = 24;

    // Digits below the first few are as likely as not.
    private const int ModelledDigits = 8;
    private const int Signs = 9;

    /// <summary>Largest magnitude that can be coded.</summary>
    public const int Most = (1 << MostDigits) - 1;

    private readonly BitModel[] _length = new BitModel[Contexts * (MostDigits + 1)];
    private readonly BitModel[] _digits = new BitModel[(MostDigits + 1) << ModelledDigits];
    private readonly BitModel[] _sign = new BitModel[Signs];
    private readonly IBitCoder _coder;

    /// <param name="coder">Where bits go to or come from.</param>
    private TableCoding(IBitCoder coder) => _coder = coder;

    /// <summary>The bytes that the numbers of a table are coded into.</summary>
    public static byte[] Bytes(HashGrid grid, int[] numbers, CancellationToken cancellation = default)
    {
        var encoder = new RangeEncoder();
        new TableCoding(encoder).Code(grid, numbers, cancellation);
        return encoder.Finish();
    }

    /// <summary>The numbers that bytes of <see cref="Bytes"/> stand for.</summary>
    public static int[] Numbers(HashGrid grid, byte[] bytes)
    {
        var numbers = new int[grid.ParameterCount];
        new TableCoding(new RangeDecoder(bytes)).Code(grid, numbers);
        return numbers;
    }

    /// <summary>Codes all numbers of a table.</summary>
    /// <param name="grid">Its layout.</param>
    /// <param name="numbers"><c>[EntryCount, Features]</c>; read by an encoder, filled by a decoder.</param>
    /// <param name="cancellation">Ends it between levels.</param>
    private void Code(HashGrid grid, Span<int> numbers, CancellationToken cancellation = default)
    {
        foreach (var level in grid.Levels)
        {
            cancellation.ThrowIfCancellationRequested();
            var (edge, row) = level.IsDense ? (level.Nodes, level.Nodes) : (1, level.Size);
            var entries = numbers.Slice(level.Offset * grid.Features, edge * edge * row * grid.Features);
            for (var feature = 0; feature < grid.Features; feature++)
                CodePlane(edge, row, entries, feature, grid.Features);
        }
    }

    /// <summary>One feature of a level of (edge, edge, row) entries.</summary>
    private void CodePlane(int edge, int row, Span<int> entries, int feature, int features)
    {
        var some = false;
        for (var i = feature; i < entries.Length && !some; i += features)
            some = entries[i] != 0;
        var empty = BitModel.Even;
        if (!_coder.Bit(ref empty, some))
            return;
        Array.Fill(_length, BitModel.Even);
        Array.Fill(_digits, BitModel.Even);
        Array.Fill(_sign, BitModel.Even);
        // Digits and signs of this section and the one before, with a border of zeros.
        var width = row + 2;
        var (here, before) = (new sbyte[(edge + 2) * width], new sbyte[(edge + 2) * width]);
        for (var z = 0; z < edge; z++)
        {
            (here, before) = (before, here);
            for (var y = 0; y < edge; y++)
            {
                var at = (y + 1) * width + 1;
                for (var x = 0; x < row; x++, at++)
                {
                    ref var number = ref entries[((z * edge + y) * row + x) * features + feature];
                    number = CodeNumber(number, here, before, at, width);
                    var length = (sbyte)(32 - BitOperations.LeadingZeroCount((uint)Math.Abs(number)));
                    here[at] = number < 0 ? (sbyte)-length : length;
                }
            }
        }
    }

    private int CodeNumber(int number, sbyte[] here, sbyte[] before, int at, int width)
    {
        var (west, north, below) = (here[at - 1], here[at - width], before[at]);
        var sum = 2 * (Math.Abs(west) + Math.Abs(north) + Math.Abs(below)) +
            Math.Abs(here[at - width - 1]) + Math.Abs(here[at - width + 1]) +
            Math.Abs(before[at - 1]) + Math.Abs(before[at + 1]) + Math.Abs(before[at - width]) + Math.Abs(before[at + width]);
        var context = Math.Min(sum, Contexts - 1) * (MostDigits + 1);
        var magnitude = (uint)Math.Abs(number);
        var digits = 32 - BitOperations.LeadingZeroCount(magnitude);
        var length = 0;
        while (length < MostDigits && _coder.Bit(ref _length[context + length], length < digits))
            length++;
        if (length == 0)
            return 0;
        // The first digit is 1; the following are a path through a tree, the rest plain.
        var (path, modelled) = (1u, Math.Min(length - 1, ModelledDigits - 1));
        for (var i = 0; i < modelled; i++)
        {
            var bit = _coder.Bit(ref _digits[length << ModelledDigits | (int)path], (magnitude >> (length - 2 - i) & 1) != 0);
            path = path << 1 | (bit ? 1u : 0);
        }
        var rest = length - 1 - modelled;
        magnitude = path << rest | _coder.Plain(rest, magnitude & ((1u << rest) - 1));
        var negative = _coder.Bit(ref _sign[3 * (1 + Math.Sign(west)) + 1 + Math.Sign(north)], number < 0);
        return negative ? -(int)magnitude : (int)magnitude;
    }
}
