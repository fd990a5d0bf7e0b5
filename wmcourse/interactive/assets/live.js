/* A live explorer: what is in the model is what is shown, however late the view, the library or the kernel may be. */

// Plotly, brought once by the kernel in a model of its own and kept by the page.
function plotly(model) {
  const id = model.get("library");
  const shelf = (window.wmLibraries ??= new Map());
  if (!shelf.has(id)) shelf.set(id, bring(model.widget_manager, id));
  shelf.get(id).catch(() => shelf.delete(id)); // the next view tries again
  return shelf.get(id);
}

async function bring(manager, id) {
  const url = URL.createObjectURL(new Blob([await source(manager, id)], { type: "text/javascript" }));
  await import(url);
  URL.revokeObjectURL(url);
}

async function source(manager, id) {
  for (let attempt = 1; ; attempt++) {
    try {
      return (await manager.get_model(id)).get("source");
    } catch (error) { // not there yet: a busy kernel, or a page that is still being restored
      if (attempt === 100) throw error;
      await new Promise((done) => setTimeout(done, 300));
    }
  }
}

function render({ model, el }) {
  const { make, build, draw } = wmExplorer;
  const specs = model.get("controls");
  const shown = build(`wm-${crypto.getRandomValues(new Uint32Array(1))[0]}`, specs, moved);
  const failure = make("p", { className: "wm-failure" });
  failure.setAttribute("role", "alert");
  const root = make("figure", { className: specs.length ? "wm-explorer wm-ready" : "wm-chart wm-ready" });
  const caption = make("figcaption", { className: "wm-title", textContent: model.get("title") });
  root.setAttribute("aria-label", model.get("title"));
  root.append(caption, shown.plot, shown.panel, failure);
  for (const input of shown.panel.querySelectorAll("input, select"))
    input.setAttribute("data-lm-suppress-shortcuts", "true"); // or JupyterLab's arrows walk on to another cell
  el.append(root);
  let ready = false;
  let width = 0;

  function moved(settled) {
    if (!settled && !model.get("quick")) return; // a slow figure is drawn when its slider is let go
    model.set("chosen", shown.chosen());
    model.save_changes();
  }
  function follow() { // another view of the same figure moved
    shown.put(model.get("chosen"));
  }
  function show() {
    failure.textContent = model.get("failure");
    if (ready && width > 0) draw(shown.plot, JSON.parse(model.get("figure")));
  }
  function resized() { // also when the view is put into the page
    if (shown.plot.clientWidth === width) return;
    width = shown.plot.clientWidth;
    show();
  }

  const room = new ResizeObserver(resized);
  model.on("change:figure change:failure", show);
  model.on("change:chosen", follow);
  follow();
  plotly(model).then(
    () => { ready = true; room.observe(shown.plot); },
    (error) => { failure.textContent = `the figure's library did not arrive: ${error}. Run the cell again.`; },
  );
  return () => {
    room.disconnect();
    model.off("change:figure change:failure", show);
    model.off("change:chosen", follow);
    if (ready) window.Plotly.purge(shown.plot);
  };
}

export default { render };
