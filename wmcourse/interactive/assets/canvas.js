/* Drawing on a canvas of a size in CSS pixels, sharp on every screen, in the colors of the element that it stands in. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});

  /* `paint(context, color, text)`: a color by its role, words in the element's font. */
  WM.paint = (root, canvas, width, height, paint) => {
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
  };

  /* What is over says so across its picture, in two lines. */
  WM.announce = (root, context, { width, height }, [first, second]) => {
    const middle = height / 2, family = getComputedStyle(root).fontFamily;
    context.save();
    context.fillStyle = "rgba(12, 15, 28, 0.82)";
    context.fillRect(0, middle - 36, width, 72);
    context.fillStyle = "#fff";
    context.textAlign = "center";
    context.font = `600 20px ${family}`;
    context.fillText(first, width / 2, middle - 4, width - 16);
    context.font = `14px ${family}`;
    context.fillText(second, width / 2, middle + 20, width - 16);
    context.restore();
  };
})();
