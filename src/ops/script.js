"use strict";
// Without this script, the page works and does not refresh itself.
(() => {
  const PERIOD = 30_000;
  const note = document.getElementById("refresh");
  // A panel in which a person reads or writes is not replaced.
  const isBusy = (panel) => panel.contains(document.activeElement) || panel.querySelector("form[data-changed]");
  document.addEventListener("input", (event) => event.target.form?.setAttribute("data-changed", ""));

  function replace(panel, next) {
    if (!next || isBusy(panel) || panel.innerHTML === next.innerHTML) return;
    for (const details of panel.querySelectorAll("details[id]")) {
      const same = next.querySelector(`#${CSS.escape(details.id)}`);
      if (same) same.open = details.open;
    }
    panel.replaceWith(next);
  }

  async function refresh() {
    if (document.hidden) return;
    try {
      const response = await fetch(location.href, { cache: "no-store" });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const next = new DOMParser().parseFromString(await response.text(), "text/html");
      for (const panel of document.querySelectorAll("[data-panel]")) {
        replace(panel, next.querySelector(`[data-panel="${panel.dataset.panel}"]`));
      }
      document.title = next.title;
      const [icon, newer] = [document, next].map((it) => it.querySelector("link[rel=icon]"));
      if (icon && newer) icon.href = newer.href;
      note.textContent = "";
    } catch (error) {
      note.textContent = `The page could not be refreshed (${error.message}). It shows an earlier state.`;
    }
  }

  if (document.body.dataset.page === "ops") {
    setInterval(refresh, PERIOD);
    document.addEventListener("visibilitychange", refresh);
  }
})();
