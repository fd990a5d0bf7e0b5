/* What boards share on which a planner is watched: the sliders of its search, the buttons, and the time in which it thinks
   and acts. Nothing moves unasked, so that a reader who prefers reduced motion has it. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const THINK = 12; // ms of each frame in which the planner may think
  const LATE = 2; // steps that a slow page makes up for
  const LOOK = 400, STEP = 120; // ms for which slow motion shows an iteration, a step
  const KINDS = Object.keys(WM.searches);

  /* `game` is an episode with a planner (receding.js), `minds` the labels of who imagines, `more` the selects that a board
     has besides. The board says how to `draw`, how to `take` the planner's turn, what to do when it has `stopped`; `mine()`
     is the reader's own step, if it is the reader's turn. `attention` comes later. */
  WM.watching = (root, { spec, game, minds, time, more = {}, draw, take, stopped = () => {}, mine = () => null }) => {
    let frame = 0, last = 0, spare = 0, next = 0, seen = () => true;
    const described = {
      dream: { label: "Imagine with", texts: minds, start: spec.dream, choice: true },
      planner: { label: "Search by", texts: Object.values(WM.searches), start: KINDS.indexOf(spec.planner), choice: true },
      pace: { label: "Watch", texts: ["in real time", "slowly: every iteration"], start: 0, choice: true },
      ...more,
      ...spec.controls,
    };
    const control = {};
    for (const name in described) control[name] = WM.control(`${root.id || root.className}-${name}`, described[name], adjust);
    const watch = {
      playing: false, closely: false, left: false, failure: "",
      control, adjust, advance, begin, stop, pause, renew,
      watch: follow,
      seen: () => seen(),
      rows: () => Object.values(control).map(({ row }) => row),
      /* A button that changes some sliders, and plays. */
      preset: ({ text, label = text, set = {}, start }) => WM.button(text, `Show: ${label}`, () => show(set, start)),
      /* Keys, sight, size: as `WM.attend` has them. */
      attend(page, { press, lift = () => {}, away = () => {} }) {
        const attention = WM.attend(root, page, {
          press, lift, away, leave, draw: () => draw(),
          back: () => { if (watch.left) begin(); },
        });
        seen = attention.seen;
        return () => {
          stop();
          cancelAnimationFrame(frame);
          attention.end();
        };
      },
    };
    root.tabIndex = 0;
    root.setAttribute("role", "group");
    root.setAttribute("data-lm-suppress-shortcuts", "true"); // keys are the board's, not JupyterLab's

    // ----- what the sliders say
    function adjust() {
      for (const name in spec.controls) game[name] = spec.controls[name].values[control[name].read()];
      Object.assign(game, { dream: control.dream.read(), planner: KINDS[control.planner.read()] });
      idle("iterations", game.planner === "shooting");
      if (control.temperature) idle("temperature", game.planner !== "mppi");
      if (watch.playing) watch.closely = slow();
      game.forget();
      draw();
    }
    function idle(name, off) { // a slider that this search does not have
      control[name].row.classList.toggle("wm-idle", off);
      control[name].row.querySelector("input").disabled = off;
    }
    function show(changes, start = []) {
      const set = { dream: spec.dream, planner: spec.planner, ...changes };
      control.dream.put(set.dream);
      control.planner.put(KINDS.indexOf(set.planner));
      for (const [name, { values, start: first }] of Object.entries(spec.controls))
        control[name].put(name in set ? values.indexOf(set[name]) : first);
      adjust();
      renew(...start);
      follow();
      root.querySelector(".wm-canvas").scrollIntoView({ block: "nearest" });
    }

    // ----- time
    function tick(now) {
      frame = 0;
      if (game.over) pause();
      if (!watch.playing) return;
      if (!seen()) return leave();
      spare = Math.min(spare + (now - last) / 1000 / time, LATE);
      last = now;
      let moved = false;
      const own = mine();
      if (own) {
        for (; spare >= 1; spare--, moved = true) own();
      } else if (slow()) {
        if (now >= next) next = now + (think(move) ? LOOK : STEP), moved = true;
      } else {
        if (game.due) moved = think(() => game.think({ budget: THINK }));
        if (!game.due && spare >= 1) game.follow(), spare--, moved = true;
      }
      if (moved) draw();
      frame = requestAnimationFrame(tick);
    }
    function slow() {
      return control.pace.read() === 1;
    }
    /* One iteration (true), or one step of the plan. */
    function move() {
      if (!game.due) return game.follow(), false;
      return game.think({ once: true }), true;
    }
    function think(act) {
      watch.failure = "";
      try {
        return act();
      } catch (error) {
        game.forget();
        watch.failure = `The search failed: ${error.message}.`;
        pause();
        return false;
      }
    }
    function advance() {
      take();
      stop();
      watch.closely = true;
      think(move);
      draw();
    }
    function follow() {
      take();
      watch.closely = slow();
      begin();
    }
    function begin() {
      [watch.playing, watch.left] = [true, false];
      [last, spare] = [performance.now(), 0];
      if (!frame) frame = requestAnimationFrame(tick);
      draw();
    }
    function stop() {
      watch.playing = watch.left = false;
      stopped();
    }
    function pause() {
      stop();
      draw();
    }
    function leave() { // out of sight; what was playing goes on when it is back
      if (watch.playing) stop(), (watch.left = true);
      draw();
    }
    function renew(...start) {
      stop();
      watch.failure = "";
      game.restart(...start);
      draw();
    }
    return watch;
  };
})();
