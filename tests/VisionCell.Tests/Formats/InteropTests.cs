using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

using VisionCell.Formats;
using VisionCell.Volumes;

namespace VisionCell.Tests.Formats;

/// <summary>What is written here, read by python3-zarr and python3-tifffile of Debian.</summary>
public class InteropTests
{
    private const string Python = "/usr/bin/python3";

    [Theory]
    [InlineData(VoxelType.UInt8, "|u1")]
    [InlineData(VoxelType.UInt16, "<u2")]
    [InlineData(VoxelType.Float32, "<f4")]
    public void Zarr_python_reads_OME_Zarr_0_4(VoxelType type, string dtype)
    {
        Needs("zarr", "python3-zarr");
        using var scratch = new Scratch();
        var volume = Golden.Noise(type, new Shape3(33, 70, 101), size: new VoxelSize(30, 8, 8));
        VolumeFormats.Write(volume, scratch["a.zarr"]);
        var seen = Run("""
            import sys, json, hashlib, zarr
            g = zarr.open_group(sys.argv[1], mode="r")
            m = g.attrs["multiscales"][0]
            levels = [g[d["path"]] for d in m["datasets"]]
            a = levels[0][:]
            print(json.dumps({"shapes": [l.shape for l in levels], "dtype": a.dtype.str, "sha256": hashlib.sha256(a.tobytes()).hexdigest(),
                              "scale": m["datasets"][0]["coordinateTransformations"][0]["scale"], "units": [x["unit"] for x in m["axes"]],
                              "coarse": float(levels[1][0, 0, 0])}))
            """, scratch["a.zarr"]);
        Assert.Equal("[[33,70,101],[33,35,51]]", seen["shapes"]!.ToJsonString());
        Assert.Equal(dtype, (string?)seen["dtype"]);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(volume.Bytes)), (string?)seen["sha256"]);
        Assert.Equal("[30,8,8]", seen["scale"]!.ToJsonString());
        Assert.Equal("""["nanometer","nanometer","nanometer"]""", seen["units"]!.ToJsonString());
        Assert.Equal(OmeZarr.Open(scratch["a.zarr"]).Read(1).ValueAt(0, 0, 0), (double)seen["coarse"]!, 1e-3);
    }

    [Theory]
    [InlineData("a.tif", VoxelType.UInt8)]
    [InlineData("a.tif", VoxelType.Float32)]
    [InlineData("a.ome.tif", VoxelType.UInt8)]
    [InlineData("a.ome.tif", VoxelType.UInt16)]
    public void Tifffile_reads_TIFF_with_its_metadata(string name, VoxelType type)
    {
        Needs("tifffile", "python3-tifffile");
        using var scratch = new Scratch();
        var volume = Golden.Noise(type, new Shape3(7, 60, 41), size: new VoxelSize(30, 4.6, 8));
        VolumeFormats.Write(volume, scratch[name]);
        var seen = Run("""
            import sys, json, hashlib, tifffile
            with tifffile.TiffFile(sys.argv[1]) as t:
                a = t.asarray()
                s = t.series[0]
                i = t.imagej_metadata or {}
                o = tifffile.xml2dict(t.ome_metadata)["OME"]["Image"]["Pixels"] if t.is_ome else {}
                r = t.pages[0].tags["XResolution"].value
            print(json.dumps({"shape": a.shape, "axes": s.axes, "kind": s.kind, "sha256": hashlib.sha256(a.tobytes()).hexdigest(),
                              "z": i.get("spacing", o.get("PhysicalSizeZ")), "unit": i.get("unit", o.get("PhysicalSizeZUnit")), "x": r[1] / r[0]}))
            """, scratch[name]);
        Assert.Equal("[7,60,41]", seen["shape"]!.ToJsonString());
        Assert.Equal("ZYX", (string?)seen["axes"]);
        Assert.Equal(name == "a.tif" ? "imagej" : "ome", (string?)seen["kind"]);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(volume.Bytes)), (string?)seen["sha256"]);
        Assert.Equal(30, (double)seen["z"]!);
        Assert.Equal("nm", (string?)seen["unit"]);
        Assert.Equal(8, (double)seen["x"]!, 1e-9);
    }

    private static void Needs(string module, string package)
    {
        if (!File.Exists(Python) || Start($"import {module}").Code != 0)
            Assert.Skip($"{package} is not installed (apt-get install {package})");
    }

    private static JsonNode Run(string script, string path)
    {
        var (code, output, error) = Start(script, path);
        Assert.True(code == 0, error);
        return JsonNode.Parse(output)!;
    }

    private static (int Code, string Output, string Error) Start(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo(Python, ["-c", script, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
