/* A surface that sliders cut, light and fade: the whole of it is in the page once; what a plane cuts off is left out, and the triangles that it
   crosses are cut. */
(function () {
  'use strict';
  var views = window.VisionCellViews = window.VisionCellViews || {};

  /* The part of a mesh where one coordinate is at most a limit. Channels: arrays by vertex, of which the first three are x, y, z. */
  function below(mesh, axis, limit) {
    var channels = mesh.channels.map(function (c) { return Array.prototype.slice.call(c); });
    var colours = mesh.colours && mesh.colours.slice(), place = channels[axis], count = place.length, cuts = new Map(), corners = [];
    /* Between a vertex that stays and one that goes; neighbours share it. */
    function cut(stays, goes) {
      var key = Math.min(stays, goes) * count + Math.max(stays, goes), vertex = cuts.get(key);
      if (vertex !== undefined) return vertex;
      vertex = place.length;
      var t = (limit - place[stays]) / (place[goes] - place[stays]);
      channels.forEach(function (c) { c.push(c[stays] + t * (c[goes] - c[stays])); });
      if (colours) colours.push(colours[stays]);
      cuts.set(key, vertex);
      return vertex;
    }
    for (var i = 0; i < mesh.corners.length; i += 3) {
      var t = [mesh.corners[i], mesh.corners[i + 1], mesh.corners[i + 2]];
      var stays = t.map(function (v) { return place[v] <= limit; }), left = stays[0] + stays[1] + stays[2];
      if (left === 0) continue;
      if (left === 3) {
        corners.push(t[0], t[1], t[2]);
        continue;
      }
      /* From the corner that differs from both others, so that triangles keep their turn. */
      var odd = stays.indexOf(left === 1), a = t[odd], b = t[(odd + 1) % 3], c = t[(odd + 2) % 3];
      if (left === 1) corners.push(a, cut(a, b), cut(a, c));
      else corners.push(cut(b, a), b, c, cut(b, a), c, cut(c, a));
    }
    return { channels: channels, colours: colours, corners: corners };
  }

  views.clip = function (plot, s, Plotly, data, decode) {
    var trace = data[0], whole = { channels: [trace.x, trace.y, trace.z], colours: trace.vertexcolor, corners: [] };
    if (trace.intensity) whole.channels.push(trace.intensity);
    var corners = [trace.i, trace.j, trace.k].map(function (values) { return values.bdata ? decode(values) : values; });
    for (var i = 0; i < corners[0].length; i++) whole.corners.push(corners[0][i], corners[1][i], corners[2][i]);
    var last = s.steps - 1, at = [last, last, last], light = { turn: s.turn, side: s.side }, waiting = false;

    function redraw() {
      waiting = false;
      var shown = at.reduce(function (mesh, step, axis) {
        return step === last ? mesh : below(mesh, axis, s.low[axis] + (s.high[axis] - s.low[axis]) * step / last);
      }, whole);
      function corner(k) { return shown.corners.filter(function (v, i) { return i % 3 === k; }); }
      var change = { x: [shown.channels[0]], y: [shown.channels[1]], z: [shown.channels[2]], i: [corner(0)], j: [corner(1)], k: [corner(2)] };
      if (trace.intensity) change.intensity = [shown.channels[3]];
      if (shown.colours) change.vertexcolor = [shown.colours];
      Plotly.restyle(plot, change, [0]);
    }

    function relight() {
      var turn = light.turn * Math.PI / 180, away = s.away * Math.tan(light.side * Math.PI / 180);
      Plotly.restyle(plot, { 'lightposition.x': away * Math.cos(turn), 'lightposition.y': away * Math.sin(turn) }, [0]);
    }

    return function () {
      plot.on('plotly_sliderchange', function (e) {
        var to = String(e.step.value).split(':'), index = Number(to[1]);
        if (to[0] === 'opacity') {
          Plotly.restyle(plot, { opacity: index * s.opacityStep }, [0]);
        } else if (to[0] === 'turn' || to[0] === 'side') {
          light[to[0]] = index * s[to[0] + 'Step'];
          relight();
        } else {
          at['xyz'.indexOf(to[0])] = index;
          /* A drag sends more places than can be drawn. */
          if (!waiting) setTimeout(redraw, 0);
          waiting = true;
        }
      });
    };
  };
})();
