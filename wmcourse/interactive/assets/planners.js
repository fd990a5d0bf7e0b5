/* Searches for the plan that is promised most, as wmcourse/planning has them: random shooting, CEM and MPPI. A plan is a
   flat array: for each step the numbers of its action, `width` of them (1). A search is a generator: it yields nothing after
   each block of futures, so that a page stays alive, and an iteration {futures, shares, mean, std} when it has one; it
   returns the future of its plan.
   It is given {horizon, width, samples, iterations, temperature, most} and the planner's own numbers, of which `beta` colors
   the noise, where to `start` (a plan, NaN for no idea), the `dream` that imagines, and a stream of random numbers. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});

  const numbers = ({ horizon, width = 1 }, of) => Float64Array.from({ length: horizon * width }, (_, i) => of(i));
  const begin = (asked) => numbers(asked, (i) => (asked.start && asked.start[i] === asked.start[i] ? asked.start[i] : 0));
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
  function drawn(mean, std, asked) {
    const { samples, beta = 0, horizon, most } = asked, make = beta && horizon > 1 ? colored(asked) : white;
    return Array.from({ length: samples }, () => {
      const noise = make(asked);
      return numbers(asked, (i) => clip(mean[i] + std[i] * noise[i], most));
    });
  }
  const white = (asked) => numbers(asked, () => asked.random.normal());
  /* Noise whose power falls with its frequency, of unit variance, as a sum of waves (Timmer & König 1995): it is
     wmcourse/planning/colored_noise.py, and draws as many numbers for each wave: two. */
  function colored({ horizon, beta }) {
    const waves = Array.from({ length: Math.floor(horizon / 2) + 1 }, (_, k) => {
      const alone = k === 0 || 2 * k === horizon; // the constant and the fastest wave have no mirror image
      return { k, alone, scale: (Math.max(k, 1) / horizon) ** (-beta / 2) };
    });
    const variance = waves.reduce((sum, { alone, scale }) => sum + (alone ? 2 : 4) * scale ** 2, 0);
    const table = waves.map(({ k, alone, scale }) => {
      const size = ((alone ? Math.SQRT2 : 2) * scale) / Math.sqrt(variance), turn = (2 * Math.PI * k) / horizon;
      return {
        cos: Float64Array.from({ length: horizon }, (_, t) => size * Math.cos(turn * t)),
        sin: Float64Array.from({ length: horizon }, (_, t) => (alone ? 0 : size * Math.sin(turn * t))),
      };
    });
    return ({ width = 1, random }) => {
      const noise = new Float64Array(horizon * width);
      for (let part = 0; part < width; part++) {
        const [real, imaginary] = [0, 1].map(() => waves.map(() => random.normal()));
        table.forEach(({ cos, sin }, k) => {
          for (let t = 0; t < horizon; t++) noise[t * width + part] += real[k] * cos[t] - imaginary[k] * sin[t];
        });
      }
      return noise;
    };
  }
  /* Best first. */
  const ranked = (futures) => futures.map((_, i) => i).sort((i, j) => futures[j].value - futures[i].value);

  WM.searches = { cem: "CEM", mppi: "MPPI", shooting: "random shooting" }; // by the names that a reader knows
  WM.planners = {
    *shooting(asked) {
      const { samples, most, random, start } = asked;
      const plans = Array.from({ length: samples }, () => numbers(asked, () => most * (2 * random.uniform() - 1)));
      if (start) plans[0] = begin(asked);
      const futures = yield* imagined(plans, asked), [best] = ranked(futures);
      yield { futures, shares: futures.map((_, i) => +(i === best)), mean: futures[best].plan, std: null };
      return futures[best];
    },

    *cem(asked) {
      const { samples, iterations, most, initStd, minStd, elites } = asked;
      const count = Math.max(2, Math.round(elites * samples));
      let mean = begin(asked), std = numbers(asked, () => initStd * most);
      for (let i = 0; i < iterations; i++) {
        const futures = yield* imagined(drawn(mean, std, asked), asked), order = ranked(futures);
        const best = order.slice(0, count).map((place) => (futures[place].value === -Infinity ? order[0] : place));
        const over = (f) => numbers(asked, (t) => best.reduce((sum, i) => sum + f(futures[i].plan[t], t), 0) / count);
        const middle = over((action) => action);
        const spread = over((action, t) => (action - middle[t]) ** 2);
        [mean, std] = [middle, spread.map((variance) => Math.max(Math.sqrt(variance), minStd * most))];
        yield { futures, shares: futures.map((_, place) => +best.includes(place)), mean, std };
      }
      return (yield* imagined([mean], asked))[0];
    },

    *mppi(asked) {
      const { iterations, most, std: share, temperature } = asked;
      const std = numbers(asked, () => share * most);
      let mean = begin(asked);
      for (let i = 0; i < iterations; i++) {
        const futures = yield* imagined(drawn(mean, std, asked), asked);
        const top = futures[ranked(futures)[0]].value;
        const shares = futures.map(({ value }) => Math.exp((value - top) / temperature)); // of the best one's weight
        const whole = shares.reduce((sum, part) => sum + part, 0);
        mean = numbers(asked, (t) => futures.reduce((sum, { plan }, n) => sum + (shares[n] / whole) * plan[t], 0));
        yield { futures, shares, mean, std };
      }
      return (yield* imagined([mean], asked))[0];
    },
  };
})();
