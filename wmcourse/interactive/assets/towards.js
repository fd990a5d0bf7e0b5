/* Who imagines journeys: the true equations, or a JEPA that the page runs. A future is {plan, value, path}: minus the sum of
   the distances to the goal along it, and the positions [x, y, x, y, ...] after each step.
   It is `Imagination` of `TowardsGoal` in wmcourse/models/towards_goal.py. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});

  /* Euclidean; of row `row` of several. */
  function apart(many, one, row = 0) {
    let sum = 0;
    for (let i = 0, from = row * one.length; i < one.length; i++) sum += (many[from + i] - one[i]) ** 2;
    return Math.sqrt(sum);
  }

  WM.apart = apart;
  WM.straight = (world) => {
    let now, goal;
    return {
      rows: 64,
      begin(state, aim) { [now, goal] = [state, aim]; },
      embed: (place) => place, // distances are those of the floor
      roll: (plans) =>
        plans.map((plan) => {
          const path = new Float64Array(plan.length);
          let state = now, value = 0;
          for (let i = 0; i < plan.length; i += 2) {
            state = world.move(state, [plan[i], plan[i + 1]]);
            value -= apart(state, goal);
            path.set(state, i);
          }
          return { plan, value, path };
        }),
    };
  };

  /* `probe` reads positions off embeddings, for the eye alone. */
  WM.embedded = (world, model, probe) => {
    const [rows, width] = model.takes("plan").embedding;
    const embed = (place) => model.run("begin", { observation: world.observe(place), temperature: 0 }).embedding;
    let now, goal;
    return {
      rows,
      embed,
      begin(state, aim) {
        const seen = embed(state);
        now = new Float32Array(rows * width);
        for (let row = 0; row < rows; row++) now.set(seen, row * width);
        goal = embed(aim);
      },
      roll(plans) {
        const futures = plans.map((plan) => ({ plan, value: 0, path: new Float64Array(plan.length) }));
        const action = new Float32Array(2 * rows);
        let embedding = now;
        for (let i = 0; i < plans[0].length; i += 2) {
          plans.forEach((plan, row) => action.set(plan.subarray(i, i + 2), 2 * row));
          ({ embedding } = model.run("plan", { embedding, action }));
          const { reading } = probe.run("read", { embedding });
          futures.forEach((future, row) => {
            future.value -= apart(embedding, goal, row);
            future.path.set(reading.subarray(2 * row, 2 * row + 2), i);
          });
        }
        return futures;
      },
    };
  };

  /* How far from the goal each place of the floor is, to a dream: their embeddings are made little by little, once. */
  WM.distances = (world, cell) => {
    const count = world.side / cell, size = count * count, known = new Map();
    const center = (i) => world.onFloor([(i % count) + 0.5, Math.floor(i / count) + 0.5].map((at) => cell * at));
    const stride = 389; // a prime: all over the floor, early on
    let last = {};
    const of = (dream) => known.get(dream) || known.set(dream, []).get(dream);
    return {
      known: (dream) => of(dream).length,
      done: (dream) => of(dream).length === size,
      /* For `budget` milliseconds. */
      advance(dream, budget) {
        const made = of(dream), deadline = performance.now() + budget;
        while (made.length < size && performance.now() < deadline) made.push(dream.embed(center((made.length * stride) % size)));
      },
      /* {count, values}, NaN where it is not known yet; the same object until more is known, or the goal is another. */
      to(dream, goal) {
        const made = of(dream);
        if (last.dream === dream && last.goal === goal && last.made === made.length) return last.map;
        const values = new Float32Array(size).fill(NaN), aim = dream.embed(goal);
        made.forEach((embedding, n) => { values[(n * stride) % size] = apart(embedding, aim); });
        last = { dream, goal, made: made.length, map: { count, values } };
        return last.map;
      },
    };
  };
})();
