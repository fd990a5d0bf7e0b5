/* The time of a player: so many steps a second while `going()`, and one drawing for each frame in which something moved. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const LATE = 2; // steps that a slow page makes up for; the rest are lost

  WM.clock = ({ rate, going, step, draw }) => {
    let frame = 0, last = 0, spare = 0;
    function tick(now) {
      frame = 0;
      if (!going()) return;
      spare = Math.min(spare + ((now - last) / 1000) * rate, LATE);
      last = now;
      let moved = false;
      for (; spare >= 1; spare--) moved = step() || moved;
      if (moved) draw();
      frame = requestAnimationFrame(tick);
    }
    return {
      /* Run, if it does not; the first step comes `delay` seconds late. */
      start(delay = 0) {
        if (frame) return;
        last = performance.now();
        spare = -delay * rate;
        frame = requestAnimationFrame(tick);
      },
      end: () => cancelAnimationFrame(frame),
    };
  };
})();
