/* Keys, sight, size and theme of an element that the reader plays with. Of several on a page, the one that was used last,
   or is alone in sight, gets the keys; it hears when it leaves the screen and when it is back. */
(function () {
  "use strict";
  const WM = (globalThis.WM = globalThis.WM || {});

  /* `press(event, inside)` is true if the key was for it. Returns {seen, end}. */
  WM.attend = (root, onPage, { press, lift, away, leave, back, draw }) => {
    let inSight = true;
    const elsewhere = (target) => target.closest && target.closest("input, select, textarea, [contenteditable], .cm-editor");
    const mine = (event) => root.contains(event.target) || (onPage && WM.active === root && inSight);
    function pressed(event) {
      if (event.altKey || event.ctrlKey || event.metaKey || elsewhere(event.target) || !mine(event)) return;
      if (!press(event, root.contains(event.target))) return;
      event.preventDefault();
      event.stopPropagation();
    }
    const keys = onPage ? document : root, lifted = (event) => lift(event.key);
    keys.addEventListener("keydown", pressed);
    document.addEventListener("keyup", lifted);
    window.addEventListener("blur", away);
    root.addEventListener("focusin", () => (WM.active = root));
    const sight = new IntersectionObserver(([entry]) => {
      inSight = entry.isIntersecting;
      (inSight ? back : leave)();
      if (inSight && !WM.active) WM.active = root;
      if (!inSight && WM.active === root) WM.active = null; // another one in sight takes the keys
    });
    const shape = new ResizeObserver(() => draw()), theme = new MutationObserver(() => draw());
    sight.observe(root);
    shape.observe(root);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "data-mode"] });
    return {
      seen: () => inSight && !document.hidden,
      end() {
        keys.removeEventListener("keydown", pressed);
        document.removeEventListener("keyup", lifted);
        window.removeEventListener("blur", away);
        for (const observer of [sight, shape, theme]) observer.disconnect();
      },
    };
  };
})();
