"use strict";
// What the pages say of one recorded callback. Everything from the network is text and is shown as
// text: nodes are made, never parsed.

const PICTURE = /^images\/[A-Za-z0-9_.~-]+\.png$/;

export const $ = (id) => document.getElementById(id);

export function make(tag, text, className) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(0)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

export function duration(seconds) {
  return seconds < 1 ? `${Math.ceil(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

export function moment(entry) {
  const at = new Date(entry.received_at);
  return Number.isNaN(at.getTime()) ? entry.received_at : at.toLocaleString();
}

export function taken(entry) {
  return entry.secret === "match" && entry.answered !== undefined && entry.answered < 300;
}

export function troubled(entry) {
  return !taken(entry) || Boolean(entry.broken) || Boolean(entry.problems) || entry.status !== "completed";
}

export function title(entry) {
  if (entry.job_id) return entry.job_id;
  return entry.method === "?" ? "not a request" : `${entry.method ?? "POST"} ${entry.path ?? ""}`;
}

// The page of its job; an entry without a job has none.
export function jobPage(entry, delivery) {
  if (!entry.job_id) return null;
  return `/job?${new URLSearchParams({ id: entry.job_id, ...(delivery && { delivery }) })}`;
}

// The name of its picture as a part of a url; null where there is none.
export function pictureName(entry) {
  const path = entry.image && entry.image.path;
  return path && PICTURE.test(path) ? encodeURIComponent(path.slice("images/".length)) : null;
}

export function statusBadge(entry) {
  const status = entry.status ?? (taken(entry) ? "no status" : null);
  if (status === null) return null;
  const kind = { completed: "good", failed: "bad", timeout: "bad" }[status] ?? "odd";
  return make("span", status.slice(0, 60), `badge ${kind}`);
}

export function answer(entry) {
  return entry.answered === undefined ? "not answered" : `answered ${entry.answered}`;
}

export function badges(entry, delivery) {
  const found = [statusBadge(entry)].filter(Boolean);
  if (entry.secret !== "match") found.push(make("span", `secret: ${entry.secret}`, "badge bad"));
  found.push(make("span", answer(entry), taken(entry) ? "badge" : "badge bad"));
  if (taken(entry) && delivery > 1) found.push(make("span", `delivery ${delivery} of this job`, "badge odd"));
  if (entry.forwarded === "held") found.push(make("span", "waits for the consumer", "badge odd"));
  if (entry.nemesis) found.push(make("span", entry.nemesis, "badge odd"));
  if (entry.token) found.push(make("span", `token ${entry.token}`, "badge"));
  return found;
}

export function describe(entry, into, under) {
  for (const [name, value] of Object.entries(entry)) {
    const path = under ? `${under}.${name}` : name;
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      describe(value, into, path);
    } else {
      into.append(make("dt", path), make("dd", Array.isArray(value) ? value.join("\n") : String(value)));
    }
  }
}

export function state(text, className) {
  $("live").textContent = text;
  $("live").className = `live ${className}`;
}

// Entries as they come: `at` gives the url of the stream, `add` takes each.
export function listen(at, add, opened) {
  const events = new EventSource(at);
  events.addEventListener("open", () => {
    state("live", "on");
    opened();
  });
  events.addEventListener("error", () => {
    state("the server does not answer; trying again", "off");
    if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
  });
  events.addEventListener("message", (event) => add(JSON.parse(event.data)));
}

// Whether a key was meant for the page, and not for a field or for the browser.
export function forPage(event) {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
}

// What stands in the place of a picture that did not come.
export function without(entry) {
  if (entry.broken) return "nothing was kept";
  return entry.image_url ? `a link: ${entry.image_url}` : "no picture";
}
