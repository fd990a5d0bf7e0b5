/* What a Player shows: the panels of its game, and a curve of one number a step. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const SHOWN_STEPS = 150; // of the curve
  const WIDE = 560; // px from which two panels stand side by side
  const NARROWEST = 256; // px
  const TITLE = 22, GAP = 16, METER = 76; // px

  WM.stage = (root, world) => {
    const scenes = WM.make("canvas", { className: "wm-canvas" }), meter = WM.make("canvas", { className: "wm-meter" });
    scenes.setAttribute("role", "img");
    meter.setAttribute("aria-hidden", "true"); // the status line says it

    function draw(game, hidden) {
      const padding = 2 * parseFloat(getComputedStyle(root).paddingLeft || 0), panels = game.panels(hidden);
      const width = Math.max(NARROWEST, root.clientWidth - padding), wide = width >= WIDE && panels.length > 1;
      const size = world.panel(wide ? (width - GAP) / 2 : width, window.devicePixelRatio || 1), row = TITLE + size.height;

      WM.paint(root, scenes, width, (wide ? 1 : panels.length) * row + 6, (context, color, text) => {
        const box = { ...size, line: color("track") };
        panels.forEach(({ title, note, color: name, shown, instead, ghost, corner, banner }, i) => {
          context.save();
          context.translate(wide ? i * (size.width + GAP) : 0, wide ? 0 : i * row);
          text(note, text(title, 0, 15, name, { bold: true }) + 8, 15, "muted");
          context.translate(0, TITLE);
          if (ghost) world.draw(context, box, ghost, color("muted"), { ghost: true });
          if (shown) world.draw(context, box, shown, color(name));
          else text(instead, 0, size.height / 2, "muted");
          if (banner) WM.announce(root, context, size, banner);
          if (corner) text(corner, size.width, 14, "muted", { right: true });
          context.restore();
        });
      });

      meter.hidden = hidden;
      if (!hidden) WM.paint(root, meter, width, METER, (context, color, text) => curve(context, width, color, text, game));
    }

    function curve(context, width, color, text, { meter: { name, unit, least, digits }, history }) {
      const entries = history.slice(-SHOWN_STEPS), { expected, corrected = expected } = history[history.length - 1];
      const most = Math.max(least, ...entries.map((entry) => entry.expected));
      const left = 5, top = TITLE, bottom = METER - 5;
      const x = (i) => left + ((width - left - 6) * i) / (SHOWN_STEPS - 1), y = (value) => bottom - ((bottom - top) * value) / most;
      text(`${name}${width < WIDE ? "" : ", step by step"}: ${corrected.toFixed(digits)}${unit}`, 0, 14, "muted");
      text(`0 to ${most.toFixed(0)}${unit.length > 1 ? "" : unit}`, width, 14, "muted", { right: true });
      context.strokeStyle = color("track");
      context.lineWidth = 1;
      context.strokeRect(0.5, top - 0.5, width - 1, bottom - top + 4);
      context.strokeStyle = color("imagined");
      context.lineWidth = 2;
      context.beginPath();
      entries.forEach((entry, i) => {
        context[i ? "lineTo" : "moveTo"](x(i), y(entry.expected));
        if (entry.looked) context.lineTo(x(i), y(entry.corrected));
      });
      context.stroke();
      context.fillStyle = color("corrected");
      entries.forEach((entry, i) => {
        if (!entry.looked) return;
        context.beginPath();
        context.arc(x(i), y(entry.corrected), 3.5, 0, 2 * Math.PI);
        context.fill();
      });
    }

    return { scenes, meter, draw };
  };
})();
