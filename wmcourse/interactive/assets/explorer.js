/* A figure with labelled sliders, alike in the book's pages and in a running notebook (there `live.js` follows).
   A page moves through figures precomputed from the real model, or runs the model (`rollout.js`). Plotly is loaded from
   the same folder, once, and only by pages that hold a figure. No other host is asked. */
const wmExplorer = (function () {
  "use strict";
  const config = { displayModeBar: false, displaylogo: false, responsive: true, showTips: false };
  const roomy = { l: 80, r: 80, t: 100, b: 80 }; // Plotly's own margins, where a figure names none

  const { make, control } = WM;

  // An empty figure and its panel of controls, of which `chosen()` tells the positions.
  function build(id, specs, moved) {
    const plot = make("div", { className: "wm-plot" });
    plot.setAttribute("role", "img");
    const knobs = specs.map((spec, i) => control(`${id}-${i}`, spec, moved));
    const panel = make("div", { className: "wm-controls" }, ...knobs.map((knob) => knob.row));
    panel.hidden = !knobs.length;
    const put = (positions) => knobs.forEach((knob, i) => knob.put(positions[i]));
    return { plot, panel, put, chosen: () => knobs.map((knob) => knob.read()) };
  }

  // Show the figure `{data, layout, alt}` as wide as its room; pictures (`meta.aspect`) keep their shape.
  function draw(plot, tree) {
    const layout = { ...tree.layout, autosize: true };
    delete layout.width;
    if (layout.meta && layout.meta.aspect) {
      const styled = layout.template && layout.template.layout && layout.template.layout.margin;
      layout.margin = { ...roomy, ...styled, ...layout.margin };
      const { l, r, t, b } = layout.margin;
      layout.height = Math.round((plot.clientWidth - l - r) * layout.meta.aspect) + t + b;
    }
    plot.setAttribute("aria-label", tree.alt);
    return window.Plotly.react(plot, tree.data, layout, config);
  }

  // The figure of one point of a page's grid: what all points share, and what varies.
  function assemble(payload, point) {
    const tree = structuredClone(payload.base);
    for (const part of payload.varying) {
      const value = part.values[part.index[point]];
      let node = tree;
      for (const key of part.path.slice(0, -1)) node = node[key];
      const last = part.path[part.path.length - 1];
      if (value === null && !Array.isArray(node)) delete node[last];
      else node[last] = value;
    }
    tree.data = tree.data.filter((trace) => trace !== null);
    return tree;
  }

  async function explore(root) {
    const payload = JSON.parse(root.querySelector(".wm-data").textContent);
    if (payload.computed) await WM.load(`models/${payload.computed.model}.js`);
    const compute = payload.computed && WM.rollout(payload.computed);
    const shown = build(root.id, payload.controls, schedule);
    let waiting = false;

    function tree() {
      const chosen = shown.chosen();
      if (!compute) {
        return assemble(payload, chosen.reduce((index, at, i) => index * payload.controls[i].texts.length + at, 0));
      }
      const values = payload.controls.map(({ name, values }, i) => [name, values[chosen[i]]]);
      return compute(structuredClone(payload.base), Object.fromEntries(values));
    }
    function show() {
      waiting = false;
      return draw(shown.plot, tree());
    }
    function schedule() {
      if (!waiting) window.requestAnimationFrame(show);
      waiting = true;
    }
    root.querySelector(".wm-still").replaceWith(shown.plot, shown.panel);
    root.classList.add("wm-ready");
    show();
  }

  async function start() {
    const roots = document.querySelectorAll(".wm-explorer:not(.wm-ready), .wm-chart:not(.wm-ready)");
    if (!roots.length) return;
    await WM.load("plotly-cartesian.min.js");
    roots.forEach(explore);
  }
  const page = document.currentScript; // none in a notebook
  if (page && document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else if (page) start();
  return { make, build, draw };
})();
