/* The RoomsBoard: set a goal in two rooms, then watch a planner travel there that compares embeddings. In the static page
   every element of class `wm-rooms` becomes one; in JupyterLab `WM.rooms(root, spec, models)` is called. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const page = document.currentScript; // none in a notebook
  const CELL = 2; // pixels of the world that a cell of the map is wide
  const SPARE = 10; // ms for which the map grows before it is someone else's turn
  const SHOWN = 100; // places that come into sight together
  const STRIDE = 2; // pixels that an arrow moves a goal

  WM.rooms = (root, spec, models = WM.models) => {
    const world = WM.twoRooms, labels = [...spec.models.map(({ label }) => label), spec.truth], truth = spec.models.length;
    const embedded = ({ model, probe }) => WM.embedded(world, WM.model(models[model]), WM.model(probe));
    const straight = WM.straight(world), dreams = [...spec.models.map(embedded), straight];
    const game = (root.wmRooms = WM.journey(world, dreams, spec.own, spec));
    const board = WM.roomsboard(root, world), maps = WM.distances(world, CELL), { button } = WM;
    const times = new Map(); // of a start and a goal, by who imagined: the steps that it took
    let cursor = null, growing = 0;

    // ----- elements
    const measures = ["as the planner measures it", "in a straight line", "off"];
    const watch = WM.watching(root, {
      spec, game, minds: labels, time: world.time, draw,
      more: { map: { label: "Distance to the goal", texts: measures, start: 0, choice: true } },
      take: () => { if (game.over) game.restart(); },
    });
    const status = WM.make("p", { className: "wm-status" });
    const play = button("", "Watch the planner, or pause", () => (watch.playing ? watch.pause() : watch.watch()), "wm-watch");
    const step = button("step", "Step: one iteration of the search, or one step of its plan", watch.advance);
    const restart = button("restart", "Restart from the same place", () => watch.renew());
    const presets = [{ text: "a goal in the other room", start: [spec.start, spec.goal] }];
    presets.push({ text: "straight at the wall", label: "the straight-line distance, stuck", set: { dream: truth }, start: spec.stuck });
    if (truth) presets.push({ text: `${labels[0]}: the same goal`, set: { dream: 0 }, start: spec.stuck });
    const row = (name, ...children) => WM.make("div", { className: name }, ...children);
    root.append(
      status,
      board.element,
      row("wm-buttons", play, step, restart),
      row("wm-buttons wm-presets", ...presets.map(watch.preset)),
      row("wm-controls", ...watch.rows()),
      WM.make("p", { className: "wm-keys", textContent: "Keys: the arrows move a goal and Enter sets it; space plays, S steps, R restarts." }),
    );

    // ----- the goal
    function aim(place) {
      cursor = null;
      watch.renew(game.state, world.onFloor(place));
      watch.watch();
    }
    function point([across, down]) {
      const [x, y] = cursor || game.goal;
      cursor = world.onFloor([x + STRIDE * across, y + STRIDE * down]);
      draw();
    }

    // ----- pictures and words
    function draw() {
      const kind = watch.control.map.read(), measure = kind === 0 ? dreams[game.dream] : straight;
      board.draw(game, { closely: watch.closely, map: kind === 2 ? null : maps.to(measure, game.goal), cursor });
      status.textContent = watch.failure || told();
      board.scene.setAttribute("aria-label", `${spec.title}: two rooms from above. ${status.textContent}`);
      play.textContent = watch.playing ? "pause" : game.steps > 0 && !game.over ? "go on" : "go";
      root.dataset.step = game.steps;
      root.dataset.playing = watch.playing;
      root.dataset.mapped = kind === 2 || maps.done(measure);
      if (kind !== 2 && !maps.done(measure)) grow(measure);
    }
    function grow(measure) {
      clearTimeout(growing);
      if (!watch.seen()) return;
      growing = setTimeout(() => {
        const before = Math.floor(maps.known(measure) / SHOWN);
        maps.advance(measure, SPARE);
        if (maps.done(measure) || Math.floor(maps.known(measure) / SHOWN) > before) draw();
        else grow(measure);
      });
    }
    function told() {
      const { steps, state, goal, dream, planner, rounds, samples, trying, search } = game;
      const who = `${WM.searches[planner]} with ${labels[dream]}`, far = `${world.gap(state, goal).toFixed(0)} pixels from the goal`;
      const iterations = trying.length ? trying : search;
      if (cursor) return `A goal at ${cursor.map((at) => at.toFixed(0)).join(", ")}: Enter sets it.`;
      if (watch.closely && iterations.length && (trying.length || game.done === 0) && !game.over) {
        const least = -Math.max(...iterations[iterations.length - 1].futures.map(({ value }) => value));
        return `Iteration ${iterations.length} of ${rounds}: of ${samples} futures imagined with ${labels[dream]}, the best costs ${least.toFixed(0)}.`;
      }
      if (steps === 0 && !game.over) return `Click a place: it becomes the goal, and the dot travels there. ${who} plans.${before()}`;
      if (game.arrived) return `${who}: arrived after ${steps} steps.${before()}`;
      if (game.over) return `${who}: ${steps} steps are over, and it is ${far}.${before()}`;
      return `${who}: step ${steps} of ${world.limit}, ${far}.${before()}`;
    }
    /* Who else has gone the same way. */
    function before() {
      const key = String([game.start, game.goal]), known = times.get(key) || new Map();
      if (game.over && game.steps > 0) times.set(key, known.set(game.dream, game.arrived ? game.steps : null));
      const others = [...known].filter(([dream]) => dream !== game.dream || !game.over);
      if (!others.length) return "";
      const list = others.map(([dream, steps]) => `${labels[dream]} ${steps === null ? "did not arrive" : `took ${steps} steps`}`);
      return ` On the same way, ${list.join("; ")}.`;
    }

    const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const acts = { " ": play, s: step, r: restart };
    const end = watch.attend(page, {
      press({ key, target }, inside) {
        if (!inside) return false;
        if (target === root && key in arrows) point(arrows[key]);
        else if (target === root && key === "Enter") aim(cursor || game.goal);
        else if (key in acts && (key !== " " || target === root)) acts[key].click();
        else return false;
        return true;
      },
    });
    board.scene.addEventListener("click", (event) => {
      root.focus({ preventScroll: true });
      aim(board.place(event));
    });
    watch.adjust();
    root.classList.add("wm-ready");
    return () => {
      clearTimeout(growing);
      end();
    };
  };

  if (page) WM.waken("wm-rooms", ({ models }) => models.map(({ model }) => model), WM.rooms);
})();
