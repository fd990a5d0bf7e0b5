/* The Player: act in the real world and in its dream, or in the dream alone; look, change the temperature, let an agent play.
   Nothing moves unasked, so that a reader who prefers reduced motion has it.
   In the static page every element of class `wm-player` becomes one; in JupyterLab `WM.player(root, spec, models)` is called. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const page = document.currentScript; // none in a notebook
  const TAP = 0.2; // s: a shorter press is one step

  WM.player = (root, spec, models = WM.models) => {
    const world = WM.worlds[spec.world], model = WM.model(models[spec.model]), alone = spec.dreamOnly;
    const own = model.knows("act") ? [{ name: spec.agent, model }] : [];
    const agents = [...own, ...spec.agents.map(({ name, payload }) => ({ name, model: WM.model(payload) }))];
    const options = { seed: spec.seed, agents: agents.map((agent) => agent.model) };
    const game = (root.wmPlayer = (alone ? WM.solo : WM.duet)(world, model, options));
    const { button } = WM, stage = WM.stage(root, world), id = root.id || `wm-player-${spec.model}`;
    let playing = false, script = null, held = [], tapped = null, left = false, turn = 0, helped = false, best = 0;

    // ----- elements
    const status = WM.make("p", { className: "wm-status" });
    const pushes = world.pushes.map(({ action, text, label }) => {
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
    const look = button("look", "Look: correct the dream by what is real", () => { game.look(); draw(); });
    const play = button("play", "Play or pause", () => (playing ? pause() : begin()));
    const step = button("step", "One step", () => { pause(); advance(); draw(); });
    const restart = button("restart", "Restart", () => { renew(); if (driver.read() > 0) begin(); });
    const hands = [
      { name: "you", action: () => world.idle(turn++) },
      ...agents.map(({ name }, agent) => ({ name, action: () => game.choose(agent) })),
      { name: "chance", action: () => game.chance() },
    ];
    const choice = (name, label, texts, moved) => WM.control(`${id}-${name}`, { label, texts, start: 0, choice: true }, moved);
    const driver = choice("driver", world.words.driver, hands.map((hand) => hand.name), () => {
      script = null;
      if (driver.read() > 0) begin();
      else pause();
    });
    const [covered, uncovered] = world.words.cover;
    const cover = choice("cover", covered, ["shown", uncovered], () => draw());
    const knob = (name) =>
      WM.control(`${id}-${name}`, spec[name], () => {
        game[name] = spec[name].values[control[name].read()];
        draw();
      });
    const control = { ...(alone ? {} : { peekEvery: knob("peekEvery") }), temperature: knob("temperature") };
    const presets = [
      { text: world.preset.text, hand: 0, script: () => world.preset.action },
      ...agents.flatMap(({ name }, agent) =>
        alone
          ? [{ text: `${name} plays`, hand: 1 + agent }]
          : [{ text: `${name}, eyes open`, hand: 1 + agent, peekEvery: 1 }, { text: `${name}, eyes closed`, hand: 1 + agent }]),
    ];
    const rows = [driver, ...(alone ? [] : [cover]), ...Object.values(control)].map(({ row }) => row);
    const keyboard = `Keys: ← and → ${world.words.verb}, ${alone ? "" : "L looks, "}R restarts, space plays.`;
    root.append(
      stage.scenes,
      WM.make("div", { className: "wm-buttons" }, ...pushes, ...(alone ? [] : [look]), play, step, restart),
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
    const clock = WM.clock({ rate: world.rate, going, step: advance, draw: () => draw() });
    function renew(start) {
      stop();
      [turn, helped] = [0, false];
      for (const name in control) game[name] = spec[name].values[control[name].read()];
      game.restart(start);
      draw();
    }
    function show({ hand, peekEvery = null, script: scripted = null }) {
      driver.put(hand);
      if (!alone) {
        cover.put(0);
        control.temperature.put(spec.temperature.start);
        control.peekEvery.put(Math.max(0, spec.peekEvery.values.indexOf(peekEvery)));
      }
      renew(spec.start);
      stage.scenes.scrollIntoView({ block: "nearest" });
      script = scripted;
      begin();
    }
    function advance() {
      const pushed = held.length ? held[held.length - 1].action : tapped;
      const moved = game.step(pushed ?? (script || hands[driver.read()].action)());
      helped = helped || (pushed === null && Boolean(script || driver.read() > 0));
      tapped = null;
      if ((game.fell === game.steps || game.perfect) && !helped) best = Math.max(best, game.score);
      return moved;
    }
    function tap(action) {
      hold("tap", action);
      release("tap");
    }
    function hold(by, action) {
      if (held.some((one) => one.by === by) || (game.stopped && world.flows)) return; // who holds on does not begin again
      if (game.stopped) renew();
      script = null;
      held.push({ by, action });
      if (playing && world.flows) tapped = action; // short as it may be, it counts
      else advance();
      if (!world.flows) clock.start(TAP);
      else if (!game.stopped) begin();
      draw();
    }
    function release(by) {
      held = held.filter((one) => one.by !== by);
    }
    function begin() {
      if (game.stopped) renew();
      playing = true;
      clock.start();
      draw();
    }
    function stop() {
      playing = left = false;
      script = tapped = null;
      held = [];
    }
    function pause() {
      stop();
      draw();
    }
    function going() {
      if (game.stopped) pause();
      else if (!attention.seen()) leave();
      return playing || held.length > 0;
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
      clock.start();
      draw();
    }

    // ----- words
    function told() {
      if (game.steps === 0) return world.words.still;
      const words = [`Step ${game.steps}.`];
      if (game.perfect) words.push(`${world.limit} steps: a perfect score!`);
      words.push(...game.words(hidden()));
      if (best > 0 && (alone || game.fell !== null)) words.push(`Your best: ${best} steps.`);
      if (game.stopped) words.push(world.words.again);
      else if (playing && !script && driver.read() === 0 && !held.length) words.push(world.words.idle);
      return words.join(" ");
    }
    const hidden = () => !alone && cover.read() === 1 && game.fell === null;
    function draw() {
      stage.draw(game, hidden());
      status.textContent = told();
      stage.scenes.setAttribute("aria-label", `${spec.title}: ${alone ? "dreamed" : "real and dreamed"}. ${status.textContent}`);
      play.textContent = playing ? "pause" : "play";
      restart.textContent = game.stopped && world.flows ? "play again" : "restart";
      restart.classList.toggle("wm-again", game.stopped && world.flows);
      root.dataset.step = game.steps;
      root.dataset.playing = playing;
    }

    // ----- keys, sight, size
    const keys = Object.fromEntries(world.pushes.map(({ key, action }) => [key, action]));
    const attention = WM.attend(root, page, {
      press(event, inside) {
        if (event.key in keys) { if (!event.repeat) hold(event.key, keys[event.key]); }
        else if (inside && !alone && event.key === "l") look.click();
        else if (inside && event.key === "r") restart.click();
        else if (event.target === root && event.key === " ") play.click();
        else return false;
        return true;
      },
      lift: release,
      away: () => { held = []; },
      leave: () => { if (playing || held.length) leave(); },
      back: () => { if (left) back(); },
      draw: () => draw(),
    });
    stage.scenes.addEventListener("pointerdown", () => root.focus({ preventScroll: true }));
    renew(spec.start); // the first start is the author's, the later ones are drawn
    root.classList.add("wm-ready");
    return () => {
      stop();
      clock.end();
      attention.end();
    };
  };

  if (page) WM.waken("wm-player", (spec) => [spec.model], WM.player);
})();
