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

  // The host takes the key of administrators from a header only, which a form cannot send by itself.
  function sendWithKey(form) {
    const key = document.getElementById("key");
    const failure = document.getElementById("failure");
    const button = form.querySelector("button");
    const here = location.pathname + location.search;
    document.getElementById("key-field").hidden = false;
    document.querySelector("[data-back]").href = here;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      failure.textContent = "";
      try {
        // The property `action` is the field of this name.
        const response = await fetch(form.getAttribute("action"), {
          method: "POST",
          headers: key.value ? { "x-functions-key": key.value } : {},
          body: new URLSearchParams(new FormData(form)),
        });
        const text = await response.text();
        const next = new DOMParser().parseFromString(text, "text/html").querySelector("main");
        if (response.status === 401) {
          failure.textContent = "The host rejects the key. Nothing was changed.";
        } else if (!next) {
          failure.textContent = `The server returned the status ${response.status}. See the page before you repeat it.`;
        } else {
          document.querySelector("main").replaceWith(next);
          next.querySelector("[data-back]").href = here;
          next.querySelector("h1").focus();
        }
      } catch {
        failure.textContent = "There is no response. The action may have been executed: see the page before you repeat it.";
      }
      button.disabled = false;
    });
  }

  const keyed = document.querySelector("form[data-keyed]");
  if (keyed) sendWithKey(keyed);
  if (document.body.dataset.page === "ops") {
    setInterval(refresh, PERIOD);
    document.addEventListener("visibilitychange", refresh);
  }
})();
