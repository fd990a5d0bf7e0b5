/* What a PlanningBoard shows: the pendulum with its past and its imagined futures, the plan, what was promised and earned.
   The rod is always as long, so time is drawn along the radius: inside the circle the past, outside of it the future. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const WIDE = 620; // px from which the charts stand beside the pendulum
  const LARGEST = 400, NARROWEST = 256, GAP = 24, CHARTS = 330, AXIS = 46; // px
  const AHEAD = 40; // steps that fit
  const REACH = 0.03; // of the rod's length, a step
  const ROOM = 2.28; // of it, from the pivot to the edge
  const PARTS = 3; // of a step: a curve has so many straight pieces
  const around = (angle) => Math.atan2(Math.sin(angle), Math.cos(angle));

  WM.planboard = (root, world) => {
    const canvas = (name) => WM.make("canvas", { className: name });
    const scene = canvas("wm-canvas"), charts = canvas("wm-meter");
    scene.setAttribute("role", "img");
    charts.setAttribute("aria-hidden", "true"); // the status line says it
    const element = WM.make("div", { className: "wm-board" }, scene, charts);
    const signed = (value, digits = 0) => value.toFixed(digits).replace("-", "−");

    /* `closely`: the search that goes on is drawn, each iteration of it. */
    function draw(game, { closely, banner }) {
      const padding = 2 * parseFloat(getComputedStyle(root).paddingLeft || 0);
      const width = Math.max(NARROWEST, root.clientWidth - padding), wide = width >= WIDE;
      const side = Math.min(LARGEST, wide ? Math.round(0.52 * width) : width);
      const trying = closely && game.trying.length > 0;
      const seen = { iterations: trying ? game.trying : game.search, done: trying ? 0 : game.done, trying, closely };
      element.classList.toggle("wm-wide", wide);
      WM.paint(root, scene, side, side, (context, color, text) => {
        pendulum(context, side, color, text, game, seen);
        if (banner) WM.announce(root, context, { width: side, height: 1.4 * side }, banner); // below the pivot
      });
      const size = [wide ? width - side - GAP : width, wide ? side : CHARTS];
      WM.paint(root, charts, ...size, (context, color, text) => chart(context, ...size, color, text, game, seen));
    }

    function pendulum(context, side, color, text, game, { iterations, done, trying }) {
      const middle = side / 2, unit = middle / ROOM, latest = iterations[iterations.length - 1];
      const at = (angle, steps) => {
        const radius = unit * (1 + REACH * steps);
        return [middle - radius * Math.sin(angle), middle - radius * Math.cos(angle)];
      };
      // Angles from step `first` on, which is so many steps from now; they turn evenly from step to step.
      function curve(angles, first, least = -Infinity) {
        context.beginPath();
        angles.forEach((angle, t) => {
          if (first + t < least) return;
          if (t > 0 && first + t > least)
            for (let part = 1; part < PARTS; part++) {
              const turned = (around(angle - angles[t - 1]) * part) / PARTS;
              context.lineTo(...at(angles[t - 1] + turned, first + t - 1 + part / PARTS));
            }
          context.lineTo(...at(angle, first + t));
        });
        context.stroke();
      }
      context.lineJoin = context.lineCap = "round";
      context.strokeStyle = color("track");
      context.lineWidth = 1.5;
      for (const [steps, words] of [[0, "now"], [20, "+1 s"], [40, "+2 s"]]) {
        context.setLineDash(steps ? [2, 5] : []);
        context.beginPath();
        context.arc(middle, middle, unit * (1 + REACH * steps), 0, 2 * Math.PI);
        context.stroke();
        if (words !== "now") text(words, ...at(-Math.PI / 4, steps + 1.2), "muted");
      }
      context.setLineDash([]);
      context.lineWidth = 5; // where it stands upright
      context.beginPath();
      context.arc(middle, middle, unit, -Math.PI / 2 - world.tilt, -Math.PI / 2 + world.tilt);
      context.stroke();

      context.strokeStyle = color("imagined");
      if (latest) {
        const { futures, shares, from } = latest, faint = Math.min(0.4, Math.max(0.07, 9 / futures.length));
        for (const strong of [false, true])
          futures.forEach(({ path }, i) => {
            if (shares[i] >= 0.05 !== strong) return;
            context.globalAlpha = strong ? Math.max(faint, 0.65 * shares[i]) : faint;
            context.lineWidth = strong ? 1.6 : 1;
            curve([from, ...path], -done, 0);
          });
        context.globalAlpha = 1;
        context.lineWidth = 4;
        curve([from, ...game.pathOf(latest)], -done, trying ? -Infinity : -AHEAD);
      }
      const { trace, state: [angle], torque } = game;
      context.strokeStyle = context.fillStyle = color("real");
      context.lineWidth = 2;
      context.globalAlpha = 0.55;
      curve(trace, 1 - trace.length);
      context.globalAlpha = 1;

      const tip = at(angle, 0);
      context.lineWidth = Math.max(8, 0.11 * unit);
      context.beginPath();
      context.moveTo(middle, middle);
      context.lineTo(...tip);
      context.stroke();
      disc(context, ...tip, 0.1 * unit);
      arrow(context, middle, unit, (torque / world.most) * 1.9, color);
      context.fillStyle = color("track");
      disc(context, middle, middle, 0.045 * unit);
      text("real", 0, side - 6, "real", { bold: true });
      if (latest) text("imagined", side, side - 6, "imagined", { bold: true, right: true });
      text(`${(game.steps * world.time).toFixed(1)} s`, 0, 15, "muted");
      text(`return ${signed(game.total)}`, side, 15, "real", { bold: true, right: true });
    }
    function disc(context, x, y, radius) {
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
    }
    // The torque as an arc around the pivot, counterclockwise where it is positive.
    function arrow(context, middle, unit, turn, color) {
      if (Math.abs(turn) < 0.05) return;
      const radius = 0.32 * unit, up = -Math.PI / 2, end = up - turn / 2, head = Math.min(9, 14 * Math.abs(turn));
      context.strokeStyle = context.fillStyle = color("real");
      context.lineWidth = 2.5;
      context.beginPath();
      context.arc(middle, middle, radius, up + turn / 2, end, turn > 0);
      context.stroke();
      const x = middle + radius * Math.cos(end), y = middle + radius * Math.sin(end);
      const along = end - (Math.sign(turn) * Math.PI) / 2;
      context.beginPath();
      for (const [far, to] of [[1, 0], [0.7, 2.2], [0.7, -2.2]])
        context.lineTo(x + far * head * Math.cos(along + to), y + far * head * Math.sin(along + to));
      context.fill();
    }

    function chart(context, width, height, color, text, game, { iterations, done, closely }) {
      const half = Math.round(height / 2) - 6, count = closely && !done && iterations.length;
      const box = (top) => [AXIS, top, width - AXIS - 1, half - top - 20];
      text("the plan", 0, 15, "imagined", { bold: true });
      text(count ? `iteration ${count} of ${game.rounds}` : "torque (N m)", width, 15, "muted", { right: true });
      frame(context, color, box(26));
      plan(context, box(26), color, text, iterations, done);
      context.translate(0, half + 12);
      ledger(context, width, box(44), color, text, game);
    }
    function frame(context, color, [x, y, width, height]) {
      context.strokeStyle = color("track");
      context.lineWidth = 1;
      context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
    }
    function plan(context, [left, top, width, height], color, text, iterations, done) {
      const x = (t) => left + (width * t) / AHEAD, y = (torque) => top + height / 2 - (0.46 * height * torque) / world.most;
      for (const torque of [world.most, 0, -world.most])
        text(torque > 0 ? `+${torque}` : signed(torque), left - 6, y(torque) + 5, "muted", { right: true });
      text("0 s", left, top + height + 18, "muted");
      text("+1 s", x(AHEAD / 2) - 14, top + height + 18, "muted");
      text("+2 s", left + width, top + height + 18, "muted", { right: true });
      context.fillStyle = context.strokeStyle = color("track");
      context.fillRect(left, y(0), width, 1);
      if (done > 0) context.fillRect(x(done) - 1, top, 2, height);
      context.fillStyle = context.strokeStyle = color("imagined");
      iterations.forEach(({ mean, std }, i) => {
        const last = i === iterations.length - 1, spread = std || mean.map(() => 0);
        context.beginPath();
        mean.forEach((torque, t) => context.lineTo(x(t + 0.5), y(Math.min(world.most, torque + spread[t]))));
        for (let t = mean.length - 1; t >= 0; t--) context.lineTo(x(t + 0.5), y(Math.max(-world.most, mean[t] - spread[t])));
        context.globalAlpha = last ? 0.28 : 0.09;
        context.fill();
        context.globalAlpha = last ? 1 : 0.35;
        context.lineWidth = last ? 2.5 : 1;
        context.beginPath();
        mean.forEach((torque, t) => context.lineTo(x(t + 0.5), y(torque)));
        context.stroke();
      });
      context.globalAlpha = 1;
    }
    // One number a plan: what was promised for the steps to come, and, once they are over, what they have earned.
    function ledger(context, width, [left, top, wide, high], color, text, { promises, steps, horizon }) {
      const paid = promises.filter(({ earned }) => earned !== null), pair = paid[paid.length - 1] || promises[0];
      const told = pair ? pair.horizon : horizon, wait = pair && pair.step + pair.horizon - steps;
      const sums = [`promised for ${told} steps`, `earned in those ${told}`];
      const earned = pair && (pair.earned === null ? `in ${wait} steps` : signed(pair.earned, 1));
      const values = pair ? [signed(pair.promised, 1), earned] : ["–", "–"];
      ["imagined", "real"].forEach((name, i) => {
        text(sums[i], 0, 14 + 20 * i, name, { bold: true });
        text(values[i], width, 14 + 20 * i, name, { bold: true, right: true });
      });
      frame(context, color, [left, top, wide, high]);
      const least = Math.min(-50, ...promises.flatMap((each) => [each.promised, each.earned ?? 0]));
      const x = (step) => left + 3 + ((wide - 6) * step) / world.limit;
      const y = (value) => top + 4 + ((high - 8) * value) / least;
      text("0", left - 6, y(0) + 8, "muted", { right: true });
      text(signed(least), left - 6, y(least) + 1, "muted", { right: true });
      text("0 s", left, top + high + 18, "muted");
      text(`${world.limit * world.time} s`, left + wide, top + high + 18, "muted", { right: true });
      for (const [name, list] of [["real", paid], ["imagined", promises]]) {
        context.strokeStyle = color(name);
        context.lineWidth = 2;
        context.beginPath();
        for (const each of list) context.lineTo(x(each.step), y(name === "real" ? each.earned : each.promised));
        context.stroke();
      }
    }
    return { element, scene, draw };
  };
})();
