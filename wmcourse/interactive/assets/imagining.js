/* Who imagines the futures of plans: the true equations, or a model that the page runs. Both are asked alike: `begin` with
   what is real now, then `roll` plans (at most `rows`), one torque a step. A future is {plan, value, path}: the sum of
   rewards that it promises, and the pendulum's angle after each step.
   It is `Imagination` of wmcourse/planning/imagination.py, at temperature 0. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});

  WM.truth = (world) => {
    let now;
    return {
      rows: 64,
      begin(state) { now = state; },
      roll: (plans) =>
        plans.map((plan) => {
          const path = new Float64Array(plan.length);
          let state = now, value = 0;
          plan.forEach((torque, t) => {
            value += world.reward(state, torque);
            state = world.step(state, torque);
            path[t] = state[0];
          });
          return { plan, value, path };
        }),
    };
  };

  /* The belief is a cloud of particles, one or more for each network; a plan's value is the mean over them. */
  WM.imagination = (world, model) => {
    const takes = model.takes("plan"), [rows] = takes.action;
    const random = WM.random(0); // what a first look draws is multiplied by a temperature of 0
    let belief;
    const repeated = (field) => {
      const many = new Float32Array(rows * field.length);
      for (let row = 0; row < rows; row++) many.set(field, row * field.length);
      return many;
    };
    return {
      rows,
      begin(state) {
        const seen = { observation: world.observe(state), temperature: 0, ...model.noise("begin", random) };
        const fields = Object.entries(model.run("begin", seen));
        belief = Object.fromEntries(fields.map(([name, field]) => [name, repeated(field)]));
      },
      roll(plans) {
        const futures = plans.map((plan) => ({ plan, value: 0, path: new Float64Array(plan.length) }));
        const action = new Float32Array(rows);
        let after = belief;
        for (let t = 0; t < plans[0].length; t++) {
          plans.forEach((plan, row) => { action[row] = plan[t]; });
          after = model.run("plan", { ...pick(after), action });
          const particles = after.earned.length / rows;
          futures.forEach((future, row) => {
            for (let p = row * particles; p < (row + 1) * particles; p++) future.value += after.earned[p] / particles;
            future.path[t] = Math.atan2(after.seen[3 * row + 1], after.seen[3 * row]);
          });
        }
        return futures;
      },
    };
    function pick(told) {
      return Object.fromEntries(Object.keys(belief).map((name) => [name, told[name]]));
    }
  };
})();
