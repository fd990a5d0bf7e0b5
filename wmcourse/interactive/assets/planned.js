/* What a PlanningBoard says: the score, and who got more from the same start. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const shown = (value) => value.toFixed(0).replace("-", "−");

  /* `minds`: who can imagine, by their labels. */
  WM.planned = (game, minds) => ({
    /* One line for now: `hand` is whose turn it is; `closely`, whether each iteration is shown. */
    told(hand, closely) {
      const { steps, total, upright, trying, search, records, planner, rounds, samples } = game;
      const scores = [["you", records.you], ["planner", records.planner]].filter(([, score]) => score !== undefined);
      const list = scores.map(([who, score]) => `${who} ${shown(score)}`).join(", ");
      const before = list && ` From this start: ${list}.`, iterations = trying.length ? trying : search;
      if (steps === 0 && !iterations.length)
        return `Swing it up with ← and →, then watch the planner. Every step costs points until it stands still on top.${before}`;
      const mind = minds[game.dream];
      if (hand === "planner" && closely && iterations.length && (trying.length || game.done === 0)) {
        const best = Math.max(...iterations[iterations.length - 1].futures.map(({ value }) => value));
        const found = `of ${samples} futures imagined with ${mind}, the best promises ${shown(best)}.`;
        return `Iteration ${iterations.length} of ${rounds}: ${found}`;
      }
      const seconds = (upright * WM.pendulum.time).toFixed(1), who = hand === "you" ? "You" : `${WM.searches[planner]} with ${mind}`;
      return `${who}: step ${steps} of ${WM.pendulum.limit}, return ${shown(total)}, ${seconds} s upright.${before}`;
    },
    /* Two lines when it is over. */
    banner() {
      if (!game.over) return null;
      const mine = game.by === "you", [me, they] = mine ? ["you", "the planner"] : ["the planner", "you"];
      const other = game.records[mine ? "planner" : "you"], invited = mine ? "now watch the planner" : "now try it yourself";
      const second = other === undefined ? `${invited}, from the same start` : `${they} got ${shown(other)} from the same start`;
      return [`${me} got ${shown(game.total)}`, second];
    },
  });
})();
