/* The part of a Vision Cell figure that runs in the browser. Loaded once a page, after plotly.js and the views that sliders move
   (figure.sections.js, figure.mesh.js); figures that come before or after it stand in the queue window.VisionCellFigures as [id, spec] and
   are drawn when both are there. */
(function () {
  'use strict';
  var Plotly = window.VisionCellPlotly;
  var types = { u1: Uint8Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };
  /* Browsers keep about 16 WebGL contexts and drop the oldest without a word; a 3D figure takes up to two. */
  var maxLive = 8;
  var live = [];

  function decode(node) {
    var text = atob(node.bdata), bytes = new Uint8Array(text.length);
    for (var i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    return new types[node.dtype](bytes.buffer);
  }

  function rows(values, shape) {
    var size = shape.split(',').map(Number), result = [];
    for (var y = 0; y < size[0]; y++) result.push(values.subarray(y * size[1], (y + 1) * size[1]));
    return result;
  }

  /* Undoes PlotlyJson.Ramp and PlotlyJson.Quantised; everything else is left as it is. */
  function expand(node) {
    if (node === null || typeof node !== 'object') return node;
    if (Array.isArray(node)) return node.map(expand);
    var result, i;
    if (node.ramp) {
      var r = node.ramp, start = r[0], step = r[1], count = r[2], each = r[3];
      result = new Float32Array(count * each * r[4]);
      for (i = 0; i < result.length; i++) result[i] = start + step * (Math.floor(i / each) % count);
      return result;
    }
    if (node.quantised) {
      var levels = decode(node.quantised);
      result = new Float32Array(levels.length);
      for (i = 0; i < levels.length; i++) result[i] = node.low + node.step * levels[i];
      return node.quantised.shape ? rows(result, node.quantised.shape) : result;
    }
    result = {};
    for (var key in node) result[key] = expand(node[key]);
    return result;
  }

  function hasWebGl() {
    try {
      var context = document.createElement('canvas').getContext('webgl');
      if (!context) return false;
      var loser = context.getExtension('WEBGL_lose_context');
      if (loser) loser.loseContext();
      return true;
    } catch (e) {
      return false;
    }
  }

  function note(box, text, onclick) {
    var old = box.querySelector('.visioncell-note');
    if (old) old.remove();
    if (!text) return;
    var p = document.createElement('div');
    p.className = 'visioncell-note';
    p.style.cssText = 'font:12px sans-serif;color:#555';
    p.textContent = text;
    box.appendChild(p);
    box.onclick = onclick || null;
    box.style.cursor = onclick ? 'pointer' : '';
  }

  function rest(box) {
    Plotly.purge(box.plot);
    box.plot.remove();
    box.plot = null;
    box.picture.style.display = '';
    live.splice(live.indexOf(box), 1);
    note(box, 'A picture: click it for the interactive view.', function () { draw(box, box.spec, true); });
  }

  function draw(box, spec, asked) {
    box.spec = spec;
    box.picture = box.querySelector('img');
    var heavy = spec.webgl === true;
    if (heavy) {
      live = live.filter(function (b) { return document.body.contains(b); });
      if (!asked && live.length >= maxLive) {
        note(box, 'A picture: click it for the interactive view.', function () { draw(box, spec, true); });
        return;
      }
      if (!hasWebGl()) {
        note(box, 'A picture: this browser has no WebGL for the interactive view.');
        return;
      }
      if (live.length >= maxLive) rest(live[0]);
      live.push(box);
    }
    note(box, null);
    box.onclick = null;
    box.style.cursor = '';
    var plot = document.createElement('div');
    plot.style.cssText = 'width:100%;height:' + spec.height + 'px';
    box.appendChild(plot);
    box.plot = plot;
    /* Spec stays packed so that a figure can be drawn again. */
    var full = expand({ data: spec.data, layout: spec.layout, frames: spec.frames || [] });
    full.config = spec.config;
    var move = Object.keys(window.VisionCellViews).filter(function (name) { return spec[name]; }).map(function (name) {
      return window.VisionCellViews[name](plot, expand(spec[name]), Plotly, full.data, decode);
    });
    Plotly.newPlot(plot, full).then(function () {
      box.picture.style.display = 'none';
      box.setAttribute('data-drawn', 'true');
      move.forEach(function (begin) { begin(); });
    }, function (error) {
      plot.remove();
      note(box, 'A picture: the interactive view failed (' + error + ').');
    });
  }

  function take(entry, tries) {
    var box = document.getElementById(entry[0]);
    if (box) draw(box, entry[1], false);
    else if (tries > 0) setTimeout(function () { take(entry, tries - 1); }, 100);
  }

  var waiting = window.VisionCellFigures || [];
  window.VisionCellFigures = { push: function (entry) { take(entry, 100); } };
  waiting.forEach(function (entry) { take(entry, 100); });
})();
