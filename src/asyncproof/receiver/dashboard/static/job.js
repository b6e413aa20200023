"use strict";
// All deliveries of one job, one at a time; ?id= names the job, ?delivery= counts from 1.

import {
  $, badges, describe, duration, forPage, listen, make, moment, pictureName, size, taken, without,
} from "/static/entry.js";

const asked = new URLSearchParams(location.search);
const id = asked.get("id") ?? "";
const deliveries = [];
let at = -1; // the shown one; -1: none yet
let follows = !asked.has("delivery"); // whether the newest is shown as it comes

const FIELDS = ["job_id", "status", "completed_at", "image_url", "error"];
const REQUEST = ["number", "received_at", "seconds", "sender", "method", "path", "token", "secret",
  "secret_owner", "content_type", "user_agent"];
const ANSWER = ["answered", "answer", "stored", "forwarded", "broken", "went_away", "nemesis"];

function only(entry, names) {
  return Object.fromEntries(names.filter((name) => entry[name] !== undefined).map((name) => [name, entry[name]]));
}

function fill(into, told) {
  $(into).replaceChildren();
  describe(told, $(into), "");
  $(into).previousElementSibling.hidden = !$(into).firstChild;
}

function show(number) {
  at = Math.min(deliveries.length - 1, Math.max(0, number));
  const entry = deliveries[at];
  $("gone").hidden = true;
  $("delivery").hidden = false;
  $("badges").replaceChildren(...badges(entry, 1));
  $("error").textContent = entry.broken || (entry.error ?? "");
  $("remarks").replaceChildren(...(entry.problems ?? []).map((p) => make("li", p)));
  fill("fields", { ...only(entry, FIELDS), ...entry.fields });
  fill("request", only(entry, REQUEST));
  fill("image", entry.image ?? {});
  fill("answer", only(entry, ANSWER));
  showPicture(entry);
  showNavigation();
}

function showNavigation() {
  $("which").textContent = `${at + 1} of ${deliveries.length}`;
  $("previous").disabled = at <= 0;
  $("next").disabled = at >= deliveries.length - 1;
  const first = new Date(deliveries[0].received_at).getTime();
  $("timeline").replaceChildren(...deliveries.map((entry, number) => {
    const line = make("li");
    const link = make("a", moment(entry));
    link.href = `?${new URLSearchParams({ id, delivery: number + 1 })}`;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      choose(number);
    });
    if (number === at) link.setAttribute("aria-current", "true");
    const later = (new Date(entry.received_at).getTime() - first) / 1000;
    const parts = [number ? `+${duration(Math.max(0, later))}` : "", entry.seconds ? `took ${duration(entry.seconds)}` : "",
      entry.image ? size(entry.image.size) : "no image"].filter(Boolean);
    line.append(link, make("span", parts.join(" · "), "soft"), ...badges(entry, 1));
    line.className = taken(entry) ? "" : "trouble";
    return line;
  }));
}

function choose(number) {
  if (number < 0 || number >= deliveries.length || number === at) return;
  follows = false;
  history.replaceState(null, "", `?${new URLSearchParams({ id, delivery: number + 1 })}`);
  show(number);
}

// -- the picture -------------------------------------------------------------------------------

let shownName = null;

async function showPicture(entry) {
  const name = pictureName(entry);
  if (name === shownName && name !== null) return;
  shownName = name;
  $("figure").hidden = name === null;
  $("no-picture").textContent = name === null ? without(entry) : "";
  $("regions").replaceChildren();
  $("findings").replaceChildren();
  $("pixels").textContent = "";
  if (name === null) return;
  $("picture").src = `/images/${name}`;
  $("download").href = `/images/${name}`;
  const [look, regions] = await Promise.all([told(`/looks/${name}`), told(`/regions/${name}`)]);
  if (name !== shownName) return;
  if (look?.width) $("pixels").textContent = `${look.width}×${look.height}`;
  const said = [look?.problem, ...(regions ?? []).map((r) => r.reason)].filter(Boolean);
  $("findings").replaceChildren(...said.map((words) => make("li", words)));
  $("regions").replaceChildren(...(regions ?? []).map(framed));
}

async function told(path) {
  const answer = await fetch(path);
  return answer.ok ? answer.json() : null;
}

function framed(region) {
  const box = make("div", undefined, "region");
  box.title = region.reason;
  box.style.left = `${(100 * region.left) / region.width}%`;
  box.style.top = `${(100 * region.top) / region.height}%`;
  box.style.width = `${(100 * (region.right - region.left)) / region.width}%`;
  box.style.height = `${(100 * (region.bottom - region.top)) / region.height}%`;
  return box;
}

function zoom() {
  const fits = $("figure").classList.toggle("fit");
  $("zoom").setAttribute("aria-pressed", String(!fits));
}

$("picture").addEventListener("error", () => {
  $("figure").hidden = true;
  $("no-picture").textContent = "this file cannot be shown as a picture";
});

// -- keyboard, and what arrives ----------------------------------------------------------------

const KEYS = {
  ArrowLeft: () => choose(at - 1),
  ArrowRight: () => choose(at + 1),
  k: () => choose(at - 1),
  j: () => choose(at + 1),
  z: zoom,
  b: () => $("back").click(),
};

document.addEventListener("keydown", (event) => {
  if (!forPage(event) || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
$("previous").addEventListener("click", () => choose(at - 1));
$("next").addEventListener("click", () => choose(at + 1));
$("zoom").addEventListener("click", zoom);
$("back").href = `/${sessionStorage.getItem("list") ?? ""}`;

function add(entry) {
  if (entry.job_id !== id || entry.secret !== "match") return;
  if (deliveries.some((known) => known.number === entry.number)) return;
  deliveries.push(entry);
  if (at < 0 || follows) show(deliveries.length - 1);
  else showNavigation();
}

async function start() {
  $("job").textContent = id;
  document.title = id.slice(0, 80) || "Job";
  const all = `/callbacks?${new URLSearchParams({ job_id: id })}`;
  $("json").href = all;
  const answer = await fetch(all);
  deliveries.push(...(answer.ok ? await answer.json() : []));
  $("gone").hidden = deliveries.length > 0;
  $("delivery").hidden = deliveries.length === 0;
  const wanted = Number(asked.get("delivery") ?? deliveries.length);
  if (deliveries.length > 0) show((Number.isInteger(wanted) ? wanted : deliveries.length) - 1);
  const last = deliveries.length > 0 ? deliveries[deliveries.length - 1].number : null;
  listen(last === null ? "/events?last=100" : `/events?since=${last}`, add, () => {});
}

start();
