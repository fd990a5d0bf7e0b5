/* One episode of the pendulum, swung by the reader or by a planner. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const TRACE = 30; // steps

  /* `dreams` are who imagines, `own` the numbers that each kind of search has for itself. */
  WM.swing = (world, dreams, own, seed = 0) => {
    const starts = WM.random(1000 * seed + 500), records = new Map();
    let random, kicks = 0;
    const swing = {
      start: world.hanging(),
      state: null, // real
      torque: 0, // of the last step
      steps: 0, total: 0, upright: 0, // so far: steps, rewards, steps in which it stood
      rewards: [],
      trace: [], // the last real angles
      by: null, // whose episode it is: "you" or "planner"
      promises: [], // one for each plan: {step, horizon, promised, earned}, the last when so many steps are over

      /* Begin again from the same start, or from another. */
      restart(start = swing.start) {
        random = WM.random(1000 * seed);
        kicks = 0;
        swing.drop();
        Object.assign(swing, {
          start, state: start, torque: 0, steps: 0, total: 0, upright: 0, rewards: [], trace: [start[0]], by: null,
          promises: [],
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
    };
    WM.receding(swing, {
      dreams, own, world,
      random: () => random,
      look: (dream) => dream.begin(swing.state),
      here: () => swing.state[0],
      act: ([torque]) => swing.step(torque, "planner"),
      adopted: ({ plan, value }) =>
        swing.promises.push({ step: swing.steps, horizon: plan.length, promised: value, earned: null }),
    });
    swing.restart();
    return swing;
  };
})();
