/* One journey through two rooms: from where the dot is to the goal that the reader has set, by a planner. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});

  /* `dreams` are who imagines, `own` the numbers that each kind of search has for itself. */
  WM.journey = (world, dreams, own, { start, goal, seed = 0 }) => {
    let random;
    const journey = {
      start, goal,
      state: start,
      steps: 0,
      trace: [], // where it was, step by step
      get arrived() { return world.reached(journey.state, journey.goal); },
      get over() { return journey.arrived || journey.steps >= world.limit; },

      /* Begin again from the same start, or from another place, to the same goal or to another. */
      restart(from = journey.start, to = journey.goal) {
        random = WM.random(1000 * seed);
        journey.drop();
        Object.assign(journey, { start: from, goal: to, state: from, steps: 0, trace: [from] });
      },
      step(action) {
        if (journey.over) return;
        journey.state = world.move(journey.state, action);
        journey.trace.push(journey.state);
        journey.steps++;
      },
    };
    WM.receding(journey, {
      dreams, own, world,
      random: () => random,
      look: (dream) => dream.begin(journey.state, journey.goal),
      here: () => journey.state,
      act: journey.step,
    });
    journey.restart();
    return journey;
  };
})();
