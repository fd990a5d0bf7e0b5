/* A planner that looks, plans, and follows its plan for a while: `RecedingHorizon` of
   wmcourse/planning/receding_horizon.py, one iteration of the search at a time. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});

  /* Gives an episode a planner. `dreams` are who imagines, `own` the numbers that each kind of search has for itself;
     `look(dream)` shows it what is real, `here()` is where futures begin, `act(action)` takes a step. */
  WM.receding = (game, { dreams, own, world, random, look, here, act, adopted = () => {} }) => {
    const { width = 1, most } = world;
    let thinking = null;
    const planner = {
      planner: "cem", dream: 0, samples: 100, horizon: 20, iterations: 3, temperature: 1, planEvery: 1,
      search: [], // the iterations by which it was found
      trying: [], // those of the search that goes on
      plan: null, // the future that is followed
      done: 0, // steps of it

      get rounds() { return game.planner === "shooting" ? 1 : game.iterations; },
      get thinking() { return thinking !== null; },
      /* Is a plan due? A plan that is at its end has to be made anew, however rarely one looks. */
      get due() { return !game.plan || game.done >= Math.min(game.planEvery, game.plan.plan.length / width); },
      /* Search for `budget` milliseconds, or for one iteration; true once there is a plan. */
      think({ budget = Infinity, once = false } = {}) {
        const deadline = performance.now() + budget;
        if (!thinking) begin();
        do {
          const { value, done } = thinking.next();
          if (done) return adopt(value);
          if (value) game.trying.push({ ...value, from: here() });
          if (value && once && game.trying.length < game.rounds) return false;
        } while (performance.now() < deadline);
        return false;
      },
      follow() {
        const from = width * game.done++;
        act(game.plan.plan.subarray(from, from + width));
      },
      /* What was thought is forgotten: the search that comes begins as the sliders stand. */
      forget() {
        [thinking, game.trying] = [null, []];
      },
      /* And what was planned. */
      drop() {
        game.forget();
        Object.assign(game, { search: [], plan: null, done: 0 });
      },
      /* The path of an iteration's mean; of the last one it is the plan's own. */
      pathOf(iteration) {
        iteration.path = iteration.path || dreams[game.dream].roll([iteration.mean])[0].path;
        return iteration.path;
      },
    };
    Object.defineProperties(game, Object.getOwnPropertyDescriptors(planner));

    function begin() {
      const { horizon, samples, iterations, temperature, plan, done } = game;
      const last = game.search[game.search.length - 1], dream = dreams[game.dream];
      look(dream);
      const left = (_, i) => last.mean[i + width * done] ?? NaN;
      const start = plan && last && Float64Array.from({ length: width * horizon }, left);
      const asked = { horizon, width, samples, iterations, temperature, most, start, dream, random: random() };
      thinking = WM.planners[game.planner]({ ...asked, ...own[game.planner] });
      game.trying = [];
    }
    function adopt(plan) {
      thinking = null;
      Object.assign(game, { plan, done: 0, search: game.trying, trying: [] });
      game.search[game.search.length - 1].path = plan.path;
      adopted(plan);
      return true;
    }
  };
})();
