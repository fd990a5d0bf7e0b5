/* The PlanningBoard: swing up a pendulum, then watch a planner do it, one iteration of its search at a time if you like.
   Nothing moves unasked, so that a reader who prefers reduced motion has it. In the static page every element of class
   `wm-planning` becomes one; in JupyterLab `WM.planning(root, spec, models)` is called. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const page = document.currentScript; // none in a notebook
  const THINK = 12; // ms of each frame in which the planner may think
  const LATE = 2; // steps that a slow page makes up for
  const TAP = 200; // ms: how long a press of Enter holds a button
  const LOOK = 400, STEP = 120; // ms for which slow motion shows an iteration, a step
  const KINDS = Object.keys(WM.planned.names);

  WM.planning = (root, spec, models = WM.models) => {
    const world = WM.pendulum, id = root.id || "wm-planning";
    const minds = [{ label: spec.truth }, ...spec.models];
    const dreams = minds.map(({ model }) => (model ? WM.imagination(world, WM.model(models[model])) : WM.truth(world)));
    const game = (root.wmPlanning = WM.swing(world, dreams, spec.own, spec.seed));
    const board = WM.planboard(root, world);
    const words = WM.planned.words(game, minds.map(({ label }) => label));
    let playing = false, hand = "you", held = [], closely = false, left = false, failure = "";
    let frame = 0, last = 0, spare = 0, next = 0;

    // ----- elements
    const status = WM.make("p", { className: "wm-status" });
    const button = (textContent, label, act, name = "") => {
      const element = WM.make("button", { type: "button", className: `wm-button ${name}`, textContent, title: label });
      element.setAttribute("aria-label", label);
      if (act) element.addEventListener("click", act);
      return element;
    };
    const turn = (text, label, torque) => {
      const entered = (event) => { if (event.detail === 0) tap(torque); }; // by Enter or Space
      const element = button(text, label, entered, "wm-push");
      element.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        root.focus({ preventScroll: true });
        element.setPointerCapture(event.pointerId); // a finger may slide off
        hold(`pointer ${event.pointerId}`, torque);
      });
      for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
        element.addEventListener(end, (event) => release(`pointer ${event.pointerId}`));
      element.addEventListener("contextmenu", (event) => event.preventDefault());
      return element;
    };
    const watching = () => playing && hand === "planner";
    const play = button("", "Watch the planner, or pause", () => (watching() ? pause() : watch()), "wm-watch");
    const step = button("step", "Step: one iteration of the search, or one step of its plan", advance);
    const kick = button("kick it", "Kick the pendulum", () => { game.kick(); draw(); });
    const hang = button("restart", "Restart, hanging down", () => renew(world.hanging()));
    const anywhere = button("random start", "Restart anywhere", () => renew(game.elsewhere()));
    const described = {
      dream: { label: "Imagine with", texts: minds.map(({ label }) => label), start: spec.dream, choice: true },
      planner: { label: "Search by", texts: Object.values(WM.planned.names), start: KINDS.indexOf(spec.planner), choice: true },
      pace: { label: "Watch", texts: ["in real time", "slowly: every iteration"], start: 0, choice: true },
      ...spec.controls,
    };
    const control = {};
    for (const name in described) control[name] = WM.control(`${id}-${name}`, described[name], () => adjust());
    const presets = [
      { text: "CEM", label: "CEM over the true equations", set: { dream: 0, planner: "cem" } },
      { text: "one iteration", set: { iterations: 1 } },
      { text: "horizon 3: short-sighted", set: { horizon: 3 } },
      { text: "one look a second", set: { planEvery: 20 } },
    ];
    minds.forEach(({ early, label }, dream) => {
      if (early) presets.push({ text: `${label}: does it keep its promises?`, set: { dream } });
    });
    const made = presets.map(({ text, label = text, set }) => button(text, `Show: ${label}`, () => show(set)));
    const row = (name, ...children) => WM.make("div", { className: name }, ...children);
    const note = (name, textContent) => WM.make("p", { className: name, textContent });
    root.append(
      row(
        "wm-buttons",
        turn("← turn ↻", `Turn clockwise, ${world.most} N m`, -world.most),
        turn("turn ↺ →", `Turn counterclockwise, ${world.most} N m`, world.most),
        play,
      ),
      status,
      board.element,
      note("wm-note", "Time runs outwards: inside the circle what was, outside of it what may come."),
      row("wm-buttons", step, kick, hang, anywhere),
      row("wm-buttons wm-presets", ...made),
      row("wm-controls", ...Object.values(control).map((each) => each.row)),
      note("wm-keys", "Keys: ← and → turn, space lets the planner play, S steps, K kicks, R restarts."),
    );
    root.tabIndex = 0;
    root.setAttribute("role", "group");
    root.setAttribute("data-lm-suppress-shortcuts", "true"); // keys are the board's, not JupyterLab's

    // ----- what the sliders say
    function adjust() {
      const number = (name) => spec.controls[name].values[control[name].read()];
      for (const name in spec.controls) game[name] = number(name);
      Object.assign(game, { dream: control.dream.read(), planner: KINDS[control.planner.read()] });
      idle("iterations", game.planner === "shooting");
      idle("temperature", game.planner !== "mppi");
      if (playing) closely = slow();
      game.forget();
      draw();
    }
    function idle(name, off) { // a slider that this search does not have
      control[name].row.classList.toggle("wm-idle", off);
      control[name].row.querySelector("input").disabled = off;
    }
    function show(changes) {
      const set = { dream: spec.dream, planner: spec.planner, ...changes };
      control.dream.put(set.dream);
      control.planner.put(KINDS.indexOf(set.planner));
      for (const [name, { values, start }] of Object.entries(spec.controls))
        control[name].put(name in set ? values.indexOf(set[name]) : start);
      adjust();
      renew();
      watch();
      board.scene.scrollIntoView({ block: "nearest" });
    }

    // ----- time
    function tick(now) {
      frame = 0;
      if (game.over) pause();
      if (!playing) return;
      if (!attention.seen()) return leave();
      spare = Math.min(spare + (now - last) / 1000 / world.time, LATE);
      last = now;
      let moved = false;
      if (hand === "you") {
        for (; spare >= 1; spare--, moved = true) game.step(held.length ? held[held.length - 1].torque : 0, "you");
      } else if (slow()) {
        if (now >= next) next = now + (think(move) ? LOOK : STEP), moved = true;
      } else {
        if (game.due) moved = think(() => game.think({ budget: THINK }));
        if (!game.due && spare >= 1) game.follow(), spare--, moved = true;
      }
      if (moved) draw();
      frame = requestAnimationFrame(tick);
    }
    const slow = () => control.pace.read() === 1;
    /* One iteration (true), or one step of the plan. */
    function move() {
      if (!game.due) return game.follow(), false;
      return game.think({ once: true }), true;
    }
    function think(act) {
      failure = "";
      try {
        return act();
      } catch (error) {
        game.forget();
        failure = `The search failed: ${error.message}.`;
        pause();
        return false;
      }
    }
    function advance() {
      take("planner");
      stop();
      closely = true;
      think(move);
      draw();
    }
    /* Whose turn it is: another hand begins again, from the same start. */
    function take(whose) {
      if (game.over || (game.by && game.by !== whose)) game.restart();
      hand = whose;
    }
    function watch() {
      take("planner");
      closely = slow();
      begin();
    }
    function begin() {
      playing = true;
      left = false;
      [last, spare] = [performance.now(), 0];
      if (!frame) frame = requestAnimationFrame(tick);
      draw();
    }
    function stop() {
      playing = left = false;
      held = [];
    }
    function pause() {
      stop();
      draw();
    }
    function leave() { // out of sight; what was playing goes on when it is back
      if (playing) [playing, left, held] = [false, true, []];
      draw();
    }
    function renew(start) {
      stop();
      failure = "";
      game.restart(start);
      draw();
    }
    function hold(by, torque) {
      if (held.some((one) => one.by === by)) return;
      if (hand !== "you") stop();
      take("you");
      failure = "";
      held.push({ by, torque });
      if (!playing) begin();
    }
    function release(by) {
      held = held.filter((one) => one.by !== by);
    }
    function tap(torque) {
      hold("tap", torque);
      setTimeout(() => release("tap"), TAP);
    }

    // ----- pictures and words
    function draw() {
      board.draw(game, { closely, banner: words.banner() });
      status.textContent = failure || words.told(hand, closely);
      board.scene.setAttribute("aria-label", `${spec.title}: a pendulum. ${status.textContent}`);
      const begun = hand === "planner" && game.steps > 0 && !game.over;
      play.textContent = watching() ? "pause" : begun ? "go on" : "watch the planner";
      root.dataset.step = game.steps;
      root.dataset.playing = playing;
    }

    // ----- keys, sight, size
    const keys = { ArrowLeft: -world.most, ArrowRight: world.most };
    const acts = { " ": play, s: step, k: kick, r: hang };
    const attention = WM.attend(root, page, {
      press(event, inside) {
        if (event.key in keys) { if (!event.repeat) hold(event.key, keys[event.key]); }
        else if (inside && event.key in acts && (event.key !== " " || event.target === root)) acts[event.key].click();
        else return false;
        return true;
      },
      lift: release,
      away: () => { held = []; },
      leave,
      back: () => { if (left) begin(); },
      draw: () => draw(),
    });
    board.scene.addEventListener("pointerdown", () => root.focus({ preventScroll: true }));
    adjust();
    root.classList.add("wm-ready");
    return () => {
      stop();
      cancelAnimationFrame(frame);
      attention.end();
    };
  };

  if (page) WM.waken("wm-planning", ({ models }) => models.map(({ model }) => model), WM.planning);
})();
