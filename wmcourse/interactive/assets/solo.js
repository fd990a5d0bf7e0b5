/* A game that only the model plays out: it begins at a real start, and ends by a coin with the model's chance of going on.
   It is `DreamEnv` of wmcourse/models/dream_env.py. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});

  WM.solo = (world, model, { seed = 0, agents = [model] } = {}) => {
    let runs = -1, coin;
    const solo = {
      temperature: 0,
      steps: 0,
      fell: null, // the step at which the dream ended
      history: [], // one entry a step: the chance that it is the last, in percent
      pushes: [],
      meter: { name: "chance that the dream ends here", unit: "%", least: 100, digits: 0 },

      restart(start) {
        runs += 1;
        const random = WM.random(1000 * seed + runs);
        coin = WM.random(1000 * seed + runs + 500);
        Object.assign(solo, { steps: 0, fell: null, pushes: [] });
        dreaming.begin(world.observe(start ? Array.from(start) : world.start(random)), random);
        solo.history = [{ step: 0, expected: 0 }]; // no coin falls before the first step
      },
      /* One step; false when the dream is over. At temperature 0 it ends where its end is likelier than not. */
      step(action) {
        if (solo.stopped) return false;
        dreaming.imagine(action);
        solo.steps += 1;
        solo.pushes.push(action);
        solo.history.push({ step: solo.steps, expected: risk() });
        const drawn = coin.uniform();
        if (solo.continues < (solo.temperature === 0 ? 0.5 : drawn)) solo.fell = solo.steps;
        return true;
      },
      get stopped() {
        return solo.fell !== null || solo.perfect;
      },
      get perfect() {
        return solo.fell === null && solo.steps >= world.limit;
      },
      get score() {
        return solo.steps - (solo.fell !== null && !world.endCounts ? 1 : 0);
      },

      panels: () => [
        {
          title: "dream", color: "imagined", shown: solo.dream,
          note: `step ${solo.steps}` + (solo.steps ? `, ${Math.round(100 * solo.continues)}% sure that the game goes on` : ""),
          banner: solo.stopped ? ["the dream is over", `${solo.score} steps survived`] : null,
        },
      ],
      words: () =>
        solo.fell === null
          ? ["There is no real game: the model dreams every ball."]
          : [`The dream ended at step ${solo.fell}: the model gave it a chance of ${Math.round(100 * solo.continues)}% to go on.`],
    };
    const dreaming = WM.dreaming(solo, model, agents);
    const risk = () => 100 * (1 - solo.continues);
    return Object.assign(solo, { choose: dreaming.choose, chance: dreaming.chance });
  };
})();
