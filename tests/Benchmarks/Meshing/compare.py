"""The other side of the meshing benchmark: scikit-image's marching cubes (Lewiner), VTK's flying edges and quadric decimation, and how far
their surfaces and ours lie apart (points of one to the triangles of the other, both ways, in voxels). Called by Program.cs."""
import argparse
import os
import time

import numpy as np
import tifffile
import vtk
from vtk.util import numpy_support

parser = argparse.ArgumentParser()
parser.add_argument("path")
parser.add_argument("iso", type=float)
parser.add_argument("edge", type=int)
parser.add_argument("tiny", type=int)
parser.add_argument("folder")
parser.add_argument("--distances", action="store_true")
given = parser.parse_args()
volume = tifffile.imread(given.path).astype(np.float32)
vtk.vtkSMPTools.Initialize(1)


def timed(name, work):
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    print(f"time\t{name}\t{time.process_time() - cpu}\t{time.perf_counter() - wall}", flush=True)
    return result


def image(array):
    data = vtk.vtkImageData()
    data.SetDimensions(array.shape[2], array.shape[1], array.shape[0])
    data.GetPointData().SetScalars(numpy_support.numpy_to_vtk(array.ravel(), deep=True))
    return data


def flying_edges(data):
    cut = vtk.vtkFlyingEdges3D()
    cut.SetInputData(data)
    cut.SetValue(0, given.iso)
    cut.ComputeNormalsOn()
    cut.ComputeGradientsOff()
    cut.ComputeScalarsOff()
    cut.Update()
    return cut.GetOutput()


def decimated(mesh):
    thin = vtk.vtkQuadricDecimation()
    thin.SetInputData(mesh)
    thin.SetTargetReduction(0.9)
    thin.Update()
    return thin.GetOutput()


def read(name):
    reader = vtk.vtkPLYReader()
    reader.SetFileName(os.path.join(given.folder, name))
    reader.Update()
    return reader.GetOutput()


def of_arrays(vertices, faces):
    mesh, points, cells = vtk.vtkPolyData(), vtk.vtkPoints(), vtk.vtkCellArray()
    points.SetData(numpy_support.numpy_to_vtk(np.ascontiguousarray(vertices[:, ::-1].astype(np.float32)), deep=True))
    mesh.SetPoints(points)
    cells.SetCells(len(faces), numpy_support.numpy_to_vtkIdTypeArray(np.hstack([np.full((len(faces), 1), 3), faces]).astype(np.int64).ravel(), deep=True))
    mesh.SetPolys(cells)
    return mesh


def interpolant(crop, finer=8):
    """The surface of the trilinear interpolant: flying edges of what it is at many more places, which leaves them nothing to decide."""
    for axis in range(3):
        crop = np.moveaxis(crop, axis, 0)
        share = (np.arange(finer, dtype=np.float32) / finer).reshape(-1, *[1] * 2)
        between = [a * (1 - share) + b * share for a, b in zip(crop[:-1], crop[1:])]
        crop = np.moveaxis(np.concatenate([*between, crop[-1:]]), 0, axis)
    mesh = flying_edges(image(np.ascontiguousarray(crop)))
    mesh.GetPoints().SetData(numpy_support.numpy_to_vtk(numpy_support.vtk_to_numpy(mesh.GetPoints().GetData()) / finer, deep=True))
    return mesh


def apart(a, b, most=200_000):
    """Largest distance from points of a to the triangles of b: over all points, or that many drawn at random."""
    locator = vtk.vtkStaticCellLocator()
    locator.SetDataSet(b)
    locator.BuildLocator()
    points = numpy_support.vtk_to_numpy(a.GetPoints().GetData())
    if len(points) > most:
        points = points[np.random.default_rng(1).choice(len(points), most, replace=False)]
    nearest, cell, sub, squared = [0.0] * 3, vtk.reference(0), vtk.reference(0), vtk.reference(0.0)
    worst, total = 0.0, 0.0
    for point in points:
        locator.FindClosestPoint(point, nearest, cell, sub, squared)
        worst, total = max(worst, squared.get()), total + squared.get()
    return worst ** 0.5, (total / len(points)) ** 0.5


def say(name, a, b):
    (there, there_mean), (back, back_mean) = apart(a, b), apart(b, a)
    print(f"{name}: Hausdorff distance {max(there, back):.3f} voxel (one way {there:.3f}, other {back:.3f}), root mean square {max(there_mean, back_mean):.3f}", flush=True)


from skimage import measure  # noqa: E402

vertices, faces, _, _ = timed("surface, scikit-image", lambda: measure.marching_cubes(volume, given.iso))
data = image(volume)
flying = timed("surface, VTK flying edges", lambda: flying_edges(data))
small = flying_edges(image(np.ascontiguousarray(volume[:given.edge, :given.edge, :given.edge])))
thin = timed("tenth, VTK quadric decimation", lambda: decimated(small))
if given.distances:
    print(f"triangles: scikit-image {len(faces):,}, VTK {flying.GetNumberOfPolys():,}; tenth by VTK {thin.GetNumberOfPolys():,} of {small.GetNumberOfPolys():,}")
    ours = read("surface.ply")
    say("surface, Vision Cell to VTK", ours, flying)
    theirs = of_arrays(vertices, faces)
    say("surface, Vision Cell to scikit-image", ours, theirs)
    say("surface, scikit-image to VTK", theirs, flying)
    crop = np.ascontiguousarray(volume[:given.tiny, :given.tiny, :given.tiny])
    truth = interpolant(crop)
    say("interpolant, Vision Cell", read("tiny.ply"), truth)
    say("interpolant, scikit-image", of_arrays(*measure.marching_cubes(crop, given.iso)[:2]), truth)
    say("interpolant, VTK", flying_edges(image(crop)), truth)
    say("tenth, Vision Cell to the whole", read("tenth.ply"), read("small.ply"))
    say("tenth, VTK to the whole", thin, small)
