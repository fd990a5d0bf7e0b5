/* One episode of the pendulum, swung by the reader or by a planner that looks, plans, and follows its plan for a while.
   It is `RecedingHorizon` of wmcourse/planning/receding_horizon.py, one iteration of the search at a time. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const TRACE = 30; // steps

  /* `dreams` are who imagines, `own` the numbers that each kind of search has for itself. */
  WM.swing = (world, dreams, own, seed = 0) => {
    const starts = WM.random(1000 * seed + 500), records = new Map();
    let random, thinking = null, kicks = 0;
    const swing = {
      planner: "cem", dream: 0, samples: 100, horizon: 20, iterations: 3, temperature: 1, planEvery: 1,
      start: world.hanging(),
      state: null, // real
      torque: 0, // of the last step
      steps: 0, total: 0, upright: 0, // so far: steps, rewards, steps in which it stood
      rewards: [],
      trace: [], // the last real angles
      by: null, // whose episode it is: "you" or "planner"
      search: [], // the iterations by which it was found
      trying: [], // those of the search that goes on
      plan: null, // the future that is followed
      done: 0, // steps of it
      promises: [], // one for each plan: {step, horizon, promised, earned}, the last when so many steps are over

      /* Begin again from the same start, or from another. */
      restart(start = swing.start) {
        random = WM.random(1000 * seed);
        [thinking, kicks] = [null, 0];
        Object.assign(swing, {
          start, state: start, torque: 0, steps: 0, total: 0, upright: 0, rewards: [], trace: [start[0]], by: null,
          search: [], trying: [], plan: null, done: 0, promises: [],
        });
      },
      elsewhere: () => world.anywhere(starts), // another start
      get over() { return swing.steps >= world.limit; },

      /* One real step. */
      step(torque, by) {
        if (swing.over) return;
        const reward = world.reward(swing.state, torque);
        swing.state = world.step(swing.state, torque);
        swing.rewards.push(reward);
        swing.trace = [...swing.trace, swing.state[0]].slice(-TRACE - 1);
        Object.assign(swing, { by, torque, steps: swing.steps + 1, total: swing.total + reward });
        swing.upright += +world.upright(swing.state);
        for (const each of swing.promises)
          if (each.step + each.horizon === swing.steps)
            each.earned = swing.rewards.slice(each.step).reduce((sum, part) => sum + part, 0);
        if (swing.over && !kicks) swing.records = { ...swing.records, [by]: swing.total };
      },
      kick() {
        swing.state = world.struck(swing.state, (-1) ** kicks++);
        swing.forget();
      },
      /* What was earned by whom from this start, in episodes without a kick. */
      get records() { return records.get(String(swing.start)) || {}; },
      set records(told) { records.set(String(swing.start), told); },

      // ----- the planner
      get rounds() { return swing.planner === "shooting" ? 1 : swing.iterations; },
      get thinking() { return thinking !== null; },
      /* Is a plan due? A plan that is at its end has to be made anew, however rarely one looks. */
      get due() { return !swing.plan || swing.done >= Math.min(swing.planEvery, swing.plan.plan.length); },
      /* Search for `budget` milliseconds, or for one iteration; true once there is a plan. */
      think({ budget = Infinity, once = false } = {}) {
        const deadline = performance.now() + budget;
        if (!thinking) look();
        do {
          const { value, done } = thinking.next();
          if (done) return adopt(value);
          if (value) swing.trying.push({ ...value, from: swing.state[0] });
          if (value && once && swing.trying.length < swing.rounds) return false;
        } while (performance.now() < deadline);
        return false;
      },
      follow() {
        swing.step(swing.plan.plan[swing.done++], "planner");
      },
      /* What was thought is forgotten: the search that comes begins as the sliders stand. */
      forget() {
        [thinking, swing.trying] = [null, []];
      },
      /* The path of an iteration's mean; of the last one it is the plan's own. */
      pathOf(iteration) {
        iteration.path = iteration.path || dreams[swing.dream].roll([iteration.mean])[0].path;
        return iteration.path;
      },
    };

    function look() {
      const { horizon, samples, iterations, temperature, planner, plan, done } = swing;
      const last = swing.search[swing.search.length - 1], dream = dreams[swing.dream];
      dream.begin(swing.state);
      const start = plan && last && Float64Array.from({ length: horizon }, (_, t) => last.mean[t + done] ?? NaN);
      const asked = { horizon, samples, iterations, temperature, most: world.most, start, dream, random, ...own[planner] };
      thinking = WM.planners[planner](asked);
      swing.trying = [];
    }
    function adopt(plan) {
      thinking = null;
      Object.assign(swing, { plan, done: 0, search: swing.trying, trying: [] });
      swing.search[swing.search.length - 1].path = plan.path;
      swing.promises.push({ step: swing.steps, horizon: plan.plan.length, promised: plan.value, earned: null });
      return true;
    }
    swing.restart();
    return swing;
  };
})();
