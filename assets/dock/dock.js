"use strict";

// Sends what a person does to the dock, and shows the state that the dock tells.

const byId = (id) => document.getElementById(id);
let silence;

function complain(text) {
  const message = byId("message");
  message.textContent = text;
  message.hidden = false;
  clearTimeout(silence);
  silence = setTimeout(() => (message.hidden = true), 6000);
}

async function post(path, body, type = "application/json") {
  let answer;
  try {
    answer = await fetch(`/api/${path}`, { method: "POST", body, headers: { "X-Dock-Token": TOKEN, "Content-Type": type } });
  } catch {
    complain(WORDS["dock.away"]);
    return false;
  }
  if (answer.ok) return true;
  const problem = await answer.json().catch(() => ({ code: "dock.away", detail: `HTTP ${answer.status}` }));
  complain(`${WORDS[problem.code] ?? problem.code}\n${problem.detail}`);
  return false;
}

function showPeople(people) {
  const today = new Date().toISOString().slice(0, 10);
  byId("people").replaceChildren(
    ...people.map((person) => {
      const button = document.createElement("button");
      button.dataset.citizen = person.citizen;
      const name = document.createElement("b");
      name.textContent = person.error ? person.citizen : person.name;
      const kind = document.createElement("small");
      button.append(name, kind);
      button.title = person.error ?? person.citizen;
      if (person.error) {
        kind.textContent = "文件有误 broken file";
        kind.className = "broken";
        button.addEventListener("click", () => complain(person.error));
        return button;
      }
      const expired = person.expires && person.expires < today;
      kind.textContent = `${expired ? "已过期 expired · " : ""}${KINDS[person.kind]} · ${READER_NAMES[person.reader]}`;
      kind.classList.toggle("expired", Boolean(expired));
      button.addEventListener("click", () => {
        const reader = document.querySelector("input[name=reader]:checked").value;
        post("card", JSON.stringify({ citizen: person.citizen, reader }));
      });
      return button;
    }),
  );
}

function showReceipts(count) {
  byId("no-receipts").hidden = count > 0;
  const papers = byId("papers");
  if (papers.childElementCount > count) papers.replaceChildren();
  for (let number = papers.childElementCount + 1; number <= count; number++) {
    const link = document.createElement("a");
    link.href = `/api/receipts/${number}.png`;
    link.target = "_blank";
    link.className = "new";
    const picture = document.createElement("img");
    picture.src = link.href;
    picture.alt = `回执 ${number} Receipt ${number}`;
    link.append(picture);
    papers.prepend(link);
  }
}

function showDocuments(count) {
  const documents = byId("documents");
  if (documents.childElementCount > count) documents.replaceChildren();
  for (let number = documents.childElementCount + 1; number <= count; number++) {
    const link = document.createElement("a");
    link.href = `/api/documents/${number}.pdf`;
    link.target = "_blank";
    link.className = "button";
    link.textContent = `A4 文件 document ${number}`;
    documents.prepend(link);
  }
}

function mark(selector, isOn, isBad) {
  for (const button of document.querySelectorAll(selector)) {
    button.classList.toggle("on", isOn(button));
    button.classList.toggle("bad", isOn(button) && isBad(button));
    button.setAttribute("aria-pressed", isOn(button));
  }
}

function showState({ hall, citizens, screen }) {
  if (!byId("screen").dataset.started) {
    byId("screen").dataset.started = "yes";
    const live = screen?.live ?? false;
    byId("picture").hidden = !live;
    byId("own-screen").hidden = live;
    if (live) startScreen(screen);
  }
  for (const button of byId("people").children) {
    button.classList.toggle("on", Object.values(citizens).includes(button.dataset.citizen));
  }
  mark("[data-post='card/plain']", () => hall.cards.pcsc === "plain", () => false);
  byId("code-state").textContent = CODE_STATES[hall.code];
  byId("code-state").classList.toggle("there", hall.code !== "");
  byId("paper-state").textContent = PAPER_STATES[hall.paper];
  byId("paper-state").classList.toggle("there", hall.paper !== "");
  const printer = hall.printer;
  const actions = new Set([
    `paper_${printer.paper}`,
    printer.cover_open ? "cover_open" : "cover_closed",
    printer.jammed ? "jam" : "clear_jam",
    printer.head_hot ? "head_hot" : "head_cool",
    printer.cutter_stuck ? "cutter_stuck" : "cutter_free",
    printer.ticket_left ? "ticket_left" : "ticket_taken",
    printer.plugged ? "plug" : "unplug",
  ]);
  const bad = new Set(["paper_low", "paper_out", "cover_open", "jam", "head_hot", "cutter_stuck", "ticket_left", "unplug"]);
  mark("[data-action]", (button) => actions.has(button.dataset.action), (button) => bad.has(button.dataset.action));
  const documents = hall.document_printer;
  const states = new Set([
    `paper_${documents.paper}`,
    documents.jammed ? "jam" : "clear_jam",
    documents.plugged ? "plug" : "unplug",
  ]);
  mark("[data-document]", (button) => states.has(button.dataset.document), (button) => bad.has(button.dataset.document));
  const cabinet = new Set([
    hall.cabinet.present ? "come_back" : "walk_away",
    hall.cabinet.door_open ? "open_door" : "close_door",
  ]);
  mark("[data-cabinet]", (button) => cabinet.has(button.dataset.cabinet), (button) => button.dataset.cabinet === "open_door");
  mark("[data-power]", (button) => button.dataset.power === hall.power, (button) => button.dataset.power !== "mains_on");
  byId("lit").textContent = hall.cabinet.lit.map((slot) => SLOTS[slot] ?? slot).join(" ");
  byId("lit").classList.toggle("there", hall.cabinet.lit.length > 0);
  mark("[data-network]", (button) => button.dataset.network === String(hall.network), (button) => button.dataset.network === "false");
  showReceipts(hall.receipts);
  showDocuments(hall.documents);
}

for (const button of document.querySelectorAll("[data-post]")) {
  button.addEventListener("click", () => post(button.dataset.post, button.dataset.body));
}
const PLACES = { action: "printer", document: "document-printer", cabinet: "cabinet", power: "power" };
for (const [what, path] of Object.entries(PLACES)) {
  for (const button of document.querySelectorAll(`[data-${what}]`)) {
    button.addEventListener("click", () => post(path, JSON.stringify({ action: button.dataset[what] })));
  }
}
for (const input of document.querySelectorAll("[data-upload]")) {
  input.addEventListener("change", async () => {
    const [file] = input.files;
    if (file) await post(input.dataset.upload, file, "application/octet-stream");
    input.value = "";
  });
}
byId("code-form").addEventListener("submit", (event) => {
  event.preventDefault();
  post("code", JSON.stringify({ text: byId("code-text").value }));
});

function follow() {
  const events = new EventSource("/api/events");
  const link = byId("link");
  const say = (live) => {
    link.classList.toggle("live", live);
    link.textContent = live ? "已连接 connected" : "连接中断 connection lost";
  };
  events.addEventListener("open", () => say(true));
  events.addEventListener("error", () => say(false));
  events.addEventListener("message", (event) => showState(JSON.parse(event.data)));
}

fetch("/api/citizens").then((answer) => answer.json()).then(showPeople).then(follow);
