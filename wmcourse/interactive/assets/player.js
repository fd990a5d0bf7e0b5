/* The Player: push the real world and its dream, look, change the temperature, let the agent play.
   Nothing moves unasked, so that a reader who prefers reduced motion has it.
   In the static page every element of class `wm-player` becomes one; in JupyterLab `WM.player(root, spec)` is called. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const here = document.currentScript && document.currentScript.src;
  const RATE = 20; // steps a second: CartPole's own 50 are too fast to steer
  const SHOWN_STEPS = 150; // of the error meter
  const FLASH_STEPS = 4; // for which a corrected dream is teal
  const WIDE = 560; // px from which the two worlds stand side by side

  WM.player = (root, spec) => {
    const world = WM.worlds[spec.world], model = WM.model(WM.models[spec.model]);
    const duet = (root.wmPlayer = WM.duet(world, model, { seed: spec.seed }));
    const id = root.id || `wm-player-${spec.model}`;
    let playing = false, held = null, spare = 0, last = 0, frame = 0, inSight = true, turn = 0;

    // ----- elements
    const canvas = WM.make("canvas", { className: "wm-canvas" });
    canvas.setAttribute("role", "img");
    const status = WM.make("p", { className: "wm-status" });
    const button = (text, label, act) => {
      const element = WM.make("button", { type: "button", className: "wm-button", textContent: text, title: label });
      element.setAttribute("aria-label", label);
      if (act) element.addEventListener("click", act);
      return element;
    };
    const pushes = world.pushes.map(({ text, label }, action) => {
      const element = button(text, label, (event) => { if (event.detail === 0) once(action); }); // by Enter or Space
      element.classList.add("wm-push");
      element.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        root.focus({ preventScroll: true });
        hold(action);
      });
      for (const end of ["pointerup", "pointercancel", "pointerleave"]) element.addEventListener(end, () => release(action));
      element.addEventListener("contextmenu", (event) => event.preventDefault());
      return element;
    });
    const look = button("look", "Look: correct the dream by what is real", () => { duet.look(); draw(); });
    const play = button("play", "Play or pause", () => (playing ? pause() : begin()));
    const step = button("step", "One step", () => { pause(); advance(); draw(); });
    const restart = button("restart", "Restart", () => { pause(); begun(); draw(); });
    const hands = [
      { text: "you", action: () => (held === null ? turn++ % world.pushes.length : held) },
      ...(model.knows("act") ? [{ text: spec.agent || "the agent", action: () => duet.choose() }] : []),
      { text: "chance", action: () => duet.chance(world.pushes.length) },
    ];
    const driver = WM.control(`${id}-driver`, { label: "Who pushes", texts: hands.map((hand) => hand.text), start: 0, choice: true }, () => {
      if (driver.read() > 0) begin();
      draw();
    });
    const cover = WM.control(`${id}-cover`, { label: "Real cart", texts: ["shown", "hidden until it falls"], start: 0, choice: true }, () => draw());
    const knob = (name) =>
      WM.control(`${id}-${name}`, spec[name], () => {
        duet[name] = spec[name].values[control[name].read()];
        draw();
      });
    const control = { peekEvery: knob("peekEvery"), temperature: knob("temperature") };
    const rows = [driver, cover, control.peekEvery, control.temperature].map(({ row }) => row);
    root.append(
      canvas,
      status,
      WM.make("div", { className: "wm-buttons" }, ...pushes, look, play, step, restart),
      WM.make("div", { className: "wm-controls" }, ...rows),
    );
    root.tabIndex = 0;
    root.setAttribute("role", "group");
    root.setAttribute("data-lm-suppress-shortcuts", "true"); // keys are the player's, not JupyterLab's

    // ----- time
    function begun() {
      turn = 0;
      duet.temperature = spec.temperature.values[control.temperature.read()];
      duet.peekEvery = spec.peekEvery.values[control.peekEvery.read()];
      duet.restart(duet.real ? undefined : spec.start); // the first start is the author's, the others are drawn
    }
    const mover = () => (held !== null ? { action: () => held } : hands[driver.read()]);
    const advance = () => duet.step(mover().action());
    function once(action) {
      duet.step(action);
      draw();
    }
    function hold(action) {
      if (held === action) return;
      held = action;
      once(action);
      wake();
    }
    function release(action) {
      if (held === action) held = null;
    }
    function begin() {
      if (duet.stopped) begun();
      playing = true;
      wake();
      draw();
    }
    function pause() {
      playing = false;
      held = null;
      draw();
    }
    function wake() {
      if (frame) return;
      last = performance.now();
      spare = 0;
      frame = requestAnimationFrame(tick);
    }
    function tick(now) {
      frame = 0;
      if (!inSight || document.hidden || duet.stopped) return pause();
      if (!playing && held === null) return;
      spare = Math.min(spare + ((now - last) / 1000) * RATE, 2);
      last = now;
      let moved = false;
      for (; spare >= 1; spare--) moved = advance() || moved;
      if (moved) draw();
      frame = requestAnimationFrame(tick);
    }

    // ----- pictures
    function draw() {
      const width = Math.max(256, root.clientWidth - 2 * parseFloat(getComputedStyle(root).paddingLeft || 0)), wide = width >= WIDE;
      const gap = 16, panel = wide ? (width - gap) / 2 : width, title = 22;
      const scene = Math.round(panel * world.aspect), meter = 76;
      const height = (wide ? 1 : 2) * (title + scene) + meter + 12, ratio = window.devicePixelRatio || 1;
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
        canvas.style.width = `${width}px`;
        canvas.style.height = `${height}px`;
      }
      const style = getComputedStyle(root), color = (name) => style.getPropertyValue(name).trim();
      const context = canvas.getContext("2d");
      const size = { width: panel, height: scene, line: color("--wm-track") };
      const hidden = cover.read() === 1 && duet.fell === null;
      const recent = duet.history.slice(-FLASH_STEPS).some((entry) => entry.looked) && duet.steps > 0;
      const shade = color(recent ? "--wm-corrected" : "--wm-imagined");
      const at = (x, y, paint) => {
        context.save();
        context.translate(x, y);
        paint();
        context.restore();
      };
      const text = (words, x, y, paint, bold) => {
        context.font = `${bold ? "600 " : ""}14px ${style.fontFamily}`;
        context.fillStyle = paint;
        context.fillText(words, x, y);
      };
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      at(0, 0, () => {
        text("real", 0, 15, color("--wm-real"), true);
        if (duet.fell !== null) text(`over at step ${duet.fell}: ${world.over(duet.real) || "out of bounds"}`, 42, 15, color("--wm-muted"));
      });
      at(0, title, () => {
        if (hidden) text("You know only what the model believes.", 0, scene / 2, color("--wm-muted"));
        else world.draw(context, size, duet.real, color("--wm-real"));
      });
      at(wide ? panel + gap : 0, wide ? 0 : title + scene, () => {
        text("dream", 0, 15, shade, true);
        text(`${Math.round(100 * duet.continues)}% sure that it goes on`, 58, 15, color("--wm-muted"));
      });
      at(wide ? panel + gap : 0, (wide ? 1 : 2) * title + (wide ? 0 : scene), () => {
        if (!hidden) world.draw(context, size, duet.real, color("--wm-muted"), { ghost: true });
        world.draw(context, size, duet.dream, shade);
      });
      if (!hidden) at(0, height - meter, () => errors(context, width, meter, color, text));
      const words = hidden ? "" : world.describe(duet.real, duet.dream);
      const hint = duet.steps === 0 ? "Time stands still until somebody pushes. " : "";
      status.textContent = `${hint}Step ${duet.steps}. ${words}${duet.stopped ? " Restart to go on." : ""}`;
      canvas.setAttribute("aria-label", `${spec.title}: real and dreamed. ${status.textContent}`);
      play.textContent = playing ? "pause" : "play";
      root.dataset.step = duet.steps;
      root.dataset.playing = playing;
    }

    function errors(context, width, height, color, text) {
      const { name, unit, least } = world.meter, entries = duet.history.slice(-SHOWN_STEPS);
      const most = Math.max(least, ...entries.map((entry) => entry.expected));
      const left = 5, top = 22, bottom = height - 5;
      const x = (i) => left + ((width - left - 6) * i) / (SHOWN_STEPS - 1), y = (error) => bottom - ((bottom - top) * error) / most;
      text(`${name}: ${duet.error().toFixed(1)}${unit}`, 0, 14, color("--wm-muted"));
      const peak = `top of the scale: ${most.toFixed(0)}${unit}`;
      text(peak, width - context.measureText(peak).width, 14, color("--wm-muted"));
      context.strokeStyle = color("--wm-track");
      context.lineWidth = 1;
      context.strokeRect(0.5, top - 0.5, width - 1, bottom - top + 4);
      context.strokeStyle = color("--wm-imagined");
      context.lineWidth = 2;
      context.beginPath();
      entries.forEach((entry, i) => {
        context[i ? "lineTo" : "moveTo"](x(i), y(entry.expected));
        if (entry.looked) context.lineTo(x(i), y(entry.corrected));
      });
      context.stroke();
      context.fillStyle = color("--wm-corrected");
      entries.forEach((entry, i) => {
        if (!entry.looked) return;
        context.beginPath();
        context.arc(x(i), y(entry.corrected), 3.5, 0, 2 * Math.PI);
        context.fill();
      });
    }

    // ----- keys, sight, size
    const keys = Object.fromEntries(world.pushes.map(({ key }, action) => [key, action]));
    const elsewhere = (target) => target.closest && target.closest("input, select, textarea, [contenteditable], .cm-editor");
    const mine = (event) => root.contains(event.target) || (here && WM.active === root && inSight);
    function press(event) {
      if (event.altKey || event.ctrlKey || event.metaKey || elsewhere(event.target) || !mine(event)) return;
      if (event.key in keys) hold(keys[event.key]);
      else if (root.contains(event.target) && event.key === "l") look.click();
      else if (root.contains(event.target) && event.key === "r") restart.click();
      else if (event.target === root && event.key === " ") play.click();
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
    const lift = (event) => { if (event.key in keys) release(keys[event.key]); };
    (here ? document : root).addEventListener("keydown", press);
    document.addEventListener("keyup", lift);
    window.addEventListener("blur", pause);
    canvas.addEventListener("pointerdown", () => root.focus({ preventScroll: true }));
    root.addEventListener("focusin", () => (WM.active = root));
    const sight = new IntersectionObserver(([entry]) => {
      inSight = entry.isIntersecting;
      if (!inSight && (playing || held !== null)) pause();
      if (inSight && !WM.active) WM.active = root;
    });
    sight.observe(root);
    const shape = new ResizeObserver(() => draw());
    shape.observe(root);
    const theme = new MutationObserver(() => draw());
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "data-mode"] });
    begun();
    root.classList.add("wm-ready");
    draw();
    return () => {
      pause();
      cancelAnimationFrame(frame);
      document.removeEventListener("keyup", lift);
      document.removeEventListener("keydown", press);
      window.removeEventListener("blur", pause);
      for (const observer of [sight, shape, theme]) observer.disconnect();
    };
  };

  // In the static page: wake each player when it comes near, and load its model once, from the same folder.
  function start() {
    const near = new IntersectionObserver(
      (entries) => entries.filter((entry) => entry.isIntersecting).forEach(async ({ target }) => {
        near.unobserve(target);
        const spec = JSON.parse(target.querySelector(".wm-data").textContent);
        await WM.load(`models/${spec.model}.js`);
        target.querySelector(".wm-still").remove();
        WM.player(target, spec);
      }),
      { rootMargin: "400px" },
    );
    document.querySelectorAll(".wm-player:not(.wm-ready)").forEach((root) => near.observe(root));
  }
  if (here) {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
    else start();
  }
})();
