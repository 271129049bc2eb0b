// Keys and marks without a reload. Everything here also works by links and forms alone.
"use strict";
const KEYS = [
  ["j or n, k or p", "next, previous article"], ["o or Enter", "open its page"], ["v", "open the original"],
  ["m", "relevant"], ["d", "not relevant"], ["f", "star"], ["x", "choose"],
  ["s", "unfold its story"], ["A", "reviewed up to here"], ["z", "undo"], ["h or ←, l or →", "newer, older page"], ["/", "search"],
  ["g then a, r, d, n, t, f, s", "Archive, Review, Digests, Next digest, Topics, Feeds, Status"], ["?", "this list"], ["Esc", "close it"],
];
const all = (what, within = document) => [...within.querySelectorAll(what)];
const one = (what, within = document) => within.querySelector(what);
const judged = () => all("article[data-article], section[data-keys]");
// What is folded away is passed over.
const items = () => judged().filter((item) => !item.closest("details:not([open])"));
let place = -1, prefix = "";

function go(to) {
  const list = items();
  if (!list.length) return;
  list[place]?.classList.remove("here");
  place = Math.max(0, Math.min(list.length - 1, to));
  const item = list[place];
  item.classList.add("here");
  item.tabIndex = -1;
  item.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
}

function say(words, step) {
  const done = one("#done"), undo = one("#undo");
  done.textContent = words;
  undo.hidden = !step;
  undo.elements.step.value = step;
}

function show(keys, verb) {
  for (const item of judged().filter((item) => (item.dataset.keys ?? "").split(" ").some((key) => keys.includes(key)))) {
    const named = item.dataset.keys;
    for (const button of all("[data-verb]", one(".judge", item) ?? item)) {
      const own = button.dataset.verb, star = own === "star";
      if (star !== verb.endsWith("star")) continue;
      if (verb === "seen") continue;
      const on = star ? verb === "star" : own === verb;
      button.setAttribute("aria-pressed", on);
      button.value = `${on ? (star ? "unstar" : "open") : own} ${named}`;
    }
    if (!verb.endsWith("star")) item.classList.toggle("dim", verb === "irrelevant" || (verb === "seen" && !one('[aria-pressed="true"]', item)));
    const tick = one("input[type=checkbox]", item);
    if (tick) tick.checked = false;
  }
}

async function send(event) {
  const { target: form, submitter } = event;
  if (!submitter || submitter.matches("[data-rest]")) return;
  event.preventDefault();
  const data = new URLSearchParams(new FormData(form, submitter));
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body: data, headers: { Accept: "application/json" } });
  } catch {
    say("The monitor did not answer; nothing was changed.", "");
    return;
  }
  if (!answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    say(one("main p", page)?.textContent ?? "Nothing was changed.", "");
    return;
  }
  const { step, changed } = await answer.json();
  let [verb, ...keys] = submitter.value.split(" ");
  if (!keys.length) keys = data.getAll("match").join(" ").split(" ");
  if (verb === "up-to") {
    const shown = data.getAll("shown").join(" ").split(" ");
    keys = shown.slice(0, shown.indexOf(keys.at(-1)) + 1);
    verb = "seen";
  }
  show(keys, verb);
  say(`${changed} ${changed === 1 ? "match" : "matches"} changed.`, step);
}

function help() {
  let box = one("#keys");
  if (!box) {
    box = document.createElement("dialog");
    box.id = "keys";
    box.setAttribute("aria-labelledby", "keys-title");
    const title = document.createElement("h2"), list = document.createElement("dl"), close = document.createElement("button");
    title.id = "keys-title";
    title.textContent = "Keys";
    for (const [key, does] of KEYS) {
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = key;
      dd.textContent = does;
      list.append(dt, dd);
    }
    close.textContent = "Close";
    close.addEventListener("click", () => box.close());
    box.addEventListener("close", () => close.blur());
    box.append(title, list, close);
    document.body.append(box);
  }
  if (!box.open) box.showModal();
}

const press = (what) => {
  const item = items()[Math.max(place, 0)];
  if (item) one(what, item)?.click();
};
const open = (link) => link && location.assign(link.href);
const ACTIONS = {
  j: () => go(place + 1), n: () => go(place + 1), k: () => go(place - 1), p: () => go(place - 1),
  o: () => items()[place]?.dataset.article && location.assign(items()[place].dataset.article),
  v: () => { const link = one("[data-original]", items()[Math.max(place, 0)] ?? document); if (link) window.open(link.href, "_blank", "noopener,noreferrer"); },
  m: () => { press('[data-verb="relevant"]'); go(place + 1); },
  d: () => { press('[data-verb="irrelevant"]'); go(place + 1); },
  f: () => press('[data-verb="star"]'),
  x: () => press("input[type=checkbox]"),
  s: () => press("details.story > summary"),
  A: () => press('[value^="up-to "]'),
  z: () => { const undo = one("#undo"); if (undo && !undo.hidden) { sessionStorage.setItem("place", place); undo.submit(); } },
  l: () => open(one('a[rel="next"]')), ArrowRight: () => open(one('a[rel="next"]')),
  h: () => open(one('a[rel="prev"]')), ArrowLeft: () => open(one('a[rel="prev"]')),
  "/": () => one('input[type="search"]')?.focus(),
  "?": help,
};
ACTIONS.Enter = ACTIONS.o;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), textarea, select, dialog[open]")) return;
  if (event.key === "Enter" && event.target.closest("a, button, summary, input")) return;
  if (prefix === "g") {
    prefix = "";
    open(one(`[data-go="${CSS.escape(event.key)}"]`));
    return;
  }
  if (event.key === "g") { prefix = "g"; return; }
  const action = Object.hasOwn(ACTIONS, event.key) && ACTIONS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
// After an undo the reader is where she was.
const before = sessionStorage.getItem("place");
if (before !== null) {
  sessionStorage.removeItem("place");
  if (before >= 0) go(Number(before));
}
const hint = document.createElement("button");
hint.textContent = "Keys (?)";
hint.addEventListener("click", help);
one("#foot").append(hint);
for (const form of all("form.marks")) form.addEventListener("submit", send);
