/* The real world and a model of it, side by side: the same pushes for both, and the model looks only now and then.
   It is `rollout` of wmcourse/evaluation/rollout.py, one step at a time. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});

  WM.duet = (world, model, { seed = 0 } = {}) => {
    let runs = -1, random, previous, push;
    const duet = {
      temperature: 0,
      peekEvery: null, // steps from look to look, or null: never after the first
      steps: 0,
      real: null,
      dream: null, // what the model believes to see; `continues` is its chance that the episode goes on
      continues: 1,
      belief: null,
      fell: null, // the step at which the rules end the real episode, and why
      why: "",
      history: [], // one entry a step: the error before a look, and after it where there was one
      pushes: [],

      /* Begin an episode from a given start, or from one drawn as gymnasium does. */
      restart(start) {
        runs += 1;
        random = WM.random(1000 * seed + runs);
        duet.real = start ? Array.from(start) : world.start(random);
        duet.steps = 0;
        duet.fell = null;
        duet.why = "";
        duet.pushes = [];
        previous = push = null;
        believe(ask("begin", { observation: world.observe(duet.real) }));
        duet.history = [{ step: 0, expected: error(), looked: true, corrected: error() }];
      },
      /* One step of both worlds; `action` is the number of a push. False when there is nothing more to see. */
      step(action) {
        if (duet.stopped) return false;
        previous = duet.belief;
        push = Float32Array.from(world.pushes, (_, i) => +(i === action));
        duet.real = world.step(duet.real, action);
        duet.steps += 1;
        duet.pushes.push(action);
        if (duet.fell === null && world.over(duet.real)) [duet.fell, duet.why] = [duet.steps, world.over(duet.real)];
        believe(ask("imagine", { ...previous, action: push }));
        duet.history.push({ step: duet.steps, expected: error(), looked: false });
        if (duet.peekEvery && duet.steps % duet.peekEvery === 0) duet.look();
        return true;
      },
      /* Correct the belief by what is to be seen now. */
      look() {
        const observation = world.observe(duet.real);
        believe(push ? ask("observe", { ...previous, action: push, observation }) : ask("begin", { observation }));
        Object.assign(duet.history[duet.history.length - 1], { looked: true, corrected: error() });
      },
      /* What the agent would do, going by its belief: the number of a push. */
      choose: () => model.run("act", duet.belief).action.indexOf(1),
      chance: (count) => Math.floor(count * random.uniform()),
      get stopped() {
        return world.stopped(duet.real) || duet.perfect;
      },
      /* The rules' time limit, reached without a fall. */
      get perfect() {
        return duet.fell === null && duet.steps >= world.limit;
      },
      error: () => error(),
    };
    const ask = (question, given) => model.run(question, { ...given, temperature: duet.temperature, ...model.noise(question, random) });
    const error = () => world.error(duet.real, duet.dream);
    function believe(belief) {
      duet.belief = belief;
      const told = model.run("decode", belief);
      duet.dream = told.observation;
      duet.continues = told.continues ? told.continues[0] : 1;
    }
    return duet;
  };
})();
