"use strict";
// Everything from the network is text and is shown as text: nodes are made, never parsed.

const MOST_CARDS = 500;
const PICTURE = /^images\/[A-Za-z0-9_.~-]+\.png$/;

const $ = (id) => document.getElementById(id);
const list = $("list");
const counts = { delivered: 0, failed: 0, remarks: 0, refused: 0 };
const seen = { last: 0, deliveries: new Map() };
const unjudged = [];
let judging = false;
const wanted = { text: "", show: "all" };

function make(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(0)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

function duration(seconds) {
  return seconds < 1 ? `${Math.ceil(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

function taken(entry) {
  return entry.secret === "match" && entry.answered !== undefined && entry.answered < 300;
}

function troubled(entry) {
  return !taken(entry) || Boolean(entry.broken) || Boolean(entry.problems) || entry.status !== "completed";
}

function badges(entry) {
  const found = [];
  const status = entry.status ?? (taken(entry) ? "no status" : null);
  if (status !== null) {
    const kind = { completed: "good", failed: "bad", timeout: "bad" }[status] ?? "odd";
    found.push(make("span", status.slice(0, 60), `badge ${kind}`));
  }
  if (entry.secret !== "match") found.push(make("span", `secret: ${entry.secret}`, "badge bad"));
  const answer = entry.answered === undefined ? "not answered" : `answered ${entry.answered}`;
  found.push(make("span", answer, taken(entry) ? "badge" : "badge bad"));
  const times = seen.deliveries.get(entry.job_id);
  if (taken(entry) && times > 1) found.push(make("span", `delivery ${times} of this job`, "badge odd"));
  if (entry.nemesis) found.push(make("span", entry.nemesis, "badge odd"));
  if (entry.token) found.push(make("span", `token ${entry.token}`, "badge"));
  return found;
}

function meta(entry) {
  const at = new Date(entry.received_at);
  const parts = [Number.isNaN(at.getTime()) ? entry.received_at : at.toLocaleString()];
  if (entry.image) parts.push(size(entry.image.size));
  if (entry.seconds) parts.push(`took ${duration(entry.seconds)}`);
  return parts.join(" · ");
}

function describe(entry, into, under) {
  for (const [name, value] of Object.entries(entry)) {
    const path = under ? `${under}.${name}` : name;
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      describe(value, into, path);
    } else {
      into.append(make("dt", path), make("dd", Array.isArray(value) ? value.join("\n") : String(value)));
    }
  }
}

function showPicture(card, entry) {
  const link = card.querySelector(".picture");
  const path = entry.image && entry.image.path;
  if (!path || !PICTURE.test(path)) {
    card.classList.add("bare");
    link.querySelector(".no-picture").textContent = entry.broken ? "nothing was kept" : "no picture";
    return;
  }
  const name = encodeURIComponent(path.slice("images/".length));
  const image = link.querySelector("img");
  link.href = `/images/${name}`;
  image.alt = "the delivered picture";
  image.addEventListener("error", () => {
    card.classList.add("bare");
    link.querySelector(".no-picture").textContent = "this file cannot be shown as a picture";
  }, { once: true });
  image.src = `/thumbnails/${name}`;
  unjudged.push({ card, name, remarked: Boolean(entry.problems) });
  judgeAll();
}

// Also those that nobody has scrolled to, or "Trouble" would not have them; one at a time, the
// newest first, as the server has to decode each.
async function judgeAll() {
  if (judging) return;
  judging = true;
  while (unjudged.length > 0) {
    try {
      await judge(unjudged.pop());
    } catch {
      // the server is gone, and this page says so
    }
  }
  judging = false;
}

async function judge({ card, name, remarked }) {
  const answer = await fetch(`/looks/${name}`);
  if (!answer.ok) return;
  const look = await answer.json();
  if (look.width) card.querySelector(".meta").append(` · ${look.width}×${look.height}`);
  if (!look.problem) return;
  if (!remarked) tally("remarks");
  card.querySelector(".remarks").append(make("li", look.problem));
  card.classList.add("doubt");
  card.dataset.kind += " trouble";
  refresh();
}

function makeCard(entry) {
  const card = $("card").content.firstElementChild.cloneNode(true);
  const title = entry.job_id ?? (entry.method === "?" ? "not a request" : `${entry.method ?? "POST"} ${entry.path ?? ""}`);
  card.querySelector(".job").textContent = title.slice(0, 300);
  card.querySelector(".badges").append(...badges(entry));
  card.querySelector(".error").textContent = entry.broken || (entry.error ?? "").slice(0, 2000);
  card.querySelector(".remarks").append(...(entry.problems ?? []).map((p) => make("li", p)));
  card.querySelector(".meta").textContent = meta(entry);
  card.classList.toggle("trouble", !taken(entry));
  card.dataset.kind = [entry.image ? "pictures" : "", troubled(entry) ? "trouble" : ""].join(" ");
  card.dataset.text = [entry.job_id, entry.token, entry.error, entry.broken, entry.status, entry.sender]
    .join(" ").toLowerCase();
  card.querySelector("details").addEventListener("toggle", (event) => {
    const all = event.target.querySelector(".all");
    if (!all.firstChild) describe(entry, all, "");
  });
  showPicture(card, entry);
  return card;
}

function fits(card) {
  return card.dataset.text.includes(wanted.text) &&
    (wanted.show === "all" || card.dataset.kind.split(" ").includes(wanted.show));
}

function refresh() {
  let shown = 0;
  for (const card of list.children) {
    card.hidden = !fits(card);
    shown += card.hidden ? 0 : 1;
  }
  $("empty").hidden = list.children.length > 0;
  $("none").hidden = shown > 0 || list.children.length === 0;
}

function tally(name) {
  counts[name] += 1;
  $(`count-${name}`).textContent = counts[name];
}

function count(entry) {
  tally(taken(entry) ? "delivered" : "refused");
  if (taken(entry) && (entry.status === "failed" || entry.status === "timeout")) tally("failed");
  if (entry.problems) tally("remarks");
}

function add(entry) {
  if (entry.number <= seen.last) return;
  seen.last = entry.number;
  if (entry.job_id && taken(entry)) {
    seen.deliveries.set(entry.job_id, (seen.deliveries.get(entry.job_id) ?? 0) + 1);
  }
  const card = makeCard(entry);
  card.classList.add("new");
  card.hidden = !fits(card);
  list.prepend(card);
  while (list.children.length > MOST_CARDS) list.lastElementChild.remove();
  count(entry);
  $("empty").hidden = true;
  if (!card.hidden) $("none").hidden = true;
}

function state(text, className) {
  $("live").textContent = text;
  $("live").className = `live ${className}`;
}

function listen() {
  const events = new EventSource(`/events?last=${MOST_CARDS}`);
  events.addEventListener("open", () => {
    state("live", "on");
    refresh();
  });
  events.addEventListener("error", () => {
    state("the server does not answer; trying again", "off");
    if (events.readyState === EventSource.CLOSED) {
      events.close();
      setTimeout(() => location.reload(), 3000);
    }
  });
  events.addEventListener("message", (event) => add(JSON.parse(event.data)));
}

$("search").addEventListener("input", (event) => {
  wanted.text = event.target.value.trim().toLowerCase();
  refresh();
});
for (const button of document.querySelectorAll("[data-show]")) {
  button.addEventListener("click", () => {
    wanted.show = button.dataset.show;
    for (const other of document.querySelectorAll("[data-show]")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    refresh();
  });
}
$("url").textContent = `${location.origin}/callback`;
$("example").textContent =
  `curl ${location.origin}/callback -H "X-Callback-Secret: $ASYNC_CALLBACK_SECRET" \\\n` +
  `  -F job_id=hello -F status=completed -F image=@picture.png`;
listen();
