/* Two rooms in the page: the rules and the pictures of wmcourse/envs/two_rooms.py, whose numbers `rules` of
   wmcourse/interactive/scripts.py brings. A state is [x, y] in pixels from the upper left corner, in 32-bit floats as there. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const { SIDE, LIMIT, MAX_STEP, REACHED, DOT_RADIUS, BORDER, WALL_X, WALL_WIDTH, DOOR_Y, DOOR_WIDTH } = WM.rules.two_rooms;
  const { FLOOR, WALL, DOT, LOW, HIGH, NEAR_WALL, IN_DOOR, REACH, PARTS } = WM.rules.two_rooms;
  const PIXELS = SIDE * SIDE, SHAPE = [3, SIDE, SIDE];
  const single = Math.fround, clip = (value, least, most) => Math.max(least, Math.min(most, value));
  const behind = (x) => Math.abs(x - WALL_X) >= NEAR_WALL, level = (y) => Math.abs(y - DOOR_Y) <= IN_DOOR;

  const free = ([x, y]) => x >= LOW && x <= HIGH && y >= LOW && y <= HIGH && (behind(x) || level(y));
  const gap = ([x, y], [there, down]) => Math.hypot(x - there, y - down);
  const top = DOOR_Y - DOOR_WIDTH / 2, bottom = DOOR_Y + DOOR_WIDTH / 2, left = WALL_X - WALL_WIDTH / 2;
  const empty = new Float32Array(3 * PIXELS);
  for (let i = 0; i < PIXELS; i++) {
    const [x, y] = [(i % SIDE) + 0.5, Math.floor(i / SIDE) + 0.5], edge = (at) => at < BORDER || at > SIDE - BORDER;
    const between = Math.abs(x - WALL_X) < WALL_WIDTH / 2 && Math.abs(y - DOOR_Y) > DOOR_WIDTH / 2;
    for (let color = 0; color < 3; color++) empty[color * PIXELS + i] = (edge(x) || edge(y) || between ? WALL : FLOOR)[color];
  }

  WM.twoRooms = {
    side: SIDE, limit: LIMIT, most: MAX_STEP, width: 2, radius: DOT_RADIUS, near: REACHED, shape: SHAPE,
    time: 0.1, // s for which a reader sees a step
    /* [x, y, width, height] of each. */
    walls: [
      [0, 0, SIDE, BORDER], [0, SIDE - BORDER, SIDE, BORDER], [0, 0, BORDER, SIDE], [SIDE - BORDER, 0, BORDER, SIDE],
      [left, 0, WALL_WIDTH, top], [left, bottom, WALL_WIDTH, SIDE - bottom],
    ],
    free,
    gap,
    reached: (place, goal) => gap(place, goal) < REACHED,
    /* The nearest place on the floor. */
    onFloor([x, y]) {
      const place = [clip(x, LOW, HIGH), clip(y, LOW, HIGH)];
      if (free(place)) return place;
      const side = place[0] < WALL_X ? WALL_X - NEAR_WALL : WALL_X + NEAR_WALL;
      const ways = [[side, place[1]], [place[0], clip(place[1], DOOR_Y - IN_DOOR, DOOR_Y + IN_DOOR)]];
      return gap(place, ways[0]) <= gap(place, ways[1]) ? ways[0] : ways[1];
    },
    /* One step: a displacement in pixels; the dot slides along what it hits. */
    move([x, y], [across, down]) {
      const [a, d] = [across, down].map((part) => single(single(clip(part, -MAX_STEP, MAX_STEP)) / PARTS));
      [x, y] = [single(x), single(y)];
      for (let part = 0; part < PARTS; part++) {
        if (free([single(x + a), y])) x = single(x + a);
        if (free([x, single(y + d)])) y = single(y + d);
      }
      return [x, y];
    },
    /* What is seen of a dot there: 3 x 64 x 64 numbers in [0, 1]. */
    observe([x, y]) {
      const picture = empty.slice(), within = (place) => clip(Math.floor(place), REACH, SIDE - 1 - REACH);
      for (let row = within(y) - REACH; row <= within(y) + REACH; row++)
        for (let column = within(x) - REACH; column <= within(x) + REACH; column++) {
          const cover = clip(DOT_RADIUS + 0.5 - Math.hypot(column + 0.5 - x, row + 0.5 - y), 0, 1);
          for (let color = 0, at = row * SIDE + column; color < 3; color++, at += PIXELS)
            picture[at] += cover * (DOT[color] - picture[at]);
        }
      return picture;
    },
  };
})();
