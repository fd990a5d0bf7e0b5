/* A model as a game asks it, step by step; what it answers stands in `game.belief`, `game.dream` and `game.continues`. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});

  WM.dreaming = (game, model, agents) => {
    let random, before, action;
    const ask = (question, given) => model.run(question, { ...given, temperature: game.temperature, ...model.noise(question, random) });
    function believe(belief) {
      const told = model.run("decode", belief);
      game.belief = belief;
      game.dream = told.observation; // what the model believes to see
      game.continues = told.continues ? told.continues[0] : 1; // its chance that the episode goes on
    }
    return {
      begin(observation, stream) {
        [random, before, action] = [stream, null, null];
        believe(ask("begin", { observation }));
      },
      imagine(number) {
        before = game.belief;
        action = Float32Array.from({ length: model.action }, (_, i) => +(i === number));
        believe(ask("imagine", { ...before, action }));
      },
      /* Correct the belief by what is to be seen now. */
      look: (observation) => believe(action ? ask("observe", { ...before, action, observation }) : ask("begin", { observation })),
      /* What an agent would do, going by the belief: the number of an action. */
      choose: (agent = 0) => agents[agent].run("act", game.belief).action.indexOf(1),
      chance: () => Math.floor(model.action * random.uniform()),
    };
  };
})();
