/* An explorer's figure that the page computes: one quantity of an episode, as it was and as the model follows it.
   What wmcourse/interactive/rollouts.py draws in a notebook, and `rollout` of wmcourse/evaluation/rollout.py computes. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});

  WM.rollout = (spec) => {
    const model = WM.model(WM.models[spec.model]), quantity = WM.model(spec.quantity);
    const followed = new Map();

    // What the model tells of the quantity at each step, and when it looked; the draws are the same at every call.
    function follow(temperature, peekEvery) {
      const key = `${temperature} ${peekEvery}`;
      if (!followed.has(key)) followed.set(key, rollout(temperature, peekEvery));
      return followed.get(key);
    }
    function rollout(temperature, peekEvery) {
      const random = WM.random(spec.seed), values = [], looked = [];
      const ask = (name, given) => model.run(name, { ...given, temperature, ...model.noise(name, random) });
      const read = (belief) => quantity.run("quantity", { observation: model.run("decode", belief).observation }).value[0];
      let belief;
      spec.observations.forEach((observation, t) => {
        const since = t - (spec.context - 1), look = since <= 0 || (peekEvery !== null && since % peekEvery === 0);
        const step = { ...belief, action: spec.actions[t - 1] };
        const expected = t > 0 && (!look || spec.when === "expected") ? ask("imagine", step) : null;
        if (look) belief = t === 0 ? ask("begin", { observation }) : ask("observe", { ...step, observation });
        else belief = expected;
        values.push(read(spec.when === "expected" && expected ? expected : belief));
        looked.push(look);
      });
      return { values, looked };
    }

    // The traces are those of `rollout_figure`: real, imagined, corrected by peeks, peek.
    return (tree, values) => {
      const { horizon, temperature, peek_every: peekEvery } = { ...spec.fixed, ...values };
      const time = Array.from({ length: horizon + 1 }, (_, t) => t), shown = (curve) => curve.slice(0, horizon + 1);
      const blind = follow(temperature, null), helped = follow(temperature, peekEvery);
      const curves = [spec.real, blind.values, helped.values].map(shown);
      curves.forEach((y, i) => Object.assign(tree.data[i], { x: time, y }));
      const looks = time.filter((t) => helped.looked[t]);
      Object.assign(tree.data[3], { x: looks, y: looks.map((t) => helped.values[t]) });
      tree.layout.xaxis.range = [0, horizon];
      const off = curves[2].reduce((sum, value, t) => sum + Math.abs(value - spec.real[t]), 0) / time.length;
      const looking = peekEvery === null ? "never looking again" : `looking every ${peekEvery} steps`;
      tree.alt =
        `The ${spec.name} over ${horizon} steps, real and as the model ${spec.when} it to be, ` +
        `at temperature ${temperature}, ${looking}. Mean absolute error in ${spec.unit}: ${off.toPrecision(3)}.`;
      return tree;
    };
  };
})();
