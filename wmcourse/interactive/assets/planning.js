/* The PlanningBoard: swing up a pendulum, then watch a planner do it, one iteration of its search at a time if you like.
   Nothing moves unasked, so that a reader who prefers reduced motion has it.
   In the static page every element of class `wm-planning` becomes one; in JupyterLab `WM.planning(root, spec, models)` is called. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const page = document.currentScript; // none in a notebook
  const THINK = 12; // ms of each frame in which the planner may think
  const LATE = 2; // steps that a slow page makes up for
  const TAP = 200; // ms: how long a press of Enter holds a button
  const LOOK = 400, STEP = 120; // ms for which slow motion shows an iteration, a step
  const KINDS = ["cem", "mppi", "shooting"], NAMES = { cem: "CEM", mppi: "MPPI", shooting: "random shooting" };

  WM.planning = (root, spec, models = WM.models) => {
    const world = WM.pendulum, id = root.id || "wm-planning";
    const minds = [{ label: spec.truth }, ...spec.models];
    const dreams = minds.map(({ model }) => (model ? WM.imagination(world, WM.model(models[model])) : WM.truth(world)));
    const game = (root.wmPlanning = WM.swing(world, dreams, spec.own, spec.seed));
    const board = WM.planboard(root, world);
    let playing = false, hand = "you", held = [], closely = false, left = false, frame = 0, last = 0, spare = 0, next = 0;

    // ----- elements
    const status = WM.make("p", { className: "wm-status" });
    const button = (text, label, act, name = "") => {
      const element = WM.make("button", { type: "button", className: `wm-button ${name}`, textContent: text, title: label });
      element.setAttribute("aria-label", label);
      if (act) element.addEventListener("click", act);
      return element;
    };
    const turn = (text, label, torque) => {
      const element = button(text, label, (event) => { if (event.detail === 0) tap(torque); }, "wm-push"); // by Enter or Space
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
    const play = button("", "Watch the planner, or pause", () => (playing && hand === "planner" ? pause() : watch()), "wm-watch");
    const step = button("step", "Step: one iteration of the search, or one step of its plan", advance);
    const kick = button("kick it", "Kick the pendulum", () => { game.kick(); draw(); });
    const hang = button("restart", "Restart, hanging down", () => renew(world.hanging()));
    const anywhere = button("random start", "Restart anywhere", () => { stop(); game.elsewhere(); draw(); });
    const choice = (name, label, texts, start) => WM.control(`${id}-${name}`, { label, texts, start, choice: true }, () => adjust());
    const control = {
      dream: choice("dream", "Imagine with", minds.map(({ label }) => label), spec.dream),
      planner: choice("planner", "Search by", KINDS.map((kind) => NAMES[kind]), KINDS.indexOf(spec.planner)),
      ...Object.fromEntries(Object.entries(spec.controls).map(([name, each]) => [name, WM.control(`${id}-${name}`, each, () => adjust())])),
    };
    const pace = choice("pace", "Watch", ["in real time", "slowly: every iteration"], 0);
    const presets = [
      { text: "CEM", label: "CEM over the true equations", set: { dream: 0, planner: "cem" } },
      { text: "one iteration", set: { iterations: 1 } },
      { text: "horizon 3: short-sighted", set: { horizon: 3 } },
      { text: "one look a second", set: { planEvery: 20 } },
      ...minds.flatMap(({ early, label }, dream) => (early ? [{ text: `${label}: watch it being fooled`, set: { dream } }] : [])),
    ];
    root.append(
      WM.make(
        "div", { className: "wm-buttons" },
        turn("← turn ↻", `Turn clockwise, ${world.most} N m`, -world.most), turn("turn ↺ →", `Turn counterclockwise, ${world.most} N m`, world.most),
        play,
      ),
      status,
      board.element,
      WM.make("p", { className: "wm-note", textContent: "Time runs outwards: inside the circle what was, outside of it what may come." }),
      WM.make("div", { className: "wm-buttons" }, step, kick, hang, anywhere),
      WM.make("div", { className: "wm-buttons wm-presets" }, ...presets.map((each) => button(each.text, `Show: ${each.label || each.text}`, () => show(each.set)))),
      WM.make("div", { className: "wm-controls" }, ...[control.dream, control.planner, pace].map(({ row }) => row), ...Object.keys(spec.controls).map((name) => control[name].row)),
      WM.make("p", { className: "wm-keys", textContent: "Keys: ← and → turn, space lets the planner play, S steps, K kicks, R restarts." }),
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
      root.scrollIntoView({ block: "nearest" });
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
      if (hand === "you") for (; spare >= 1; spare--, moved = true) game.step(held.length ? held[held.length - 1].torque : 0, "you");
      else if (slow()) {
        if (now >= next) next = now + (think(move) ? LOOK : STEP), moved = true;
      } else {
        if (game.due) moved = think(() => game.think({ budget: THINK }));
        if (!game.due && spare >= 1) game.follow(), spare--, moved = true;
      }
      if (moved) draw();
      frame = requestAnimationFrame(tick);
    }
    const slow = () => pace.read() === 1;
    /* One iteration (true), or one step of the plan. */
    function move() {
      if (!game.due) return game.follow(), false;
      return game.think({ once: true }), true;
    }
    function think(act) {
      try {
        return act();
      } catch (error) {
        stop();
        status.textContent = `The search failed: ${error.message}.`;
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
      game.restart(start);
      draw();
    }
    function hold(by, torque) {
      if (held.some((one) => one.by === by)) return;
      if (hand !== "you") stop();
      take("you");
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

    // ----- words
    const shown = (value) => value.toFixed(0).replace("-", "−");
    const versus = ({ you, planner }) =>
      [...(you === undefined ? [] : [`you ${shown(you)}`]), ...(planner === undefined ? [] : [`planner ${shown(planner)}`])].join(", ");
    function told() {
      const { steps, total, upright, trying, search, records } = game, so = versus(records);
      const score = `Step ${steps} of ${world.limit}, return ${shown(total)}, ${(upright * world.time).toFixed(1)} s upright.`;
      const from = so && ` From this start: ${so}.`;
      if (steps === 0 && !trying.length && !search.length) return `Swing it up with ← and →, then watch the planner. Every step costs points until it stands still on top.${from}`;
      const mind = minds[game.dream].label, list = trying.length ? trying : search;
      if (hand === "planner" && closely && (trying.length || game.done === 0) && list.length) {
        const best = Math.max(...list[list.length - 1].futures.map(({ value }) => value));
        return `Iteration ${list.length} of ${game.rounds}: of ${game.samples} futures imagined with ${mind}, the best promises ${shown(best)}.`;
      }
      return `${hand === "you" ? "You" : `${NAMES[game.planner]} with ${mind}`}: ${score[0].toLowerCase()}${score.slice(1)}${from}`;
    }
    function banner() {
      if (!game.over) return null;
      const { you, planner } = game.records, mine = game.by === "you", other = mine ? planner : you;
      const second = other === undefined ? (mine ? "now watch the planner, from the same start" : "now try it yourself, from the same start")
        : `${mine ? "the planner" : "you"} got ${shown(other)} from the same start`;
      return [`${mine ? "you" : "the planner"} got ${shown(game.total)}`, second];
    }
    function draw() {
      board.draw(game, { closely, banner: banner() });
      status.textContent = told();
      board.scene.setAttribute("aria-label", `${spec.title}: a pendulum. ${status.textContent}`);
      play.textContent = playing && hand === "planner" ? "pause" : hand === "planner" && game.steps && !game.over ? "go on" : "watch the planner";
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
