/* Searches for the plan that is promised most, as wmcourse/planning has them: random shooting, CEM and MPPI, for one
   torque a step. A search is a generator: it yields nothing after each block of futures, so that a page stays alive, and an
   iteration {futures, shares, mean, std} when it has one; it returns the future of its plan.
   It is given {horizon, samples, iterations, temperature, most} and the planner's own numbers, where to `start` (a number
   a step, NaN for no idea), the `dream` that imagines, and a stream of random numbers. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});

  const steps = (horizon, of) => Float64Array.from({ length: horizon }, (_, t) => of(t));
  const begin = ({ horizon, start }) => steps(horizon, (t) => (start && start[t] === start[t] ? start[t] : 0));
  const clip = (value, most) => Math.max(-most, Math.min(most, value));

  function* imagined(plans, { dream }) {
    const futures = [];
    for (let from = 0; from < plans.length; from += dream.rows) {
      futures.push(...dream.roll(plans.slice(from, from + dream.rows)));
      yield null;
    }
    for (const future of futures) if (!Number.isFinite(future.value)) future.value = -Infinity;
    if (futures.every(({ value }) => value === -Infinity)) throw new Error("no future has a finite value");
    return futures;
  }
  const drawn = (mean, std, { samples, horizon, most, random }) =>
    Array.from({ length: samples }, () => steps(horizon, (t) => clip(mean[t] + std[t] * random.normal(), most)));
  /* Best first. */
  const ranked = (futures) => futures.map((_, i) => i).sort((i, j) => futures[j].value - futures[i].value);

  WM.planners = {
    *shooting(asked) {
      const { horizon, samples, most, random, start } = asked;
      const plans = Array.from({ length: samples }, () => steps(horizon, () => most * (2 * random.uniform() - 1)));
      if (start) plans[0] = begin(asked);
      const futures = yield* imagined(plans, asked), [best] = ranked(futures);
      yield { futures, shares: futures.map((_, i) => +(i === best)), mean: futures[best].plan, std: null };
      return futures[best];
    },

    *cem(asked) {
      const { horizon, samples, iterations, most, initStd, minStd, elites } = asked;
      const count = Math.max(2, Math.round(elites * samples));
      let mean = begin(asked), std = steps(horizon, () => initStd * most);
      for (let i = 0; i < iterations; i++) {
        const futures = yield* imagined(drawn(mean, std, asked), asked), order = ranked(futures);
        const best = order.slice(0, count).map((place) => (futures[place].value === -Infinity ? order[0] : place));
        const over = (f) => steps(horizon, (t) => best.reduce((sum, i) => sum + f(futures[i].plan[t], t), 0) / count);
        const middle = over((torque) => torque);
        const spread = over((torque, t) => (torque - middle[t]) ** 2);
        [mean, std] = [middle, spread.map((variance) => Math.max(Math.sqrt(variance), minStd * most))];
        yield { futures, shares: futures.map((_, place) => +best.includes(place)), mean, std };
      }
      return (yield* imagined([mean], asked))[0];
    },

    *mppi(asked) {
      const { horizon, iterations, most, std: share, temperature } = asked;
      const std = steps(horizon, () => share * most);
      let mean = begin(asked);
      for (let i = 0; i < iterations; i++) {
        const futures = yield* imagined(drawn(mean, std, asked), asked);
        const top = futures[ranked(futures)[0]].value;
        const shares = futures.map(({ value }) => Math.exp((value - top) / temperature)); // of the best one's weight
        const whole = shares.reduce((sum, part) => sum + part, 0);
        mean = steps(horizon, (t) => futures.reduce((sum, { plan }, n) => sum + (shares[n] / whole) * plan[t], 0));
        yield { futures, shares, mean, std };
      }
      return (yield* imagined([mean], asked))[0];
    },
  };
})();
