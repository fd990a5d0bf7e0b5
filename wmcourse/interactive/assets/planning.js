/* The PlanningBoard: swing up a pendulum, then watch a planner do it, one iteration of its search at a time if you like.
   In the static page every element of class `wm-planning` becomes one; in JupyterLab `WM.planning(root, spec, models)` is
   called. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const page = document.currentScript; // none in a notebook
  const TAP = 200; // ms: how long a press of Enter holds a button

  WM.planning = (root, spec, models = WM.models) => {
    const world = WM.pendulum, minds = [{ label: spec.truth }, ...spec.models], labels = minds.map(({ label }) => label);
    const dreams = minds.map(({ model }) => (model ? WM.imagination(world, WM.model(models[model])) : WM.truth(world)));
    const game = (root.wmPlanning = WM.swing(world, dreams, spec.own, spec.seed));
    const board = WM.planboard(root, world), words = WM.planned(game, labels), { button } = WM;
    let hand = "you", held = [];

    // ----- elements
    const watch = WM.watching(root, {
      spec, game, minds: labels, time: world.time, draw,
      take: () => take("planner"),
      stopped: () => { held = []; },
      mine: () => hand === "you" && (() => game.step(held.length ? held[held.length - 1].torque : 0, "you")),
    });
    const status = WM.make("p", { className: "wm-status" });
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
    const watching = () => watch.playing && hand === "planner";
    const play = button("", "Watch the planner, or pause", () => (watching() ? watch.pause() : watch.watch()), "wm-watch");
    const step = button("step", "Step: one iteration of the search, or one step of its plan", watch.advance);
    const kick = button("kick it", "Kick the pendulum", () => { game.kick(); draw(); });
    const hang = button("restart", "Restart, hanging down", () => watch.renew(world.hanging()));
    const anywhere = button("random start", "Restart anywhere", () => watch.renew(game.elsewhere()));
    const presets = [
      { text: "CEM", label: "CEM over the true equations", set: { dream: 0, planner: "cem" } },
      { text: "one iteration", set: { iterations: 1 } },
      { text: "horizon 3: short-sighted", set: { horizon: 3 } },
      { text: "one look a second", set: { planEvery: 20 } },
    ];
    minds.forEach(({ early, label }, dream) => {
      if (early) presets.push({ text: `${label}: does it keep its promises?`, set: { dream } });
    });
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
      row("wm-buttons wm-presets", ...presets.map(watch.preset)),
      row("wm-controls", ...watch.rows()),
      note("wm-keys", "Keys: ← and → turn, space lets the planner play, S steps, K kicks, R restarts."),
    );

    // ----- whose turn it is
    function take(whose) { // another hand begins again, from the same start
      if (game.over || (game.by && game.by !== whose)) game.restart();
      hand = whose;
    }
    function hold(by, torque) {
      if (held.some((one) => one.by === by)) return;
      if (hand !== "you") watch.stop();
      take("you");
      watch.failure = "";
      held.push({ by, torque });
      if (!watch.playing) watch.begin();
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
      board.draw(game, { closely: watch.closely, banner: words.banner() });
      status.textContent = watch.failure || words.told(hand, watch.closely);
      board.scene.setAttribute("aria-label", `${spec.title}: a pendulum. ${status.textContent}`);
      const begun = hand === "planner" && game.steps > 0 && !game.over;
      play.textContent = watching() ? "pause" : begun ? "go on" : "watch the planner";
      root.dataset.step = game.steps;
      root.dataset.playing = watch.playing;
    }

    const keys = { ArrowLeft: -world.most, ArrowRight: world.most };
    const acts = { " ": play, s: step, k: kick, r: hang };
    const end = watch.attend(page, {
      press(event, inside) {
        if (event.key in keys) { if (!event.repeat) hold(event.key, keys[event.key]); }
        else if (inside && event.key in acts && (event.key !== " " || event.target === root)) acts[event.key].click();
        else return false;
        return true;
      },
      lift: release,
      away: () => { held = []; },
    });
    board.scene.addEventListener("pointerdown", () => root.focus({ preventScroll: true }));
    watch.adjust();
    root.classList.add("wm-ready");
    return end;
  };

  if (page) WM.waken("wm-planning", ({ models }) => models.map(({ model }) => model), WM.planning);
})();
