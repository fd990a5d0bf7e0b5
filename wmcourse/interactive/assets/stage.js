/* What a Player shows: the real world beside the dream, and how far the dream has been off. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const SHOWN_STEPS = 150; // of the error
  const FLASH_STEPS = 4; // for which a corrected dream is teal
  const WIDE = 560; // px from which the two worlds stand side by side
  const TITLE = 22, GAP = 16, METER = 76; // px

  WM.stage = (root, world) => {
    const scenes = WM.make("canvas", { className: "wm-canvas" }), meter = WM.make("canvas", { className: "wm-meter" });
    scenes.setAttribute("role", "img");
    meter.setAttribute("aria-hidden", "true"); // the status line says it

    // Draw on a canvas of a size in CSS pixels: `paint(context, color, text)`.
    function on(canvas, width, height, paint) {
      const ratio = window.devicePixelRatio || 1, style = getComputedStyle(root);
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
        canvas.style.width = `${width}px`;
        canvas.style.height = `${height}px`;
      }
      const context = canvas.getContext("2d"), color = (name) => style.getPropertyValue(`--wm-${name}`).trim();
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      // Words from `x` on, or up to it where it is measured from the right.
      const text = (words, x, y, name, { bold = false, right = false } = {}) => {
        context.font = `${bold ? "600 " : ""}14px ${style.fontFamily}`;
        context.fillStyle = color(name);
        const wide = context.measureText(words).width;
        context.fillText(words, right ? x - wide : x, y);
        return wide;
      };
      paint(context, color, text);
    }

    function draw(duet, hidden) {
      const padding = 2 * parseFloat(getComputedStyle(root).paddingLeft || 0);
      const width = Math.max(256, root.clientWidth - padding), wide = width >= WIDE;
      const panel = wide ? (width - GAP) / 2 : width, scene = Math.round(panel * world.aspect), row = TITLE + scene;
      const recent = duet.history.slice(-FLASH_STEPS).some((entry) => entry.step > 0 && entry.looked);
      const dreamed = recent ? "corrected" : "imagined";

      on(scenes, width, (wide ? 1 : 2) * row + 6, (context, color, text) => {
        const size = { width: panel, height: scene, line: color("track") };
        const panelAt = (x, y, title, note, name, paint) => {
          context.save();
          context.translate(x, y);
          text(note, text(title, 0, 15, name, { bold: true }) + 8, 15, "muted");
          context.translate(0, TITLE);
          paint();
          context.restore();
        };
        panelAt(0, 0, "real", duet.fell === null ? "" : `over at step ${duet.fell}`, "real", () => {
          if (hidden) text("You know only what the model believes.", 0, scene / 2, "muted");
          else world.draw(context, size, duet.real, color("real"));
        });
        const sure = `${Math.round(100 * duet.continues)}% sure that the game goes on`;
        panelAt(wide ? panel + GAP : 0, wide ? 0 : row, "dream", sure, dreamed, () => {
          if (!hidden) world.draw(context, size, duet.real, color("muted"), { ghost: true });
          world.draw(context, size, duet.dream, color(dreamed));
          if (!hidden && duet.error() > world.meter.least) text("dashed: real", panel, 14, "muted", { right: true });
        });
      });

      meter.hidden = hidden;
      if (!hidden) on(meter, width, METER, (context, color, text) => errors(context, width, color, text, duet));
    }

    function errors(context, width, color, text, duet) {
      const { name, unit, least } = world.meter, entries = duet.history.slice(-SHOWN_STEPS);
      const most = Math.max(least, ...entries.map((entry) => entry.expected));
      const left = 5, top = TITLE, bottom = METER - 5;
      const x = (i) => left + ((width - left - 6) * i) / (SHOWN_STEPS - 1), y = (error) => bottom - ((bottom - top) * error) / most;
      text(`${name}, step by step: ${duet.error().toFixed(1)}${unit}`, 0, 14, "muted");
      text(`0 to ${most.toFixed(0)}${unit}`, width, 14, "muted", { right: true });
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
