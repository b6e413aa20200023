"use strict";
// The list of callbacks, newest first, as cards or as a table. Thousands are held as values; as
// nodes there are only those that were scrolled to.

import {
  $, answer, badges, describe, duration, forPage, jobPage, listen, make, moment, pictureName, size,
  statusBadge, taken, title, troubled, without,
} from "/static/entry.js";

const MOST = 10000; // entries that are held
const MOST_JUDGED = 500; // pictures that the server is asked to look at: the newest
const PAGE = { cards: 60, table: 200 };
const AT_TOP = 60; // pixels

const list = $("list");
const table = $("rows");
const counts = { delivered: 0, failed: 0, remarks: 0, refused: 0 };
const items = []; // oldest first: { entry, delivery, text, problem, pixels }
const nodes = new Map(); // by number, of what is in the page
const deliveries = new Map();
const unjudged = [];
let last = 0;
let rendered = []; // items in the page, newest first
let matching = []; // items that fit the filter, newest first
let arrived = []; // items that are not in the page yet, oldest first
let drawing = false;
let judging = false;
const wanted = { q: "", show: "all", view: "cards" };
const CHOICES = { show: ["all", "pictures", "trouble"], view: ["cards", "table"] };

function fits(item) {
  if (wanted.q && !item.text.includes(wanted.q)) return false;
  if (wanted.show === "pictures") return Boolean(item.entry.image);
  if (wanted.show === "trouble") return Boolean(item.problem) || troubled(item.entry);
  return true;
}

// -- nodes -------------------------------------------------------------------------------------

function meta(item) {
  const { entry } = item;
  const parts = [moment(entry)];
  if (entry.image) parts.push(size(entry.image.size));
  if (entry.seconds) parts.push(`took ${duration(entry.seconds)}`);
  if (item.pixels) parts.push(item.pixels);
  return parts.join(" · ");
}

function remarks(item) {
  return [...(item.entry.problems ?? []), ...(item.problem ? [item.problem] : [])];
}

function nameLink(item, className) {
  const page = jobPage(item.entry, item.delivery);
  const node = make(page ? "a" : "span", title(item.entry).slice(0, 300), className);
  if (page) node.href = page;
  else node.tabIndex = 0;
  return node;
}

function makeCard(item) {
  const { entry } = item;
  const card = $("card").content.firstElementChild.cloneNode(true);
  card.querySelector(".job").append(nameLink(item, "name"));
  card.querySelector(".badges").append(...badges(entry, item.delivery));
  card.querySelector(".error").textContent = entry.broken || (entry.error ?? "").slice(0, 2000);
  card.classList.toggle("trouble", !taken(entry));
  card.querySelector("details").addEventListener("toggle", (event) => {
    const all = event.target.querySelector(".all");
    if (!all.firstChild) describe(entry, all, "");
  });
  showPicture(card, entry);
  card.draw = () => {
    card.querySelector(".meta").textContent = meta(item);
    card.querySelector(".remarks").replaceChildren(...remarks(item).map((p) => make("li", p)));
    card.classList.toggle("doubt", Boolean(item.problem));
  };
  card.draw();
  return card;
}

function showPicture(card, entry) {
  const link = card.querySelector(".picture");
  const name = pictureName(entry);
  if (name === null) {
    card.classList.add("bare");
    link.querySelector(".no-picture").textContent = without(entry);
    return;
  }
  const image = link.querySelector("img");
  link.href = `/images/${name}`;
  image.alt = "the delivered picture";
  image.addEventListener("error", () => {
    card.classList.add("bare");
    link.querySelector(".no-picture").textContent = "this file cannot be shown as a picture";
  }, { once: true });
  image.src = `/thumbnails/${name}`;
}

function makeRow(item) {
  const { entry } = item;
  const row = make("tr");
  const job = make("td");
  job.append(nameLink(item, "name"));
  const status = make("td");
  status.append(statusBadge(entry) ?? "");
  const told = make("td", answer(entry), taken(entry) ? "answer" : "answer bad-text");
  const words = make("td", "", "words");
  row.append(
    make("td", String(entry.number), "number"), make("td", moment(entry), "when"), job, status, told,
    make("td", entry.image ? size(entry.image.size) : "", "number size"),
    make("td", entry.seconds ? duration(entry.seconds) : "", "number took"), words,
  );
  row.draw = () => {
    const said = [entry.broken || entry.error, ...remarks(item)].filter(Boolean).join("; ");
    words.textContent = said.slice(0, 300);
    row.classList.toggle("doubt", Boolean(item.problem));
  };
  row.draw();
  row.classList.toggle("trouble", !taken(entry));
  return row;
}

// -- what is in the page -----------------------------------------------------------------------

function into() {
  return wanted.view === "table" ? table : list;
}

function nodeOf(item) {
  const node = wanted.view === "table" ? makeRow(item) : makeCard(item);
  node.dataset.number = item.entry.number;
  nodes.set(item.entry.number, node);
  return node;
}

function drawAll() {
  matching = items.filter(fits).reverse();
  arrived = [];
  nodes.clear();
  rendered = matching.slice(0, PAGE[wanted.view]);
  list.replaceChildren();
  table.replaceChildren();
  into().append(...rendered.map(nodeOf));
  tell();
}

function drawMore() {
  if (rendered.length >= matching.length) return;
  const more = matching.slice(rendered.length, rendered.length + PAGE[wanted.view]);
  rendered.push(...more);
  into().append(...more.map(nodeOf));
}

function drawArrived() {
  drawing = false;
  const fitting = arrived.filter(fits);
  if (scrollY > AT_TOP && rendered.length > 0) {
    tell(fitting.length); // hold the place; the button takes the reader to what is new
    return;
  }
  if (fitting.length > PAGE[wanted.view] / 2) {
    drawAll();
    return;
  }
  arrived = [];
  for (const item of fitting) {
    matching.unshift(item);
    rendered.unshift(item);
    const node = nodeOf(item);
    node.classList.add("new");
    into().prepend(node);
  }
  while (rendered.length > 2 * PAGE[wanted.view]) {
    const gone = rendered.pop();
    nodes.get(gone.entry.number).remove();
    nodes.delete(gone.entry.number);
  }
  tell();
}

function tell(waiting = 0) {
  $("news").hidden = waiting === 0;
  $("news").textContent = `${waiting} new`;
  $("empty").hidden = items.length > 0;
  $("none").hidden = items.length === 0 || rendered.length > 0;
  $("table").hidden = wanted.view !== "table" || rendered.length === 0;
  list.hidden = wanted.view === "table";
}

function soon() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(drawArrived);
}

// -- what arrives ------------------------------------------------------------------------------

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
  if (entry.number <= last) return;
  last = entry.number;
  let delivery = 0;
  if (entry.job_id && entry.secret === "match") {
    delivery = (deliveries.get(entry.job_id) ?? 0) + 1;
    deliveries.set(entry.job_id, delivery);
  }
  const words = [entry.job_id, entry.token, entry.error, entry.broken, entry.status, entry.sender];
  const item = { entry, delivery, text: words.join(" ").toLowerCase(), problem: "", pixels: "" };
  items.push(item);
  if (items.length > MOST) items.shift();
  arrived.push(item);
  count(entry);
  if (pictureName(entry) !== null) {
    unjudged.push(item);
    if (unjudged.length > MOST_JUDGED) unjudged.shift();
    judgeAll();
  }
  soon();
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

async function judge(item) {
  const told = await fetch(`/looks/${pictureName(item.entry)}`);
  if (!told.ok) return;
  const look = await told.json();
  if (look.width) item.pixels = `${look.width}×${look.height}`;
  if (look.problem) {
    if (!item.entry.problems) tally("remarks");
    item.problem = look.problem;
  }
  nodes.get(item.entry.number)?.draw();
  if (look.problem && wanted.show === "trouble" && !rendered.includes(item)) {
    if (scrollY > AT_TOP) {
      arrived.push(item);
      tell(arrived.filter(fits).length);
    } else {
      drawAll();
    }
  }
}

// -- what is wanted, kept in the url -----------------------------------------------------------

function readUrl() {
  const told = new URLSearchParams(location.search);
  wanted.q = (told.get("q") ?? "").trim().toLowerCase();
  for (const name of ["show", "view"]) {
    wanted[name] = CHOICES[name].includes(told.get(name)) ? told.get(name) : CHOICES[name][0];
  }
  $("search").value = told.get("q") ?? "";
  press();
  sessionStorage.setItem("list", location.search);
}

function press() {
  for (const button of document.querySelectorAll("[data-show], [data-view]")) {
    const [name, value] = Object.entries(button.dataset)[0];
    button.setAttribute("aria-pressed", String(wanted[name] === value));
  }
}

function want(name, value) {
  wanted[name] = value;
  const told = new URLSearchParams();
  if ($("search").value.trim()) told.set("q", $("search").value.trim());
  if (wanted.show !== "all") told.set("show", wanted.show);
  if (wanted.view !== "cards") told.set("view", wanted.view);
  history.replaceState(null, "", told.size ? `?${told}` : location.pathname);
  sessionStorage.setItem("list", location.search); // for the way back from the page of a job
  press();
  scrollTo(0, 0);
  drawAll();
}

// -- keyboard ----------------------------------------------------------------------------------

function move(step) {
  const names = [...into().querySelectorAll(".name")];
  const at = names.indexOf(document.activeElement);
  const next = names[at < 0 ? 0 : Math.min(names.length - 1, Math.max(0, at + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
  if (at + step >= names.length - 1) drawMore();
}

const KEYS = {
  "/": () => $("search").focus(),
  j: () => move(1),
  k: () => move(-1),
  v: () => want("view", wanted.view === "table" ? "cards" : "table"),
  a: () => want("show", "all"),
  p: () => want("show", "pictures"),
  t: () => want("show", "trouble"),
  g: () => $("news").click(),
  "?": () => $("help").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target === $("search")) {
    $("search").value = "";
    want("q", "");
    $("search").blur();
  } else if (forPage(event) && KEYS[event.key] && !$("help").open) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

$("search").addEventListener("input", (event) => want("q", event.target.value.trim().toLowerCase()));
for (const button of document.querySelectorAll("[data-show], [data-view]")) {
  button.addEventListener("click", () => want(...Object.entries(button.dataset)[0]));
}
$("keys").addEventListener("click", () => $("help").showModal());
$("news").addEventListener("click", () => {
  scrollTo(0, 0);
  drawAll();
});
addEventListener("popstate", () => {
  readUrl();
  drawAll();
});
const atEnd = new IntersectionObserver((seen) => {
  if (!seen.some((s) => s.isIntersecting)) return;
  drawMore();
  atEnd.unobserve($("end")); // it tells of changes only, and the end may still be in sight
  atEnd.observe($("end"));
}, { rootMargin: "800px" });
atEnd.observe($("end"));
$("url").textContent = `${location.origin}/callback`;
fetch("/example").then((answer) => answer.text()).then((text) => {
  $("example").textContent = text.replace("{url}", `${location.origin}/callback`);
  $("byhand").hidden = text === "";
});
readUrl();
listen(`/events?last=${MOST}`, add, tell);
