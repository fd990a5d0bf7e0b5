/* The real CartPole-v1 in the page: gymnasium's equations and limits, and a drawing of any state, real or imagined.
   A state is [x (m), its speed (m/s), the pole's angle (rad), its speed (rad/s)]. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const GRAVITY = 9.8, CART = 1.0, POLE = 0.1, HALF = 0.5, FORCE = 10.0, TIME = 0.02; // SI units
  const EDGE = 2.4, TILT = (12 * 2 * Math.PI) / 360;
  const SHOWN = 2.6; // m to each side
  const degrees = (angle) => (angle * 180) / Math.PI;

  WM.worlds = WM.worlds || {};
  WM.worlds.cartpole = {
    pushes: [
      { action: 0, key: "ArrowLeft", text: "← push", label: "Push left" },
      { action: 1, key: "ArrowRight", text: "push →", label: "Push right" },
    ],
    actions: 2,
    idle: (turn) => turn % 2, // what plays while nobody pushes
    flows: false, // time stands still while nobody pushes
    endCounts: true, // the step of the fall is rewarded
    rate: 20, // steps a second: CartPole's own 50 are too fast to steer
    preset: { text: "let it fall", action: 1 },
    words: {
      driver: "Who pushes", verb: "push", again: "Push to begin again.", still: "Time stands still until somebody pushes.",
      idle: "Left and right take turns until you push.", cover: ["Real cart", "hidden until it falls"],
    },

    start: (random) => Array.from({ length: 4 }, () => 0.1 * random.uniform() - 0.05),

    // One Euler step of 0.02 s (Barto, Sutton & Anderson 1983; Florian 2007), as in wmcourse/envs/cartpole.py.
    step([x, speed, angle, spin], push) {
      const force = push === 1 ? FORCE : -FORCE, mass = CART + POLE, cos = Math.cos(angle), sin = Math.sin(angle);
      const thrust = (force + POLE * HALF * spin * spin * sin) / mass;
      const spun = (GRAVITY * sin - cos * thrust) / (HALF * (4 / 3 - (POLE * cos * cos) / mass));
      const sped = thrust - (POLE * HALF * spun * cos) / mass;
      return [x + TIME * speed, speed + TIME * sped, angle + TIME * spin, spin + TIME * spun];
    },
    observe: (state) => Float32Array.from(state),
    /* Why CartPole's rules end the episode here, or nothing. The physics goes on, as long as there is something to see. */
    over([x, , angle]) {
      if (Math.abs(angle) > TILT) return "the pole is past 12°";
      return Math.abs(x) > EDGE ? "the cart is off the track" : "";
    },
    stopped: ([x, , angle]) => Math.abs(angle) >= Math.PI / 2 || Math.abs(x) > SHOWN,
    limit: 500, // steps
    meter: { name: "the pole's error", unit: "°", least: 5, digits: 1 },
    error: (real, dream) => Math.abs(degrees(real[2] - dream[2])),
    describe: (real, dream) =>
      `The dream's pole is off by ${degrees(Math.abs(real[2] - dream[2])).toFixed(1)}°, its cart by ` +
      `${Math.round(100 * Math.abs(real[0] - dream[0]))} cm.`,

    ghost: true, // the dream is drawn over the outlines of what is real
    panel: (width) => ({ width, height: Math.round((width * 1.62) / (2 * SHOWN)) }),
    draw(context, { width, height, line }, [x, , angle], color, { ghost = false } = {}) {
      const scale = width / (2 * SHOWN), floor = height - 0.2 * scale, middle = width / 2 + x * scale;
      context.save();
      context.lineCap = "round";
      if (!ghost) {
        context.strokeStyle = line;
        context.lineWidth = 1.5;
        context.beginPath();
        context.moveTo(width / 2 - EDGE * scale, floor);
        context.lineTo(width / 2 + EDGE * scale, floor);
        for (const end of [-EDGE, EDGE]) {
          context.moveTo(width / 2 + end * scale, floor - 0.1 * scale);
          context.lineTo(width / 2 + end * scale, floor + 0.1 * scale);
        }
        context.stroke();
      }
      const tilt = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, angle)), top = floor - 0.22 * scale;
      context.strokeStyle = context.fillStyle = color;
      if (ghost) context.setLineDash([4, 4]);
      context.lineWidth = ghost ? 1.5 : Math.max(1, 0.02 * scale);
      const cart = [middle - 0.28 * scale, top, 0.56 * scale, 0.22 * scale];
      if (ghost) context.strokeRect(...cart);
      else context.fillRect(...cart);
      context.lineWidth = ghost ? 1.5 : Math.max(4, 0.1 * scale);
      context.beginPath();
      context.moveTo(middle, top);
      context.lineTo(middle + Math.sin(tilt) * 2 * HALF * scale, top - Math.cos(tilt) * 2 * HALF * scale);
      context.stroke();
      context.restore();
    },
  };
})();
