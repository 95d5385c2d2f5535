// Keeps a page up to date: each event holds element ids and their new HTML, made on the server.
"use strict";

const list = document.querySelector("[data-events]");
const live = document.getElementById("live");

function say(state) {
  live.className = `live is-${state}`;
  live.querySelector(".say").textContent = live.dataset[state];
}

function replace(id, html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  const fresh = template.content.firstElementChild;
  const old = document.getElementById(id);
  if (old === null) {
    list.append(fresh);
    return;
  }
  const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
  old.replaceWith(fresh);
  if (focused) {
    fresh.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }
}

if (list !== null) {
  const source = new EventSource(list.dataset.events);
  source.addEventListener("open", () => say("live"));
  source.addEventListener("message", (event) => {
    for (const [id, html] of Object.entries(JSON.parse(event.data))) {
      replace(id, html);
    }
  });
  source.addEventListener("error", () => {
    say("lost");
    if (source.readyState === EventSource.CLOSED) {
      // The server refused the stream: the session is over, and the page itself leads to signing in.
      window.setTimeout(() => window.location.reload(), 3000);
    }
  });
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      window.location.reload();
    }
  });
}
