"use strict";

// The live screen: each picture is asked for when the one before is drawn, so a slow line sees fewer pictures, never old ones.

const TOKEN = document.querySelector("meta[name=dock-token]").content;

function startScreen(size) {
  const canvas = document.getElementById("picture");
  canvas.width = size.width;
  canvas.height = size.height;
  canvas.style.setProperty("--aspect", size.width / size.height);
  document.querySelector("main").classList.toggle("wide", size.width > size.height);
  const context = canvas.getContext("2d");

  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  async function show() {
    let after = 0;
    let drawnWidth = 0;
    for (;;) {
      if (document.hidden) {
        await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
        continue;
      }
      const width = Math.max(64, Math.min(size.width, Math.ceil(canvas.clientWidth * devicePixelRatio)));
      try {
        const answer = await fetch(`/api/screen.jpg?after=${width === drawnWidth ? after : 0}&width=${width}`);
        if (answer.status === 200) {
          const picture = await createImageBitmap(await answer.blob());
          context.drawImage(picture, 0, 0, size.width, size.height);
          picture.close();
          after = Number(answer.headers.get("X-Frame"));
          drawnWidth = width;
          canvas.dataset.frame = after;
        } else if (answer.status !== 204) {
          await pause(1000);
        }
      } catch {
        await pause(1000);
      }
    }
  }

  // Touches are sent in order, one request at a time; what happens meanwhile goes with the next.
  const waiting = [];
  let sending = false;

  async function send() {
    if (sending) return;
    sending = true;
    while (waiting.length) {
      const points = waiting.splice(0, 200);
      await post("touch", JSON.stringify({ points }));
    }
    sending = false;
  }

  function touch(kind, event) {
    const box = canvas.getBoundingClientRect();
    waiting.push({
      kind,
      x: ((event.clientX - box.left) / box.width) * size.width,
      y: ((event.clientY - box.top) / box.height) * size.height,
    });
    send();
  }

  let finger = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (finger !== null || event.button !== 0) return;
    finger = event.pointerId;
    canvas.setPointerCapture(finger);
    touch("press", event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerId !== finger) return;
    for (const moment of event.getCoalescedEvents?.() ?? [event]) touch("move", moment);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => {
      if (event.pointerId !== finger) return;
      finger = null;
      touch("release", event);
    });
  }
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());

  show();
}
