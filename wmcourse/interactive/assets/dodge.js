/* The real Dodge in the page: the rules and the pictures of wmcourse/envs/dodge.py, to the last bit. Its numbers
   are that file's own, brought by `rules` of wmcourse/interactive/scripts.py.
   A state is {agent, balls}: the agent's center in pixels from the left, and [x, y, speed] of each ball in the air.
   An observation is a picture of 3 x 64 x 64 numbers in [0, 1]. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const { SIDE, STRIDE, PLACES, FIRST_PLACE, AGENT_ROW, LAUNCH, LANES, SPEEDS, SLOTS, LIMIT, STAY, PARTS, BACKGROUND, WALL } = WM.rules.dodge;
  const agentDisc = { radius: WM.rules.dodge.AGENT_RADIUS, color: WM.rules.dodge.AGENT };
  const ballDisc = { radius: WM.rules.dodge.BALL_RADIUS, color: WM.rules.dodge.BALL };
  const PIXELS = SIDE * SIDE, BALL_PIXELS = Math.round(Math.PI * ballDisc.radius ** 2);
  const VISIBLE = 0.25; // by which a pixel differs, in some color, for a reader to see it

  WM.worlds = WM.worlds || {};
  WM.worlds.dodge = {
    pushes: [
      { action: 0, key: "ArrowLeft", text: "← left", label: "Move left" },
      { action: 2, key: "ArrowRight", text: "right →", label: "Move right" },
    ],
    actions: 3,
    idle: () => STAY,
    flows: true, // once begun, time goes on while nobody moves
    endCounts: false, // the step of the hit earns nothing
    rate: 15, // steps a second
    limit: LIMIT, // steps
    preset: { text: "stand still", action: STAY },
    words: {
      driver: "Who plays", verb: "move", again: "Press R, or “play again”.", still: "Time stands still until you move.",
      idle: "", cover: ["Real game", "hidden until it is over"],
    },

    start: () => ({ agent: FIRST_PLACE + STRIDE * Math.floor(PLACES / 2), balls: [] }),
    /* The three dice are thrown in every step: is a ball launched, from where, how fast. */
    step({ agent, balls }, action, random) {
      const dice = [random.uniform(), random.uniform(), random.uniform()], { radius } = ballDisc;
      const moved = Math.min(Math.max(agent + STRIDE * (action - STAY), FIRST_PLACE), FIRST_PLACE + STRIDE * (PLACES - 1));
      const flying = balls.map(([x, y, speed]) => [x, y + speed, speed]).filter(([, y]) => y <= SIDE + radius);
      if (dice[0] < LAUNCH && flying.length < SLOTS)
        flying.push([LANES[0] + (LANES[1] - LANES[0]) * dice[1], -radius, SPEEDS[0] + (SPEEDS[1] - SPEEDS[0]) * dice[2]]);
      return { agent: moved, balls: flying };
    },
    over: ({ agent, balls }) =>
      balls.some(([x, y]) => Math.hypot(x - agent, y - AGENT_ROW) < agentDisc.radius + ballDisc.radius) ? "a ball has hit" : "",
    stopped: (state) => WM.worlds.dodge.over(state) !== "",
    observe: (state) => Float32Array.from(WM.worlds.dodge.picture(state), (byte) => byte / 255),
    /* What a camera sees that keeps the agent in the middle, as bytes: soft-edged discs between two walls. */
    picture({ agent, balls }) {
      const bytes = new Uint8Array(3 * PIXELS), shift = SIDE / 2 - agent;
      for (let column = 0; column < SIDE; column++) {
        const left = agent - SIDE / 2 + column, cover = Math.min(1, Math.max(0, -left, left + 1 - SIDE));
        for (let color = 0; color < 3; color++)
          for (let row = 0; row < SIDE; row++) bytes[color * PIXELS + row * SIDE + column] = mixed(color, WALL, cover);
      }
      for (const [x, y] of balls) disc(bytes, x + shift, y, ballDisc);
      disc(bytes, SIDE / 2, AGENT_ROW, agentDisc);
      return bytes;
    },

    meter: { name: "pixels that differ", unit: ` of ${PIXELS.toLocaleString("en")}`, least: 100, digits: 0 },
    error(real, dream) {
      const off = (place) => Math.abs(real[place] - dream[place]) > VISIBLE;
      let count = 0;
      for (let i = 0; i < PIXELS; i++) count += off(i) || off(i + PIXELS) || off(i + 2 * PIXELS) ? 1 : 0;
      return count;
    },
    describe: (real, dream) =>
      `The dream launches balls of its own: ${WM.worlds.dodge.error(real, dream)} pixels differ now (a ball covers about ${BALL_PIXELS}).`,

    panel: (width, ratio) => WM.picture.fit([3, SIDE, SIDE], width, ratio),
    draw: (context, size, observation) => WM.picture.draw(context, size, [3, SIDE, SIDE], observation),
  };

  const mixed = (color, shade, cover) => Math.floor(BACKGROUND[color] + cover * (shade[color] - BACKGROUND[color]) + 0.5);

  // One disc, to an eighth of a pixel; pixel k has its center at k + 1/2. Where discs overlap, the brighter wins.
  function disc(bytes, x, y, { radius, color: shade }) {
    const left = Math.floor(x * PARTS + 0.5) / PARTS, top = Math.floor(y * PARTS + 0.5) / PARTS, reach = radius + 0.5;
    for (let row = Math.max(0, Math.floor(top - reach)); row < Math.min(SIDE, top + reach); row++)
      for (let column = Math.max(0, Math.floor(left - reach)); column < Math.min(SIDE, left + reach); column++) {
        const across = column + 0.5 - left, down = row + 0.5 - top;
        const cover = Math.min(1, Math.max(0, reach - Math.sqrt(across * across + down * down)));
        for (let color = 0; color < 3; color++) {
          const place = color * PIXELS + row * SIDE + column;
          bytes[place] = Math.max(bytes[place], mixed(color, shade, cover));
        }
      }
  }
})();
