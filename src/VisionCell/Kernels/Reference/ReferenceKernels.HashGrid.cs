namespace VisionCell.Kernels.Reference;

/// <content>The hash grid, arXiv:2201.05989, section 3.</content>
internal sealed partial class ReferenceKernels
{
    /// <inheritdoc/>
    public void Encode(HashGrid grid, ReadOnlySpan<double> table, ReadOnlySpan<double> positions, Span<double> features)
    {
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(table.Length, grid.ParameterCount, nameof(table));
        Lengths.Require(features.Length, (long)samples * grid.Channels, nameof(features));
        features.Clear();
        for (var sample = 0; sample < samples; sample++)
        {
            for (var level = 0; level < grid.Levels.Length; level++)
            {
                var cell = new Cell(grid.Levels[level], positions.Slice(3 * sample, 3));
                for (var corner = 0; corner < 8; corner++)
                {
                    var weight = CornerWeight(corner, cell.Fz, cell.Fy, cell.Fx);
                    for (var f = 0; f < grid.Features; f++)
                        features[sample * grid.Channels + level * grid.Features + f] += weight * table[cell.Entry(corner) * grid.Features + f];
                }
            }
        }
    }

    /// <inheritdoc/>
    public void EncodeBackward(HashGrid grid, ReadOnlySpan<double> positions, ReadOnlySpan<double> featureGradient, Span<double> tableGradient)
    {
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(tableGradient.Length, grid.ParameterCount, nameof(tableGradient));
        Lengths.Require(featureGradient.Length, (long)samples * grid.Channels, nameof(featureGradient));
        for (var sample = 0; sample < samples; sample++)
        {
            for (var level = 0; level < grid.Levels.Length; level++)
            {
                var cell = new Cell(grid.Levels[level], positions.Slice(3 * sample, 3));
                for (var corner = 0; corner < 8; corner++)
                {
                    var weight = CornerWeight(corner, cell.Fz, cell.Fy, cell.Fx);
                    for (var f = 0; f < grid.Features; f++)
                        tableGradient[cell.Entry(corner) * grid.Features + f] += weight * featureGradient[sample * grid.Channels + level * grid.Features + f];
                }
            }
        }
    }

    /// <inheritdoc/>
    public void EncodePositionGradient(HashGrid grid, ReadOnlySpan<double> table, ReadOnlySpan<double> positions, ReadOnlySpan<double> featureGradient, Span<double> positionGradient)
    {
        var samples = Lengths.Rows(positions.Length, 3, nameof(positions));
        Lengths.Require(table.Length, grid.ParameterCount, nameof(table));
        Lengths.Require(featureGradient.Length, (long)samples * grid.Channels, nameof(featureGradient));
        Lengths.Require(positionGradient.Length, positions.Length, nameof(positionGradient));
        positionGradient.Clear();
        for (var sample = 0; sample < samples; sample++)
        {
            for (var level = 0; level < grid.Levels.Length; level++)
            {
                var cell = new Cell(grid.Levels[level], positions.Slice(3 * sample, 3));
                for (var corner = 0; corner < 8; corner++)
                {
                    var along = 0.0;
                    for (var f = 0; f < grid.Features; f++)
                        along += featureGradient[sample * grid.Channels + level * grid.Features + f] * table[cell.Entry(corner) * grid.Features + f];
                    along *= grid.Levels[level].Scale;
                    // The derivative of a linear weight is -1 at the lower corner and 1 at the upper.
                    var (sz, sy, sx) = ((corner & 4) == 0 ? -1 : 1, (corner & 2) == 0 ? -1 : 1, (corner & 1) == 0 ? -1 : 1);
                    positionGradient[3 * sample] += sz * along * CornerWeight(corner | 4, 1, cell.Fy, cell.Fx);
                    positionGradient[3 * sample + 1] += sy * along * CornerWeight(corner | 2, cell.Fz, 1, cell.Fx);
                    positionGradient[3 * sample + 2] += sx * along * CornerWeight(corner | 1, cell.Fz, cell.Fy, 1);
                }
            }
        }
    }

    /// <summary>The cell of a level that a position lies in.</summary>
    private readonly struct Cell
    {
        private readonly HashGridLevel _level;
        private readonly uint _z;
        private readonly uint _y;
        private readonly uint _x;

        public Cell(HashGridLevel level, ReadOnlySpan<double> position)
        {
            _level = level;
            (_z, Fz) = Split(position[0], level.Scale);
            (_y, Fy) = Split(position[1], level.Scale);
            (_x, Fx) = Split(position[2], level.Scale);
        }

        public double Fz { get; }

        public double Fy { get; }

        public double Fx { get; }

        public int Entry(int corner) =>
            _level.Offset + (int)HashGrid.Index(_level, _z + (uint)(corner >> 2), _y + (uint)(corner >> 1 & 1), _x + (uint)(corner & 1));

        private static (uint Node, double Fraction) Split(double position, float scale)
        {
            var inside = double.IsNaN(position) ? 0 : Math.Clamp(position, 0, 1);
            var place = inside * scale + 0.5;
            var node = Math.Floor(place);
            return ((uint)node, place - node);
        }
    }
}
