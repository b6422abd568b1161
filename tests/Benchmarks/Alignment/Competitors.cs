using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OpenCvSharp;
using VisionCell.Preprocessing;
using VisionCell.Volumes;

namespace VisionCell.Benchmarks.Alignment;

/// <summary>Other tools on the same input: each registers every section with the one before, and the results are chained.</summary>
internal static class Competitors
{
    /// <summary>OpenCV's findTransformECC, Euclidean: started, as users do, from the shift that OpenCV's phaseCorrelate finds; 100 iterations on images smoothed by 5 pixels.</summary>
    public static Correction Ecc(Volume<float> stack)
    {
        var (count, height, width) = stack.Shape;
        var pairs = new AffineMap[count];
        Parallel.For(1, count, z => pairs[z] = Pair(stack, z, height, width));
        var maps = new AffineMap[count];
        maps[0] = AffineMap.Identity;
        for (var z = 1; z < count; z++)
            maps[z] = pairs[z].After(maps[z - 1]);
        return (z, y, x) => maps[z].Apply(y, x);
    }

    private static unsafe AffineMap Pair(Volume<float> stack, int z, int height, int width)
    {
        fixed (float* a = stack.Section(z - 1))
        fixed (float* b = stack.Section(z))
        {
            using var first = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)a);
            using var second = Mat.FromPixelData(height, width, MatType.CV_32FC1, (nint)b);
            using var window = new Mat();
            Cv2.CreateHanningWindow(window, first.Size(), MatType.CV_32F);
            var shift = Cv2.PhaseCorrelate(first, second, window, out _);
            using var warp = new Mat(2, 3, MatType.CV_32FC1);
            float[] start = [1, 0, (float)shift.X, 0, 1, (float)shift.Y];
            Marshal.Copy(start, 0, warp.Data, 6);
            try
            {
                Cv2.FindTransformECC(first, second, warp, MotionTypes.Euclidean, new TermCriteria(CriteriaTypes.Count | CriteriaTypes.Eps, 100, 1e-6), null, 5);
            }
            catch (OpenCVException)
            {
                return AffineMap.Shift(shift.Y, shift.X); // "did not converge": the shift is all there is
            }
            var m = new float[6];
            Marshal.Copy(warp.Data, m, 0, 6);
            return new AffineMap(m[0], m[1], m[2], m[3], m[4], m[5]);
        }
    }

    /// <summary>scikit-image by Debian's Python; null where it is not installed.</summary>
    public static Correction? ScikitImage(Volume<float> stack, string kind)
    {
        var (count, height, width) = stack.Shape;
        var folder = Directory.CreateTempSubdirectory("visioncell-benchmark-").FullName;
        try
        {
            var (input, output) = (Path.Combine(folder, "stack.f32"), Path.Combine(folder, "out.f64"));
            File.WriteAllBytes(input, stack.Bytes.ToArray());
            string[] numbers = [.. new[] { count, height, width }.Select(n => n.ToString(CultureInfo.InvariantCulture))];
            using var process = Process.Start("/usr/bin/python3", [Script(), kind, input, .. numbers, output]);
            process.WaitForExit();
            if (process.ExitCode != 0)
                return null;
            var values = MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(output)).ToArray();
            if (kind == "rigid")
            {
                var maps = Enumerable.Range(0, count).Select(z => new AffineMap(values[6 * z], values[6 * z + 1], values[6 * z + 2], values[6 * z + 3], values[6 * z + 4], values[6 * z + 5])).ToArray();
                return (z, y, x) => maps[z].Apply(y, x);
            }
            return (z, y, x) =>
            {
                var (row, column) = ((int)Math.Clamp(Math.Round(y), 0, height - 1), (int)Math.Clamp(Math.Round(x), 0, width - 1));
                var at = 2 * z * height * width + row * width + column;
                return (y + values[at], x + values[at + height * width]);
            };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Script([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "compare.py");
}
