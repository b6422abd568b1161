using VisionCell.Volumes;

namespace VisionCell.Evaluation;

/// <summary>
/// How a segmentation agrees with given labels, over the voxels that are labelled. Sources: variation of information, Meilă, J. Multivar. Anal. 98, 2007,
/// doi:10.1016/j.jmva.2006.11.013; adapted Rand error, Arganda-Carreras et al., Front. Neuroanat. 9, 2015, doi:10.3389/fnana.2015.00142, both as scikit-image computes
/// them with label 0 ignored.
/// </summary>
/// <param name="Split">H(segments | labels), bits: how much an object is cut up; 0 is not at all.</param>
/// <param name="Merge">H(labels | segments), bits: how much objects are run together.</param>
/// <param name="AdaptedRand">1 less the harmonic mean of precision and recall over pairs of voxels; 0 is perfect.</param>
/// <param name="Precision">Of pairs in one segment, the share that is in one object: low where objects are merged.</param>
/// <param name="Recall">Of pairs in one object, the share that is in one segment: low where objects are split.</param>
/// <param name="Dice">Mean over objects, weighted by size, of the overlap with the segment that fits best.</param>
/// <param name="IntersectionOverUnion">The same as intersection over union.</param>
/// <param name="Segments">Number of segments.</param>
/// <param name="Objects">Number of labelled objects.</param>
public sealed record SegmentationScore(
    double Split, double Merge, double AdaptedRand, double Precision, double Recall, double Dice, double IntersectionOverUnion, int Segments, int Objects)
{
    /// <summary>Variation of information, bits.</summary>
    public double VariationOfInformation => Split + Merge;

    /// <summary>Segments a volume and scores it.</summary>
    /// <param name="volume"><c>[Z, Y, X]</c>, membranes dark.</param>
    /// <param name="labels">On the same grid.</param>
    /// <param name="configuration">Of the segmentation.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="BadInputException">Shapes differ.</exception>
    public static SegmentationScore Of(Volume<float> volume, LabelVolume labels, SegmentationConfiguration? configuration = null, CancellationToken cancellation = default)
    {
        // Before the work rather than behind it.
        RequireSameShape(volume.Shape, labels.Shape);
        return Of(MembraneSegmentation.Run(volume, configuration, cancellation), labels);
    }

    /// <summary>Scores a segmentation.</summary>
    /// <param name="segments">What is judged.</param>
    /// <param name="labels">The truth; 0 does not count.</param>
    /// <exception cref="BadInputException">Shapes differ.</exception>
    public static SegmentationScore Of(LabelVolume segments, LabelVolume labels)
    {
        RequireSameShape(segments.Shape, labels.Shape);
        var joint = new Dictionary<(int Segment, int Label), long>();
        for (var i = 0; i < labels.Data.Length; i++)
        {
            if (labels.Data[i] != 0)
                System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(joint, (segments.Data[i], labels.Data[i]), out _)++;
        }
        var bySegment = joint.GroupBy(p => p.Key.Segment).ToDictionary(g => g.Key, g => g.Sum(p => p.Value));
        var byLabel = joint.GroupBy(p => p.Key.Label).ToDictionary(g => g.Key, g => g.Sum(p => p.Value));
        double total = byLabel.Values.Sum();

        // Conditional entropies.
        var split = 0 - joint.Sum(p => p.Value / total * Math.Log2((double)p.Value / byLabel[p.Key.Label]));
        var merge = 0 - joint.Sum(p => p.Value / total * Math.Log2((double)p.Value / bySegment[p.Key.Segment]));

        // Pairs of different voxels.
        static double Pairs(IEnumerable<long> sizes) => sizes.Sum(n => (double)n * (n - 1));
        var (both, inSegments, inLabels) = (Pairs(joint.Values), Pairs(bySegment.Values), Pairs(byLabel.Values));
        var precision = inSegments > 0 ? both / inSegments : 1;
        var recall = inLabels > 0 ? both / inLabels : 1;
        var rand = precision + recall > 0 ? 1 - 2 * precision * recall / (precision + recall) : 1;

        // The best segment of each object.
        var best = new Dictionary<int, double>();
        foreach (var ((segment, label), overlap) in joint)
        {
            var ratio = (double)overlap / (bySegment[segment] + byLabel[label] - overlap);
            best[label] = Math.Max(ratio, best.GetValueOrDefault(label));
        }
        return new SegmentationScore(
            split, merge, rand, precision, recall,
            best.Sum(p => byLabel[p.Key] * 2 * p.Value / (1 + p.Value)) / total,
            best.Sum(p => byLabel[p.Key] * p.Value) / total,
            bySegment.Count, byLabel.Count);
    }

    private static void RequireSameShape(Shape3 volume, Shape3 labels)
    {
        if (volume != labels)
            throw new BadInputException($"labels have {labels} voxels, the volume has {volume}: give labels on the same grid");
    }
}
