// The drawer: everything about one job, in the order in which it happened.

const MOST_TESTS = 4; // named of those that a job was judged for

const drawer = el("dialog", {class: "drawer", "aria-labelledby": "drawer-title"});

function copyable(label, value) {
  const pre = el("pre", {tabindex: "0"}, value);
  const button = el("button", {type: "button", onclick: async () => {
    try {
      await navigator.clipboard.writeText(value);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(pre); // not allowed: the reader copies what is selected
      button.textContent = "Selected: copy it";
    }
  }}, "Copy");
  return el("section", {class: "copyable"}, el("h3", {}, label, " ", button), pre);
}

function figure(src, label, damage) {
  return el("figure", {},
    el("img", {src, alt: label, onerror: (event) =>
      event.target.replaceWith(el("span", {class: "missing"}, `not beside this page: ${src}`))}),
    el("figcaption", {}, label, damage ? el("strong", {}, ` ${damage}`) : ""));
}

// The browser subtracts the two pictures, so that the page needs no copy of them.
function subtracted(picture) {
  return el("figure", {},
    el("span", {class: "subtracted"}, el("img", {src: picture.path, alt: ""}), el("img", {src: picture.reference, alt: ""})),
    el("figcaption", {}, "difference, four times brighter"));
}

function pictures(story) {
  return story.pictures.map((picture) => {
    const figures = [figure(picture.path, `from: ${picture.source}`, picture.damage)];
    if (picture.reference)
      figures.push(figure(picture.reference, "the same request, drawn while nothing else ran", ""), subtracted(picture));
    return el("section", {class: "beside"}, el("div", {class: "figures"}, figures),
      picture.difference && picture.difference !== picture.damage ? el("p", {}, picture.difference) : "",
      el("p", {class: "soft"}, `asked for ${picture.asked}, ${picture.bytes} bytes, SHA-256 ${picture.sha256}`));
  });
}

function curve(story) {
  if (story.progress.length < 2) return "";
  const first = story.progress[0][0];
  const length = Math.max(story.progress.at(-1)[0] - first, 0.001);
  const points = story.progress.map(([when, percent]) =>
    `${(600 * (when - first)) / length},${100 - Math.min(100, Math.max(0, percent))}`);
  const label = `progress over ${seconds(length)}`;
  return el("figure", {class: "curve"},
    svg("svg", {viewBox: "-2 -2 604 104", role: "img", "aria-label": label, preserveAspectRatio: "none"},
      svg("polyline", {points: points.join(" "), class: "line line-0", "vector-effect": "non-scaling-stroke"})),
    el("figcaption", {}, label));
}

function fieldList(fields) {
  return el("dl", {}, fields.map(([name, value]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function eventItem([line, when, kind, said, tone, fields]) {
  const head = [el("time", {}, seconds(when)), el("span", {class: "kind"}, kind), el("span", {class: "said"}, said),
    el("span", {class: "line", title: "line of history.ndjson"}, `:${line}`)];
  const open = tone === "bad" || kind === "callback";
  return el("li", {class: `event ${tone}`, "data-kind": kind}, fields.length
    ? el("details", {open: open ? "" : false}, el("summary", {}, head), fieldList(fields))
    : el("div", {class: "summary"}, head));
}

// What stands in backticks as code.
function coded(text) {
  const pieces = text.split(/`([^`]+)`/);
  return pieces.map((piece, n) => n % 2 ? el("code", {}, piece) : piece);
}

function findingItem(finding) {
  return el("li", {},
    el("a", {href: `#${finding.clause}`}, finding.clause),
    coded(` ${finding.level}: expected ${finding.expected}, got ${finding.actual}`),
    finding.advice ? el("p", {class: "soft"}, coded(finding.advice)) : "");
}

function step(job, by, label) {
  const other = run.jobs[jobNumber.get(job.name) + by];
  return el("button", {type: "button", disabled: other ? false : "", "aria-label": label,
    onclick: () => { location.replace(`#${other.name}`); }}, by < 0 ? "‹" : "›");
}

function sentFor(job) {
  const sender = run.scenarios[job.scenario].name;
  if (job.tests.length === 1 && job.tests[0] === sender) return `sent and judged by ${sender}`;
  const tests = job.tests.slice(0, MOST_TESTS).join(", ");
  const more = job.tests.length - MOST_TESTS;
  return `sent by ${sender}` +
    (tests ? `, judged by ${tests}${more > 0 ? ` and ${more} more` : ""}` : "");
}

function openJob(name) {
  const job = run.jobs[jobNumber.get(name)];
  const story = storyOf(name);
  const numbers = story.lines.replaceAll(", ", "p;").replaceAll("-", ",");
  drawer.replaceChildren(
    el("header", {},
      el("h2", {id: "drawer-title", tabindex: "-1"}, job.name, el("small", {}, job.id)),
      step(job, -1, "Job before"), step(job, 1, "Next job"),
      el("button", {type: "button", class: "close", "aria-label": "Close", onclick: () => drawer.close()}, "×")),
    el("div", {class: "content"},
      el("p", {}, el("span", {class: `tally ${job.tone}`}, job.tone), ` – the miner's last status: ${job.status}; ${sentFor(job)}`),
      story.findings.length ? el("ul", {class: "told"}, story.findings.map(findingItem)) : "",
      job.stalls.filter(([, , told]) => !story.findings.some((finding) => finding.actual.includes(told)))
        .map(([, , told]) => el("p", {class: "incomplete"}, told)),
      pictures(story),
      curve(story),
      el("h3", {}, "What happened ", el("small", {}, "seconds into the run; on the right, the line of history.ndjson")),
      el("ol", {class: "events"}, story.events.map(eventItem)),
      copyable("The request as curl", story.curl),
      copyable("Its lines of the history", `sed -n '${numbers}p' history.ndjson`),
      el("p", {}, el("a", {href: "history.ndjson"}, "history.ndjson"), `, lines ${story.lines}`)));
  if (!drawer.open) drawer.showModal();
  one(".content", drawer).scrollTop = 0;
  one("h2", drawer).focus({preventScroll: true});
}

function makeDrawer() {
  document.body.append(drawer);
  drawer.addEventListener("click", (event) => { if (event.target === drawer) drawer.close(); });
  drawer.addEventListener("close", () => {
    if (jobNumber.has(location.hash.slice(1))) history.replaceState(null, "", location.pathname + location.search);
  });
}
