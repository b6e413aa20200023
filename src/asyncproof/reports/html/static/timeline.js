// Scenarios: collapsed unless something is wrong, drawn when they are opened, some rows at a time.

const FIRST_ROWS = 40;
const MORE_ROWS = 400;
const MOST_OPEN = 6; // scenarios that open by themselves
let zoom = 1;

// The scenario takes most of a track; what comes after its end is cut off at the border.
const share = (scenario, at) =>
  Math.min(100, Math.max(0, (97 * (at - scenario.began)) / (scenario.ended - scenario.began)));
const at = (scenario, begin, end) => ({
  left: `${share(scenario, begin)}%`,
  width: `${Math.max(0, share(scenario, end) - share(scenario, begin))}%`,
});

function ticks(scenario) {
  const length = scenario.ended - scenario.began;
  const rough = length / (5 * zoom);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((s) => s >= rough);
  const marks = [];
  for (let second = 0; second < length * 0.96; second += step)
    marks.push(el("span", {class: "tick", style: {left: `${(97 * second) / length}%`}},
      `${Number(second.toPrecision(6))} s`));
  return marks;
}

function track(scenario, job) {
  return el("span", {class: "track", "aria-hidden": "true"},
    job.bars.map(([begin, end, state]) =>
      el("span", {class: `state ${state}`, title: `${state} ${seconds(end - begin)}`,
        style: at(scenario, begin, end)})),
    job.stalls.map(([begin, end, told]) =>
      el("span", {class: "state stall", title: told, style: at(scenario, begin, end)})),
    job.polls.map((moment) =>
      el("span", {class: "poll", style: {left: `${share(scenario, moment)}%`}})),
    job.callbacks.map(([moment, good]) =>
      el("span", {class: good ? "callback" : "callback badly", style: {left: `${share(scenario, moment)}%`},
        title: `callback at ${seconds(moment)}`})));
}

function row(scenario, job) {
  const told = [job.status, ...job.clauses].join(", ");
  return el("li", {class: `row ${job.tone}`},
    el("a", {class: "job name", href: `#${job.name}`, title: told, "aria-label": `${job.name}: ${told}`}, job.name),
    track(scenario, job));
}

// Rows of jobs that are shown; where there are many, those with findings first.
function rowsOf(number) {
  const jobs = run.jobs.filter((job) => job.scenario === number && isJobShown(job));
  if (jobs.length <= FIRST_ROWS) return jobs;
  return [...jobs.filter((job) => job.tone !== "passed"), ...jobs.filter((job) => job.tone === "passed")];
}

function thumbnails(jobs) {
  const shown = new Map();
  for (const job of jobs)
    if (job.picture && !shown.has(job.picture)) shown.set(job.picture, job);
  return [...shown.values()].map((job) =>
    el("a", {class: "job", href: `#${job.name}`},
      el("img", {src: job.picture, loading: "lazy", class: job.damaged ? "damaged" : false,
        alt: `picture of ${job.name}${job.damaged ? ", damaged" : ""}`, title: job.name,
        onerror: (event) => event.target.replaceWith(text(job.name))})));
}

const hostility = (nemesis) => /^(quiet)?$/i.test(nemesis) ? "nothing was hostile"
  : `nemesis (what our callback server did on purpose): ${nemesis}`;

function fill(scenario, count = FIRST_ROWS) {
  const jobs = rowsOf(scenario.number);
  const rows = jobs.slice(0, count);
  const inside = [el("p", {}, `Sent ${scenario.shape}; ${hostility(scenario.nemesis)}.`)];
  if (rows.length)
    inside.push(el("div", {class: "tracks", tabindex: "0", role: "region", "aria-label": `jobs of ${scenario.name} over time`},
      el("div", {class: "axis", "aria-hidden": "true"}, el("span", {class: "name"}), el("span", {class: "track"}, ticks(scenario))),
      el("ul", {class: "rows"}, rows.map((job) => row(scenario, job)))));
  if (jobs.length > count) {
    const more = Math.min(MORE_ROWS, jobs.length - count);
    inside.push(el("button", {type: "button", class: "more", onclick: () => fill(scenario, count + more)},
      `Show ${more} more of ${jobs.length} jobs`));
  }
  const pictures = thumbnails(rows);
  if (pictures.length) inside.push(el("div", {class: "thumbnails"}, pictures));
  scenario.body.replaceChildren(...inside);
  scenario.drawn = true;
}

function counts(jobs) {
  return ["failed", "warned", "passed"].map((tone) => {
    const count = jobs.filter((job) => job.tone === tone).length;
    return count ? el("span", {class: `tally ${tone}`}, `${count} ${tone}`) : "";
  });
}

function makeScenarios() {
  const place = one(".timelines");
  if (!place) return;
  place.hidden = false;
  let open = 0;
  run.scenarios.forEach((scenario, number) => {
    const jobs = run.jobs.filter((job) => job.scenario === number);
    const wrong = jobs.some((job) => job.tone !== "passed");
    scenario.number = number;
    scenario.body = el("div", {class: "body"});
    scenario.node = el("details", {class: "scenario", ontoggle: () => {
      if (scenario.node.open && !scenario.drawn) fill(scenario);
    }},
    el("summary", {}, el("b", {}, scenario.name), " ", counts(jobs), el("small", {}, scenario.told)),
    scenario.body);
    if (wrong && open < MOST_OPEN) {
      scenario.node.open = true;
      open += 1;
    }
    place.append(scenario.node);
  });
  for (const button of all("[data-zoom]", place))
    button.addEventListener("click", () => setZoom(button.dataset.zoom === "in" ? zoom * 2 : zoom / 2));
}

function setZoom(wanted) {
  zoom = Math.min(64, Math.max(1, wanted));
  one(".timelines").style.setProperty("--zoom", zoom);
  one(".zoom output").textContent = `×${zoom}`;
  for (const scenario of run.scenarios)
    if (scenario.node.open && scenario.drawn)
      one(".axis .track", scenario.node)?.replaceChildren(...ticks(scenario));
}

// After a change of the filters: scenarios without a job to show go away, open ones are drawn again.
function showScenarios() {
  const has = new Set(run.jobs.filter(isJobShown).map((job) => job.scenario));
  for (const scenario of run.scenarios) {
    scenario.node.hidden = isFiltered() && !has.has(scenario.number);
    scenario.drawn = false;
    if (scenario.node.open && !scenario.node.hidden) fill(scenario);
  }
}
