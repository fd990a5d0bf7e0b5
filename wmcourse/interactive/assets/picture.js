/* Observations that are pictures: numbers in [0, 1], [colors, height, width]. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});
  const LARGEST = 384; // px

  WM.picture = {
    /* As large as whole pixels of the screen for each of the picture's allow. */
    fit([, height, width], room, ratio) {
      const scale = Math.max(1, Math.floor((Math.min(room, LARGEST) * ratio) / width)) / ratio;
      return { width: width * scale, height: height * scale };
    },
    draw(context, size, [colors, height, width], observation) {
      const canvas = WM.make("canvas", { width, height }), image = new ImageData(width, height), pixels = width * height;
      for (let i = 0; i < pixels; i++) {
        for (let color = 0; color < 3; color++) image.data[4 * i + color] = 255 * observation[(color % colors) * pixels + i]; // clamped
        image.data[4 * i + 3] = 255;
      }
      canvas.getContext("2d").putImageData(image, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(canvas, 0, 0, size.width, size.height);
    },
    /* The numbers of an <img> that has been decoded. */
    read(image, [colors, height, width]) {
      const context = WM.make("canvas", { width, height }).getContext("2d"), pixels = width * height;
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      return Float32Array.from({ length: colors * pixels }, (_, i) => data[4 * (i % pixels) + Math.floor(i / pixels)] / 255);
    },
  };
})();
