/* What explorers and players share: making elements, loading scripts, and a labelled slider or choice. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});

  WM.make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  /* Bring a script of the book's own folder, once: a page opened from the disk may not fetch data. */
  const here = document.currentScript && document.currentScript.src;
  const loading = {};
  WM.load = (name) =>
    (loading[name] =
      loading[name] ||
      new Promise((done, failed) => {
        const onerror = (event) => { delete loading[name]; failed(event); };
        document.head.append(WM.make("script", { src: new URL(name, here).href, onload: done, onerror }));
      }));

  /* In the static page: make each element of a class live when it comes near; the models that it runs are loaded then. */
  WM.waken = (kind, models, live) => {
    const near = new IntersectionObserver(
      (entries) => entries.filter((entry) => entry.isIntersecting).forEach(async ({ target }) => {
        near.unobserve(target);
        const spec = JSON.parse(target.querySelector(".wm-data").textContent);
        try {
          await Promise.all(models(spec).map((name) => WM.load(`models/${name}.js`)));
        } catch {
          target.querySelector(".wm-hint").textContent = "The model could not be loaded. Reload the page to try again.";
          return;
        }
        target.querySelector(".wm-still").remove();
        live(target, spec);
      }),
      { rootMargin: "400px" },
    );
    const start = () => document.querySelectorAll(`.${kind}:not(.wm-ready)`).forEach((root) => near.observe(root));
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
    else start();
  };

  /* `name`: a class besides. */
  WM.button = (textContent, label, act, name = "") => {
    const element = WM.make("button", { type: "button", className: `wm-button ${name}`, textContent, title: label });
    element.setAttribute("aria-label", label);
    if (act) element.addEventListener("click", act);
    return element;
  };

  /* One row of a panel. `spec` is {label, texts, start, choice}; `moved(settled)` is called while it moves (false) and when
     it is let go (true); `read()` gives its place among the texts. */
  WM.control = (id, spec, moved) => {
    const output = WM.make("output", { className: "wm-value", textContent: spec.texts[spec.start] });
    output.htmlFor.add(id);
    let input;
    if (spec.choice) {
      input = WM.make("select", { id }, ...spec.texts.map((text, i) => WM.make("option", { value: i, textContent: text })));
      output.hidden = true;
    } else {
      input = WM.make("input", { id, type: "range", min: 0, max: spec.texts.length - 1, step: 1 });
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
    input.addEventListener("input", () => { show(); moved(false); });
    input.addEventListener("change", () => moved(true));
    const label = WM.make("label", { htmlFor: id, textContent: spec.label });
    const row = WM.make("div", { className: "wm-control" }, label, input, output);
    return { row, read: () => Number(input.value), put: (index) => { input.value = index; show(); } };
  };
})();
