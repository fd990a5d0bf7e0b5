/* The Player: push the real world and its dream, look, change the temperature, let the agent play.
   Nothing moves unasked, so that a reader who prefers reduced motion has it.
   In the static page every element of class `wm-player` becomes one; in JupyterLab `WM.player(root, spec, payload)` is called. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const page = document.currentScript; // none in a notebook
  const RATE = 20; // steps a second: CartPole's own 50 are too fast to steer
  const TAP = 0.2; // s: a shorter press is one push

  WM.player = (root, spec, payload = WM.models[spec.model]) => {
    const world = WM.worlds[spec.world], model = WM.model(payload);
    const duet = (root.wmPlayer = WM.duet(world, model, { seed: spec.seed }));
    const stage = WM.stage(root, world), id = root.id || `wm-player-${spec.model}`;
    let playing = false, script = null, held = [], spare = 0, last = 0, frame = 0, inSight = true, left = false, turn = 0, best = 0;

    // ----- elements
    const status = WM.make("p", { className: "wm-status" });
    const button = (text, label, act) => {
      const element = WM.make("button", { type: "button", className: "wm-button", textContent: text, title: label });
      element.setAttribute("aria-label", label);
      if (act) element.addEventListener("click", act);
      return element;
    };
    const pushes = world.pushes.map(({ text, label }, action) => {
      const element = button(text, label, (event) => { if (event.detail === 0) tap(action); }); // by Enter or Space
      element.classList.add("wm-push");
      element.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        root.focus({ preventScroll: true });
        element.setPointerCapture(event.pointerId); // a finger may slide off
        hold(`pointer ${event.pointerId}`, action);
      });
      for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
        element.addEventListener(end, (event) => release(`pointer ${event.pointerId}`));
      element.addEventListener("contextmenu", (event) => event.preventDefault());
      return element;
    });
    const look = button("look", "Look: correct the dream by what is real", () => { duet.look(); draw(); });
    const play = button("play", "Play or pause", () => (playing ? pause() : begin()));
    const step = button("step", "One step", () => { pause(); advance(); draw(); });
    const restart = button("restart", "Restart", () => { renew(); if (driver.read() > 0) begin(); });
    const agent = spec.agent || "the agent";
    const hands = [
      { name: "you", action: () => turn++ % world.pushes.length },
      ...(model.knows("act") ? [{ name: agent, action: () => duet.choose() }] : []),
      { name: "chance", action: () => duet.chance(world.pushes.length) },
    ];
    const choice = (name, label, texts, moved) => WM.control(`${id}-${name}`, { label, texts, start: 0, choice: true }, moved);
    const driver = choice("driver", "Who pushes", hands.map((hand) => hand.name), () => {
      script = null;
      if (driver.read() > 0) begin();
      else pause();
    });
    const cover = choice("cover", "Real cart", ["shown", "hidden until it falls"], () => draw());
    const knob = (name) =>
      WM.control(`${id}-${name}`, spec[name], () => {
        duet[name] = spec[name].values[control[name].read()];
        draw();
      });
    const control = { peekEvery: knob("peekEvery"), temperature: knob("temperature") };
    const presets = [
      { text: "let it fall", hand: 0, script: () => world.pushes.length - 1 },
      ...(model.knows("act")
        ? [{ text: `${agent}, eyes open`, hand: 1, peekEvery: 1 }, { text: `${agent}, eyes closed`, hand: 1 }]
        : []),
    ];
    const rows = [driver, cover, control.peekEvery, control.temperature].map(({ row }) => row);
    const keyboard = "Keys: ← and → push, L looks, R restarts, space plays.";
    root.append(
      stage.scenes,
      WM.make("div", { className: "wm-buttons" }, ...pushes, look, play, step, restart),
      stage.meter,
      status,
      WM.make("div", { className: "wm-buttons wm-presets" }, ...presets.map((preset) => button(preset.text, `Show: ${preset.text}`, () => show(preset)))),
      WM.make("div", { className: "wm-controls" }, ...rows),
      WM.make("p", { className: "wm-keys", textContent: keyboard }),
    );
    root.tabIndex = 0;
    root.setAttribute("role", "group");
    root.setAttribute("data-lm-suppress-shortcuts", "true"); // keys are the player's, not JupyterLab's

    // ----- time
    function renew(start) {
      stop();
      turn = 0;
      duet.temperature = spec.temperature.values[control.temperature.read()];
      duet.peekEvery = spec.peekEvery.values[control.peekEvery.read()];
      duet.restart(start);
      draw();
    }
    function show({ hand, peekEvery = null, script: scripted = null }) {
      driver.put(hand);
      cover.put(0);
      control.temperature.put(spec.temperature.start);
      control.peekEvery.put(Math.max(0, spec.peekEvery.values.indexOf(peekEvery)));
      renew(spec.start);
      stage.scenes.scrollIntoView({ block: "nearest" });
      script = scripted;
      begin();
    }
    function advance() {
      const hand = held.length ? held[held.length - 1].action : (script || hands[driver.read()].action)();
      const moved = duet.step(hand);
      if (duet.fell === duet.steps && driver.read() === 0 && !script) best = Math.max(best, duet.fell);
      return moved;
    }
    function tap(action) {
      hold("tap", action);
      release("tap");
    }
    function hold(by, action) {
      if (held.some((one) => one.by === by)) return;
      if (duet.stopped) renew();
      script = null;
      held.push({ by, action });
      advance();
      draw();
      wake(-TAP * RATE);
    }
    function release(by) {
      held = held.filter((one) => one.by !== by);
    }
    function begin() {
      if (duet.stopped) renew();
      playing = true;
      wake();
      draw();
    }
    function stop() {
      playing = left = false;
      script = null;
      held = [];
    }
    function pause() {
      stop();
      draw();
    }
    function wake(due = 0) {
      if (frame) return;
      last = performance.now();
      spare = due;
      frame = requestAnimationFrame(tick);
    }
    function tick(now) {
      frame = 0;
      if (duet.stopped) return pause();
      if (!inSight || document.hidden) return leave();
      if (!playing && !held.length) return;
      spare = Math.min(spare + ((now - last) / 1000) * RATE, 2);
      last = now;
      let moved = false;
      for (; spare >= 1; spare--) moved = advance() || moved;
      if (moved) draw();
      frame = requestAnimationFrame(tick);
    }
    function leave() { // out of sight; what was playing goes on when it is back
      const resume = playing || left, scripted = script;
      stop();
      [left, script] = [resume, scripted];
      draw();
    }

    function back() {
      left = false;
      playing = true;
      wake();
      draw();
    }

    // ----- words
    function told() {
      if (duet.steps === 0) return "Time stands still until somebody pushes.";
      const hidden = cover.read() === 1 && duet.fell === null;
      const words = [`Step ${duet.steps}.`];
      if (duet.perfect) words.push(`${world.limit} steps: a perfect score!`);
      if (duet.fell !== null) words.push(`The real game was over at step ${duet.fell}: ${duet.why}.`);
      if (duet.fell !== null && best > 0) words.push(`Your best: ${best} steps.`);
      if (!hidden) words.push(world.describe(duet.real, duet.dream));
      if (duet.stopped) words.push("Push to begin again.");
      else if (playing && !script && driver.read() === 0 && !held.length) words.push("Left and right take turns until you push.");
      return words.join(" ");
    }
    function draw() {
      stage.draw(duet, cover.read() === 1 && duet.fell === null);
      status.textContent = told();
      stage.scenes.setAttribute("aria-label", `${spec.title}: real and dreamed. ${status.textContent}`);
      play.textContent = playing ? "pause" : "play";
      root.dataset.step = duet.steps;
      root.dataset.playing = playing;
    }

    // ----- keys, sight, size
    const keys = Object.fromEntries(world.pushes.map(({ key }, action) => [key, action]));
    const elsewhere = (target) => target.closest && target.closest("input, select, textarea, [contenteditable], .cm-editor");
    const mine = (event) => root.contains(event.target) || (page && WM.active === root && inSight);
    function press(event) {
      if (event.altKey || event.ctrlKey || event.metaKey || elsewhere(event.target) || !mine(event)) return;
      const inside = root.contains(event.target);
      if (event.key in keys) { if (!event.repeat) hold(event.key, keys[event.key]); }
      else if (inside && event.key === "l") look.click();
      else if (inside && event.key === "r") restart.click();
      else if (event.target === root && event.key === " ") play.click();
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
    const lift = (event) => release(event.key);
    const away = () => { held = []; };
    (page ? document : root).addEventListener("keydown", press);
    document.addEventListener("keyup", lift);
    window.addEventListener("blur", away);
    stage.scenes.addEventListener("pointerdown", () => root.focus({ preventScroll: true }));
    root.addEventListener("focusin", () => (WM.active = root));
    const sight = new IntersectionObserver(([entry]) => {
      inSight = entry.isIntersecting;
      if (!inSight && (playing || held.length)) leave();
      if (inSight && left) back();
      if (inSight && !WM.active) WM.active = root;
      if (!inSight && WM.active === root) WM.active = null; // another one in sight takes the keys
    });
    sight.observe(root);
    const shape = new ResizeObserver(() => draw());
    shape.observe(root);
    const theme = new MutationObserver(() => draw());
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "data-mode"] });
    renew(spec.start); // the first start is the author's, the later ones are drawn
    root.classList.add("wm-ready");
    return () => {
      stop();
      cancelAnimationFrame(frame);
      document.removeEventListener("keyup", lift);
      document.removeEventListener("keydown", press);
      window.removeEventListener("blur", away);
      for (const observer of [sight, shape, theme]) observer.disconnect();
    };
  };

  // In the static page: wake each player when it comes near; its model is loaded then.
  function start() {
    const near = new IntersectionObserver(
      (entries) => entries.filter((entry) => entry.isIntersecting).forEach(async ({ target }) => {
        near.unobserve(target);
        const spec = JSON.parse(target.querySelector(".wm-data").textContent);
        try {
          await WM.load(`models/${spec.model}.js`);
        } catch {
          target.querySelector(".wm-hint").textContent = "The model could not be loaded. Reload the page to try again.";
          return;
        }
        target.querySelector(".wm-still").remove();
        WM.player(target, spec);
      }),
      { rootMargin: "400px" },
    );
    document.querySelectorAll(".wm-player:not(.wm-ready)").forEach((root) => near.observe(root));
  }
  if (page && document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else if (page) start();
})();
