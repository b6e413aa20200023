// What all parts of the page share: elements, data, and one place for the state of the filters.

const text = (value) => document.createTextNode(String(value));

// An element with attributes and children; strings become text, never markup.
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "style") Object.assign(made.style, value);
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== ""));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";
function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

const holder = one("script.index");
const run = holder ? JSON.parse(holder.textContent) : {scenarios: [], jobs: [], chunk: 1};
const jobNumber = new Map(run.jobs.map((job, n) => [job.name, n]));

// Chunks of stories are parsed when one of their jobs is opened for the first time.
const chunkHolders = all("script.chunk");
const chunks = new Map();
function storyOf(name) {
  const n = Math.floor(jobNumber.get(name) / run.chunk);
  if (!chunks.has(n)) chunks.set(n, JSON.parse(chunkHolders[n].textContent));
  return chunks.get(n)[name];
}

const filters = {text: "", tone: "all", family: ""};
const isFiltered = () => filters.text !== "" || filters.tone !== "all" || filters.family !== "";
const seconds = (at) => `${at.toFixed(at < 100 ? 2 : 1)} s`;
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
