/* The static page's explorers: labelled sliders that move through figures precomputed from the real model.
   Plotly is loaded from the same folder, once, and only by pages that hold a figure. No other host is asked. */
(function () {
  "use strict";
  const here = document.currentScript.src;
  const config = { displayModeBar: false, displaylogo: false, responsive: true, showTips: false };

  function assemble(payload, point) {
    let tree = structuredClone(payload.base);
    for (const part of payload.varying) {
      const value = part.values[part.index[point]];
      let node = tree;
      for (const key of part.path.slice(0, -1)) node = node[key];
      const last = part.path[part.path.length - 1];
      if (value === null && !Array.isArray(node)) delete node[last];
      else node[last] = value;
    }
    tree.data = tree.data.filter((trace) => trace !== null);
    tree.layout.autosize = true;
    delete tree.layout.width;
    return tree;
  }

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  function control(root, spec, order, changed) {
    const id = `${root.id}-${order}`;
    const output = make("output", { className: "wm-value", textContent: spec.texts[spec.start] });
    output.htmlFor.add(id);
    let input;
    if (spec.choice) {
      input = make("select", { id }, ...spec.texts.map((text, i) => make("option", { value: i, textContent: text })));
      output.hidden = true;
    } else {
      input = make("input", { id, type: "range", min: 0, max: spec.texts.length - 1, step: 1 });
      input.autocomplete = "off";
    }
    input.value = spec.start;
    input.setAttribute("aria-label", spec.label);
    const show = () => {
      const index = Number(input.value);
      output.textContent = spec.texts[index];
      if (!spec.choice) {
        input.setAttribute("aria-valuetext", spec.texts[index]);
        input.style.setProperty("--wm-filled", `${(100 * index) / (spec.texts.length - 1)}%`);
      }
    };
    show();
    input.addEventListener("input", () => { show(); changed(); });
    const label = make("label", { htmlFor: id, textContent: spec.label });
    return { row: make("div", { className: "wm-control" }, label, input, output), read: () => Number(input.value) };
  }

  function explore(root) {
    const payload = JSON.parse(root.querySelector(".wm-data").textContent);
    const figure = make("div", { className: "wm-plot" });
    figure.setAttribute("role", "img");
    const controls = payload.controls.map((spec, i) => control(root, spec, i, schedule));
    let waiting = false;

    function point() {
      return controls.reduce((index, knob, i) => index * payload.controls[i].texts.length + knob.read(), 0);
    }
    function draw() {
      waiting = false;
      const tree = assemble(payload, point());
      const { meta, margin } = tree.layout;
      if (meta && meta.aspect) { // pictures keep their shape at any width
        const across = figure.clientWidth - margin.l - margin.r;
        tree.layout.height = Math.round(across * meta.aspect) + margin.t + margin.b;
      }
      figure.setAttribute("aria-label", tree.alt);
      return window.Plotly.react(figure, tree.data, tree.layout, config);
    }
    function schedule() {
      if (!waiting) window.requestAnimationFrame(draw);
      waiting = true;
    }

    const still = root.querySelector(".wm-still");
    still.after(figure);
    if (controls.length) {
      const panel = make("div", { className: "wm-controls" }, ...controls.map((knob) => knob.row));
      figure.after(panel);
    }
    still.remove();
    root.classList.add("wm-ready");
    draw();
  }

  function start() {
    const roots = document.querySelectorAll(".wm-explorer:not(.wm-ready), .wm-chart:not(.wm-ready)");
    if (!roots.length) return;
    const script = make("script", { src: new URL("plotly.min.js", here).href });
    script.onload = () => roots.forEach(explore);
    document.head.append(script);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
