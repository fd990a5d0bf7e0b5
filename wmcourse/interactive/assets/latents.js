/* Sliders over the codes of one or two autoencoders: each decoder draws its picture anew at each movement.
   In the static page every element of class `wm-latents` becomes one; in JupyterLab `WM.latents(root, spec, models)` is called. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const page = document.currentScript; // none in a notebook
  const STOPS = 60; // of a slider
  const WALK = 20;

  WM.latents = async (root, spec, models = WM.models) => {
    const random = WM.random(spec.seed), id = root.id || "wm-latents";
    const thumbnails = spec.pictures.map((src, i) => WM.make("img", { src, alt: `real picture ${i + 1}`, draggable: false }));
    await Promise.all(thumbnails.map((image) => image.decode()));
    const status = WM.make("p", { className: "wm-status" });
    const panels = spec.models.map((each, i) => panel(each, `${id}-${i}`));
    const pictures = thumbnails.map((image) => WM.picture.read(image, panels[0].model.observation));
    let ends = [0, Math.min(1, pictures.length - 1)]; // of the walk

    // ----- one decoder, its picture and its sliders
    function panel({ label, model: name, order, span, dimension }, place) {
      const model = WM.model(models[name]), canvas = WM.make("canvas", { className: "wm-canvas" });
      canvas.setAttribute("role", "img");
      const values = Array.from({ length: STOPS + 1 }, (_, i) => (span * (2 * i - STOPS)) / STOPS);
      const texts = values.map((value) => value.toFixed(span < 10 ? 1 : 0).replace("-", "−"));
      const mine = { model, label, latent: new Float32Array(dimension), shown: null, put, draw };
      const sliders = order.map((axis) => {
        const slider = WM.control(`${place}-${axis}`, { label: `z[${axis}]`, texts, start: STOPS / 2, choice: false }, () => {
          mine.latent[axis] = values[slider.read()];
          say(`${label ? `${label}: ` : ""}z[${axis}] is ${texts[slider.read()]}.`);
          draw();
        });
        return slider;
      });
      const rows = sliders.map(({ row }) => row), first = rows.slice(0, spec.sliders), rest = rows.slice(spec.sliders);
      const more = WM.make("details", {}, WM.make("summary", { textContent: `${rest.length} more` }), WM.make("div", { className: "wm-controls" }, ...rest));
      mine.element = WM.make(
        "div", { className: "wm-panel" },
        WM.make("div", { className: "wm-panel-title", textContent: label }),
        canvas,
        WM.make("div", { className: "wm-controls" }, ...first),
        ...(rest.length ? [more] : []),
      );
      function put(latent) {
        mine.latent = Float32Array.from(latent);
        const place = (value) => Math.round(((value / span + 1) * STOPS) / 2);
        order.forEach((axis, i) => sliders[i].put(Math.max(0, Math.min(STOPS, place(latent[axis])))));
        draw();
      }
      function draw() {
        mine.shown = model.run("decode", { latent: mine.latent }).observation;
        const ratio = window.devicePixelRatio || 1, size = WM.picture.fit(model.observation, Math.max(256, mine.element.clientWidth), ratio);
        canvas.width = Math.round(size.width * ratio);
        canvas.height = Math.round(size.height * ratio);
        Object.assign(canvas.style, { width: `${size.width}px`, height: `${size.height}px` });
        const context = canvas.getContext("2d");
        WM.picture.draw(context, { width: canvas.width, height: canvas.height }, model.observation, mine.shown);
        canvas.setAttribute("aria-label", `What ${label || "the decoder"} draws. ${status.textContent}`);
      }
      return mine;
    }

    // ----- what is done to all of them
    const encode = ({ model }, picture) => model.run("encode", { observation: pictures[picture] }).latent;
    function say(words) { status.textContent = words; }
    function everywhere(words, latent) {
      say(words);
      for (const each of panels) each.put(latent(each));
    }
    function roll() {
      const drawn = Array.from({ length: Math.max(...panels.map(({ latent }) => latent.length)) }, random.normal);
      everywhere("A code drawn at random from N(0, I)." + (panels.length > 1 ? " Both decoders got the same." : ""), ({ latent }) => drawn.slice(0, latent.length));
    }
    function show(picture) {
      if (picture !== ends[1]) ends = [ends[1], picture];
      walk.put(WALK);
      mark();
      everywhere(`Real picture ${picture + 1}, encoded and drawn again.`, (each) => encode(each, picture));
    }
    function step() {
      const share = walk.read() / WALK, [from, to] = ends;
      everywhere(`${Math.round(100 * share)}% of the way from real picture ${from + 1} to ${to + 1}.`, (each) => {
        const start = encode(each, from), end = encode(each, to);
        return start.map((value, i) => (1 - share) * value + share * end[i]);
      });
    }
    function mark() {
      choices.forEach((choice, i) => { choice.dataset.end = i === ends[1] ? "to" : i === ends[0] ? "from" : ""; });
    }
    const button = (text, act) => {
      const element = WM.make("button", { type: "button", className: "wm-button", textContent: text });
      element.addEventListener("click", act);
      return element;
    };
    const choices = thumbnails.map((image, i) => {
      const choice = WM.make("button", { type: "button", className: "wm-button wm-thumbnail", title: "A real picture: encode it" }, image);
      choice.addEventListener("click", () => show(i));
      return choice;
    });
    const texts = Array.from({ length: WALK + 1 }, (_, i) => `${(100 * i) / WALK}%`);
    const walk = WM.control(`${id}-walk`, { label: "Walk between two real pictures", texts, start: 0, choice: false }, step);
    root.append(
      WM.make("div", { className: "wm-buttons" }, button("random code", roll), button("all zeros", () => everywhere("The code of zeros.", ({ latent }) => latent.map(() => 0)))),
      WM.make("div", { className: "wm-buttons wm-thumbnails" }, ...choices),
      WM.make("div", { className: "wm-controls wm-walk" }, walk.row),
      status,
      WM.make("div", { className: "wm-panels" }, ...panels.map(({ element }) => element)),
    );
    root.setAttribute("data-lm-suppress-shortcuts", "true"); // keys are the sliders', not JupyterLab's
    root.wmLatents = panels;
    const shape = new ResizeObserver(() => panels.forEach(({ draw }) => draw()));
    mark();
    step();
    shape.observe(root);
    root.classList.add("wm-ready");
    return () => shape.disconnect();
  };

  if (page) WM.waken("wm-latents", ({ models }) => models.map(({ model }) => model), WM.latents);
})();
