/* The real Dodge in the page: the rules and the pictures of wmcourse/envs/dodge.py, to the last bit. Its numbers
   are that file's own, brought by `rules` of wmcourse/interactive/scripts.py.
   A state has the [x, y, speed] of each ball in the air; x counts from the agent, to the right, around the ring.
   An observation is a picture of 3 x 64 x 64 numbers in [0, 1]. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const { SIDE, STRIDE, RING, AGENT_ROW, LAUNCH, SPEEDS, SLOTS, LIMIT, STAY, PARTS, BACKGROUND } = WM.rules.dodge;
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

    start: () => ({ balls: [] }),
    /* The three dice are thrown in every step: is a ball launched, from where, how fast. */
    step({ balls }, action, random) {
      const dice = [random.uniform(), random.uniform(), random.uniform()], { radius } = ballDisc;
      const flying = balls
        .map(([x, y, speed]) => [around(x - STRIDE * (action - STAY)), y + speed, speed])
        .filter(([, y]) => y <= SIDE + radius);
      if (dice[0] < LAUNCH && flying.length < SLOTS)
        flying.push([RING * (dice[1] - 0.5), -radius, SPEEDS[0] + (SPEEDS[1] - SPEEDS[0]) * dice[2]]);
      return { balls: flying };
    },
    over: ({ balls }) =>
      balls.some(([x, y]) => Math.hypot(x, y - AGENT_ROW) < agentDisc.radius + ballDisc.radius) ? "a ball has hit" : "",
    stopped: (state) => WM.worlds.dodge.over(state) !== "",
    observe: (state) => Float32Array.from(WM.worlds.dodge.picture(state), (byte) => byte / 255),
    /* What a camera sees that keeps the agent in the middle, as bytes: soft-edged discs on an even ground. */
    picture({ balls }) {
      const bytes = new Uint8Array(3 * PIXELS);
      for (let color = 0; color < 3; color++) bytes.fill(BACKGROUND[color], color * PIXELS, (color + 1) * PIXELS);
      for (const [x, y] of balls) disc(bytes, x + SIDE / 2, y, ballDisc);
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

  // The same place of the ring, -RING/2 to RING/2.
  function around(x) {
    const past = (x + RING / 2) % RING;
    return (past < 0 ? past + RING : past) - RING / 2;
  }
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
