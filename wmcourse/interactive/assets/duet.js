/* The real world and a model of it, side by side: the same actions in both, and the model looks only now and then.
   It is `rollout` of wmcourse/evaluation/rollout.py, one step at a time. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const FLASH_STEPS = 4; // for which a corrected dream is teal

  WM.duet = (world, model, { seed = 0, agents = [model] } = {}) => {
    let runs = -1, dice;
    const duet = {
      temperature: 0,
      peekEvery: null, // steps from look to look, or null: never after the first
      steps: 0,
      real: null,
      seen: null, // of the real world
      fell: null, // the step at which the rules end the real episode, and why
      why: "",
      history: [], // one entry a step: the error before a look, and after it where there was one
      pushes: [],
      meter: world.meter,

      /* Begin an episode from a given start, or from one drawn as gymnasium does. */
      restart(start) {
        runs += 1;
        const random = WM.random(1000 * seed + runs);
        dice = WM.random(1000 * seed + runs + 500); // what the dream draws changes no real throw
        show(start ? Array.from(start) : world.start(random));
        Object.assign(duet, { steps: 0, fell: null, why: "", pushes: [] });
        dreaming.begin(duet.seen, random);
        duet.history = [{ step: 0, expected: duet.error(), looked: true, corrected: duet.error() }];
      },
      /* One step of both worlds; `action` is its number. False when there is nothing more to see. */
      step(action) {
        if (duet.stopped) return false;
        show(world.step(duet.real, action, dice));
        duet.steps += 1;
        duet.pushes.push(action);
        if (duet.fell === null && world.over(duet.real)) [duet.fell, duet.why] = [duet.steps, world.over(duet.real)];
        dreaming.imagine(action);
        duet.history.push({ step: duet.steps, expected: duet.error(), looked: false });
        if (duet.peekEvery && duet.steps % duet.peekEvery === 0) duet.look();
        return true;
      },
      look() {
        dreaming.look(duet.seen);
        Object.assign(duet.history[duet.history.length - 1], { looked: true, corrected: duet.error() });
      },
      get stopped() {
        return world.stopped(duet.real) || duet.perfect;
      },
      /* The rules' time limit, reached without a fall. */
      get perfect() {
        return duet.fell === null && duet.steps >= world.limit;
      },
      get score() {
        return duet.steps - (duet.fell !== null && !world.endCounts ? 1 : 0);
      },
      error: () => world.error(duet.seen, duet.dream),

      /* What is drawn, and what is said; a reader may hide the real world until its end. */
      panels(hidden) {
        const recent = duet.history.slice(-FLASH_STEPS).some((entry) => entry.step > 0 && entry.looked);
        const ghost = world.ghost && !hidden ? duet.seen : null;
        return [
          {
            title: "real", color: "real", note: duet.fell === null ? "" : `over at step ${duet.fell}`,
            shown: hidden ? null : duet.seen, instead: "You know only what the model believes.",
            banner: duet.stopped && world.flows ? ["over", `${duet.score} steps survived`] : null,
          },
          {
            title: "dream", color: recent ? "corrected" : "imagined", shown: duet.dream, ghost,
            note: `${Math.round(100 * duet.continues)}% sure that the game goes on`,
            corner: ghost && duet.error() > world.meter.least ? "dashed: real" : "",
          },
        ];
      },
      words(hidden) {
        const over = duet.fell === null ? [] : [`The real game was over at step ${duet.fell}: ${duet.why}.`];
        return [...over, ...(hidden ? [] : [world.describe(duet.seen, duet.dream)])];
      },
    };
    const dreaming = WM.dreaming(duet, model, agents);
    function show(state) {
      duet.real = state;
      duet.seen = world.observe(state);
    }
    return Object.assign(duet, { choose: dreaming.choose, chance: dreaming.chance });
  };
})();
