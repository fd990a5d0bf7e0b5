/* The real pendulum in the page: Pendulum-v1 as in wmcourse/envs/pendulum.py, whose numbers `rules` of
   wmcourse/interactive/scripts.py brings. A state is [angle from upright (rad, counterclockwise), its speed (rad/s)]. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const { STEPS, GRAVITY, MASS, LENGTH, TIME_STEP, MAX_SPEED, MAX_TORQUE } = WM.rules.pendulum;
  const TILT = Math.PI / 12; // to both sides: it still stands
  const KICK = 5; // rad/s

  const clip = (value, most) => Math.max(-most, Math.min(most, value));
  const around = (angle) => Math.atan2(Math.sin(angle), Math.cos(angle));

  WM.pendulum = {
    limit: STEPS,
    time: TIME_STEP, // s
    most: MAX_TORQUE, // N m
    tilt: TILT,
    hanging: () => [Math.PI, 0],
    /* As gymnasium draws it: any angle, at most 1 rad/s. */
    anywhere: (random) => [Math.PI * (2 * random.uniform() - 1), 2 * random.uniform() - 1],
    step([angle, speed], torque) {
      const push = clip(torque, MAX_TORQUE);
      const acceleration = ((1.5 * GRAVITY) / LENGTH) * Math.sin(angle) + (3 / (MASS * LENGTH ** 2)) * push;
      const sped = clip(speed + TIME_STEP * acceleration, MAX_SPEED);
      return [around(angle + TIME_STEP * sped), sped];
    },
    /* What a step pays that begins here. */
    reward: ([angle, speed], torque) =>
      -(around(angle) ** 2 + 0.1 * speed ** 2 + 0.001 * clip(torque, MAX_TORQUE) ** 2),
    observe: ([angle, speed]) => Float32Array.of(Math.cos(angle), Math.sin(angle), speed),
    upright: ([angle]) => Math.abs(around(angle)) < TILT,
    /* The same place, struck from one side. */
    struck: ([angle, speed], side) => [angle, clip(speed + side * KICK, MAX_SPEED)],
  };
})();
