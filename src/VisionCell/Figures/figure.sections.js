/* Sections through one point, orthogonal and oblique, with another volume over them: both are in the page once; sliders and clicks cut them
   anew. Axes: 0 z, 1 y, 2 x. Panels: 0 xy, 1 xz, 2 yz (each named by the axis it cuts), 3 oblique. */
(function () {
  'use strict';
  var views = window.VisionCellViews = window.VisionCellViews || {};

  function dot(a, b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

  /* Trilinear; NaN outside the voxel centres. */
  function interpolate(values, n, z, y, x) {
    var e = 1e-6;
    if (!(z >= -e && y >= -e && x >= -e && z <= n[0] - 1 + e && y <= n[1] - 1 + e && x <= n[2] - 1 + e)) return NaN;
    var k = Math.max(0, Math.min(z | 0, n[0] - 2)), j = Math.max(0, Math.min(y | 0, n[1] - 2)), i = Math.max(0, Math.min(x | 0, n[2] - 2));
    var dz = n[0] > 1 ? n[1] * n[2] : 0, dy = n[1] > 1 ? n[2] : 0, dx = n[2] > 1 ? 1 : 0, fx = x - i, fy = y - j, sum = 0;
    for (var corner = 0; corner < 4; corner++) {
      var o = (k * n[1] + j) * n[2] + i + (corner & 1 ? dy : 0) + (corner & 2 ? dz : 0);
      sum += (corner & 1 ? fy : 1 - fy) * (corner & 2 ? z - k : 1 - z + k) * (values[o] + fx * (values[o + dx] - values[o]));
    }
    return sum;
  }

  views.sections = function (plot, s, Plotly) {
    var n = s.shape, at = s.at.slice(), oblique = s.oblique, panels = oblique ? 4 : 3;
    var layers = s.overlay ? [s.values, s.overlay.values] : [s.values];

    function place(axis) { return s.origin[axis] + at[axis] * s.spacing[axis]; }

    function point() { return [place(0), place(1), place(2)]; }

    function fromMiddle(p) {
      return p.map(function (nm, axis) { return nm - s.origin[axis] - (n[axis] - 1) / 2 * s.spacing[axis]; });
    }

    function cut(values, plane) {
      var result = [], i, j, row;
      if (plane === 0) {
        for (i = 0; i < n[1]; i++) result.push(values.subarray((at[0] * n[1] + i) * n[2], (at[0] * n[1] + i + 1) * n[2]));
      } else if (plane === 1) {
        for (i = 0; i < n[0]; i++) result.push(values.subarray((i * n[1] + at[1]) * n[2], (i * n[1] + at[1] + 1) * n[2]));
      } else {
        for (i = 0; i < n[1]; i++) {
          row = new Float32Array(n[0]);
          for (j = 0; j < n[0]; j++) row[j] = values[(j * n[1] + i) * n[2] + at[2]];
          result.push(row);
        }
      }
      return result;
    }

    /* ObliquePlane.Frame, in the order z, y, x. */
    function frame() {
      var t = oblique.tilt * Math.PI / 180, a = oblique.azimuth * Math.PI / 180, sine = Math.sin(t), cosine = Math.cos(t);
      var flat = Math.abs(sine) < 1e-9;
      return {
        normal: [cosine, sine * Math.sin(a), sine * Math.cos(a)],
        u: flat ? [0, 0, 1] : [0, Math.cos(a), -Math.sin(a)],
        v: flat ? [0, 1, 0] : [sine, -cosine * Math.sin(a), -cosine * Math.cos(a)]
      };
    }

    /* The place at u, v of the oblique plane, in voxels: nm from the foot of the volume's middle. */
    function onPlane(f, u, v) {
      var off = dot(fromMiddle(point()), f.normal);
      return n.map(function (count, axis) { return (count - 1) / 2 + (off * f.normal[axis] + u * f.u[axis] + v * f.v[axis]) / s.spacing[axis]; });
    }

    function slice(values) {
      var f = frame(), reach = oblique.reach, step = 2 * reach / (oblique.count - 1), corner = onPlane(f, -reach, -reach), result = [];
      for (var r = 0; r < oblique.count; r++) {
        var row = new Float32Array(oblique.count), z = corner[0] + r * step * f.v[0] / s.spacing[0];
        var y = corner[1] + r * step * f.v[1] / s.spacing[1], x = corner[2] + r * step * f.v[2] / s.spacing[2];
        for (var c = 0; c < row.length; c++) {
          var go = c * step;
          row[c] = interpolate(values, n, z + go * f.u[0] / s.spacing[0], y + go * f.u[1] / s.spacing[1], x + go * f.u[2] / s.spacing[2]);
        }
        result.push(row);
      }
      return result;
    }

    /* a (X - x) + b (Y - y) = 0 in a panel; only the point where the planes are parallel. */
    function line(change, shape, x, y, a, b) {
      var length = Math.hypot(a, b), far = length > 1e-9 ? 4 * oblique.reach / length : 0, name = 'shapes[' + shape + '].';
      change[name + 'x0'] = x - b * far;
      change[name + 'y0'] = y + a * far;
      change[name + 'x1'] = x + b * far;
      change[name + 'y1'] = y - a * far;
    }

    /* Shapes in the order of LinkedSections: a pair for each panel, then where the oblique plane meets the three others, both ways. */
    function lines(change) {
      s.lines.forEach(function (l, i) {
        change['shapes[' + i + '].' + l.along + '0'] = place(l.axis);
        change['shapes[' + i + '].' + l.along + '1'] = place(l.axis);
      });
      if (!oblique) return change;
      var f = frame(), p = point(), m = fromMiddle(p), first = s.lines.length;
      [[2, 1], [2, 0], [0, 1]].forEach(function (axes, panel) {
        line(change, first + panel, p[axes[0]], p[axes[1]], f.normal[axes[0]], f.normal[axes[1]]);
        line(change, first + 3 + panel, dot(m, f.u), dot(m, f.v), f.u[panel], f.v[panel]);
      });
      return change;
    }

    function show(planes, change) {
      var traces = [], z = [];
      layers.forEach(function (values, layer) {
        planes.forEach(function (plane) {
          traces.push(layer * panels + plane);
          z.push(plane === 3 ? slice(values) : cut(values, plane));
        });
      });
      Plotly.update(plot, { z: z }, lines(change), traces);
    }

    /* To a voxel; null leaves an axis where it is. */
    function move(to) {
      var change = {}, planes = [];
      to.forEach(function (index, axis) {
        if (index === null) return;
        index = Math.max(0, Math.min(n[axis] - 1, Math.round(index)));
        if (index === at[axis]) return;
        at[axis] = index;
        change['sliders[' + axis + '].active'] = index;
        planes.push(axis);
      });
      if (planes.length > 0) show(oblique ? planes.concat(3) : planes, change);
    }

    return function () {
      plot.on('plotly_sliderchange', function (e) {
        var to = String(e.step.value).split(':'), index = Number(to[1]), change = {};
        if (to[0] === 'opacity') {
          Plotly.restyle(plot, { opacity: index * s.overlay.opacityStep }, plot.data.map(function (t, i) { return i; }).slice(panels));
        } else if (to[0] === 'tilt' || to[0] === 'azimuth') {
          oblique[to[0]] = index * oblique[to[0] + 'Step'];
          change['sliders[' + (to[0] === 'tilt' ? 3 : 4) + '].active'] = index;
          show([3], change);
        } else {
          move([0, 1, 2].map(function (axis) { return axis === Number(to[0]) ? index : null; }));
        }
      });
      plot.on('plotly_click', function (e) {
        var p = e.points[0], panel = p.curveNumber % panels;
        function voxel(axis, nm) { return (nm - s.origin[axis]) / s.spacing[axis]; }
        if (panel === 3) move(onPlane(frame(), p.x, p.y));
        else move([[null, voxel(1, p.y), voxel(2, p.x)], [voxel(0, p.y), null, voxel(2, p.x)], [voxel(0, p.x), voxel(1, p.y), null]][panel]);
      });
      if (oblique) Plotly.relayout(plot, lines({}));
    };
  };
})();
