using OpenCvSharp;

namespace VisionCell.Preprocessing;

/// <summary>
/// A map between two sections from points that look alike: SIFT (Lowe, Int. J. Computer Vision 60, 2004,
/// doi:10.1023/B:VISI.0000029664.99615.94), nearest neighbours kept where clearly nearer than the second, and the map on which most
/// agree by RANSAC; all by OpenCV. Finds large turns and shifts that phase correlation cannot; its precision is a pixel, to be refined.
/// </summary>
internal static class FeatureMatching
{
    /// <summary>Longest edge on which points are looked for.</summary>
    private const int MaxEdge = 1024;

    private const int MaxPoints = 2000;

    /// <summary>Nearest over second nearest distance below which a match counts.</summary>
    private const float Ratio = 0.8f;

    /// <summary>Distance to the common map within which a match agrees, pixels.</summary>
    private const double Tolerance = 3;

    /// <summary>Matches that must agree: below, maps through random matches of a thousand points were found.</summary>
    private const int MinAgreeing = 10;

    /// <summary>The map, pixels of level 0; null where too few points agree.</summary>
    public static AffineMap? Find(PreparedSection first, PreparedSection second, AlignmentModel model)
    {
        var level = 0;
        while (level + 1 < first.Levels.Count && Math.Max(first.Levels[level].Height, first.Levels[level].Width) > MaxEdge)
            level++;
        using var sift = OpenCvSharp.Features2D.SIFT.Create(MaxPoints);
        using var descriptorsA = new Mat();
        using var descriptorsB = new Mat();
        var pointsA = Points(sift, first.Levels[level], descriptorsA);
        var pointsB = Points(sift, second.Levels[level], descriptorsB);
        if (pointsA.Length < MinAgreeing || pointsB.Length < MinAgreeing)
            return null;
        using var matcher = new BFMatcher(NormTypes.L2);
        var matches = matcher.KnnMatch(descriptorsA, descriptorsB, 2).Where(m => m.Length == 2 && m[0].Distance < Ratio * m[1].Distance).Select(m => m[0]).ToArray();
        if (matches.Length < MinAgreeing)
            return null;
        using var from = InputArray.Create(matches.Select(m => new Point2d(pointsA[m.QueryIdx].Pt.X, pointsA[m.QueryIdx].Pt.Y)));
        using var to = InputArray.Create(matches.Select(m => new Point2d(pointsB[m.TrainIdx].Pt.X, pointsB[m.TrainIdx].Pt.Y)));
        using var agreeing = new Mat();
        using var found = model == AlignmentModel.Affine
            ? Cv2.EstimateAffine2D(from, to, agreeing, RobustEstimationAlgorithms.RANSAC, Tolerance)
            : Cv2.EstimateAffinePartial2D(from, to, agreeing, RobustEstimationAlgorithms.RANSAC, Tolerance);
        if (found is null || found.Empty() || Cv2.CountNonZero(agreeing) < MinAgreeing)
            return null;
        var map = new AffineMap(found.At<double>(0, 0), found.At<double>(0, 1), found.At<double>(0, 2), found.At<double>(1, 0), found.At<double>(1, 1), found.At<double>(1, 2));
        var (centreY, centreX) = (0.5 * (first.Levels[level].Height - 1), 0.5 * (first.Levels[level].Width - 1));
        var (y, x) = map.Apply(centreY, centreX);
        map = model switch
        {
            AlignmentModel.Translation => AffineMap.Shift(y - centreY, x - centreX),
            AlignmentModel.Rigid => AffineMap.Rotation(Math.Atan2(map.C - map.B, map.A + map.D), centreY, centreX, y - centreY, x - centreX),
            _ => map,
        };
        return map.Scaled(1 << level);
    }

    private static unsafe KeyPoint[] Points(OpenCvSharp.Features2D.SIFT sift, ImageLevel image, Mat descriptors)
    {
        fixed (float* pointer = image.Values)
        {
            using var values = Mat.FromPixelData(image.Height, image.Width, MatType.CV_32FC1, (nint)pointer);
            using var bytes = new Mat();
            values.ConvertTo(bytes, MatType.CV_8U, 32, 128);
            sift.DetectAndCompute(bytes, null, out var points, descriptors);
            return points;
        }
    }
}
