/* What a RoomsBoard shows: the rooms from above with the way so far, the imagined futures and a map of the distance to the
   goal; beside them the two pictures that are all a model sees. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const WIDE = 620; // px from which the pictures stand beside the rooms
  const LARGEST = 400, NARROWEST = 256, GAP = 24, TITLE = 22, PICTURE = 128; // px
  const FINE = 4; // parts of a cell of the map
  const BANDS = 12; // of distance
  const STRONGEST = 0.8;

  WM.roomsboard = (root, world) => {
    const canvas = (name) => WM.make("canvas", { className: name });
    const scene = canvas("wm-canvas"), pictures = canvas("wm-meter"), painted = WM.make("canvas", {});
    scene.setAttribute("role", "img");
    pictures.setAttribute("aria-hidden", "true"); // the status line says it
    const element = WM.make("div", { className: "wm-board" }, scene, pictures);
    let side = NARROWEST, shown = {};

    /* `map` are distances {count, values}, the same object until they change; `cursor` is a goal that is not yet set. */
    function draw(game, { closely, map, cursor }) {
      const padding = 2 * parseFloat(getComputedStyle(root).paddingLeft || 0);
      const width = Math.max(NARROWEST, root.clientWidth - padding), wide = width >= WIDE;
      side = Math.min(LARGEST, wide ? Math.round(0.56 * width) : width);
      element.classList.toggle("wm-wide", wide);
      WM.paint(root, scene, side, side, (context, color) => {
        context.scale(side / world.side, side / world.side);
        if (map) bands(context, map, color("map"));
        floor(context, color);
        futures(context, color, game, closely);
        way(context, color, game);
        ring(context, color("corrected"), game.goal, []);
        if (cursor) ring(context, color("corrected"), cursor, [1.5, 1.5]);
      });
      const room = wide ? width - side - GAP : width, each = Math.min(PICTURE, Math.floor((room - GAP) / 2));
      WM.paint(root, pictures, room, each + 2 * TITLE, (context, color, text) => {
        [["it sees", game.state, "real"], ["it is to see", game.goal, "corrected"]].forEach(([title, place, name], i) => {
          context.save();
          context.translate(i * (each + GAP), 0);
          text(title, 0, 15, name, { bold: true });
          context.translate(0, TITLE);
          WM.picture.draw(context, { width: each, height: each }, world.shape, world.observe(place));
          context.restore();
        });
        text("These two pictures are all it is given.", 0, each + 2 * TITLE - 4, "muted");
      });
    }

    function floor(context, color) {
      context.fillStyle = color("wall");
      for (const wall of world.walls) context.fillRect(...wall);
    }
    // Bands of equal distance, stronger where it is near.
    function bands(context, map, shade) {
      if (map !== shown.map || shade !== shown.shade) paint((shown = { map, shade }));
      context.drawImage(painted, 0, 0, world.side, world.side);
    }
    function paint({ map: { count, values }, shade }) {
      const size = FINE * count, most = values.reduce((top, value) => (value > top ? value : top), 1e-9);
      const [red, green, blue] = [1, 3, 5].map((at) => parseInt(shade.slice(at, at + 2), 16));
      const image = new ImageData(size, size), { data } = image;
      const at = (place) => Math.min(count - 1, Math.max(0, (place + 0.5) / FINE - 0.5));
      for (let row = 0, to = 0; row < size; row++)
        for (let column = 0; column < size; column++, to += 4) {
          const y = at(row), x = at(column), up = count * Math.floor(y), left = Math.floor(x);
          const down = Math.min(count * (count - 1), up + count), right = Math.min(count - 1, left + 1);
          const upper = mix(values[up + left], values[up + right], x % 1), lower = mix(values[down + left], values[down + right], x % 1);
          const near = 1 - mix(upper, lower, y % 1) / most;
          [data[to], data[to + 1], data[to + 2]] = [red, green, blue];
          data[to + 3] = (255 * STRONGEST * Math.ceil(BANDS * near)) / BANDS; // NaN is 0: not known yet
        }
      [painted.width, painted.height] = [size, size];
      painted.getContext("2d").putImageData(image, 0, 0);
    }
    function mix(from, to, share) {
      return share === 0 ? from : from + share * (to - from);
    }
    function line(context, from, path) {
      context.beginPath();
      context.moveTo(...from);
      for (let i = 0; i < path.length; i += 2) context.lineTo(path[i], path[i + 1]);
      context.stroke();
    }
    function futures(context, color, game, closely) {
      const iterations = closely && game.trying.length ? game.trying : game.search;
      const latest = iterations[iterations.length - 1];
      if (!latest) return;
      const faint = Math.min(0.5, Math.max(0.12, 14 / latest.futures.length));
      context.strokeStyle = color("imagined");
      context.lineJoin = context.lineCap = "round";
      for (const strong of [false, true])
        latest.futures.forEach(({ path }, i) => {
          if (latest.shares[i] >= 0.05 !== strong) return;
          context.globalAlpha = strong ? Math.max(faint, 0.7 * latest.shares[i]) : faint;
          context.lineWidth = strong ? 0.3 : 0.18;
          line(context, latest.from, path);
        });
      context.globalAlpha = 1;
      context.lineWidth = 0.8;
      line(context, latest.from, game.pathOf(latest));
    }
    function way(context, color, { trace, state }) {
      context.strokeStyle = context.fillStyle = color("real");
      context.lineWidth = 0.6;
      line(context, trace[0], trace.flat());
      for (const place of trace) disc(context, place, 0.6);
      disc(context, state, world.radius);
    }
    function ring(context, shade, place, dashes) {
      context.strokeStyle = context.fillStyle = shade;
      context.lineWidth = 0.6;
      context.setLineDash(dashes);
      context.beginPath();
      context.arc(...place, world.near, 0, 2 * Math.PI);
      context.stroke();
      context.setLineDash([]);
      disc(context, place, 0.8);
    }
    function disc(context, [x, y], radius) {
      context.beginPath();
      context.arc(x, y, radius, 0, 2 * Math.PI);
      context.fill();
    }
    return {
      element, scene, draw,
      /* The place under a pointer. */
      place({ clientX, clientY }) {
        const { left, top, width } = scene.getBoundingClientRect();
        return [clientX - left, clientY - top].map((at) => (at * world.side) / width);
      },
    };
  };
})();
