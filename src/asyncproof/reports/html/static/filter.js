// The filters of the bar: what is shown of findings, jobs and clauses.

const haystacks = new WeakMap();
function says(node) {
  if (!haystacks.has(node)) haystacks.set(node, node.textContent.toLowerCase());
  return haystacks.get(node).includes(filters.text);
}

function isShown(node) {
  const {tone, family} = node.dataset;
  return (filters.tone === "all" || filters.tone === tone)
    && (filters.family === "" || filters.family === family)
    && (filters.text === "" || says(node));
}

for (const job of run.jobs) {
  job.families = job.clauses.map((clause) => clause.split("-")[0]);
  job.words = [job.name, job.id, job.status, ...job.clauses].join(" ").toLowerCase();
}

const isJobShown = (job) =>
  (filters.tone === "all" || filters.tone === job.tone)
  && (filters.family === "" || job.families.includes(filters.family))
  && (filters.text === "" || job.words.includes(filters.text));

function hideAllBut(selector) {
  const nodes = all(selector);
  for (const node of nodes) node.hidden = !isShown(node);
  return nodes.filter((node) => !node.hidden).length;
}

function applyFilters() {
  const findings = hideAllBut("article.finding");
  const clauses = hideAllBut("details.clause");
  for (const family of all("section.family"))
    family.hidden = !all("details.clause", family).some((clause) => !clause.hidden);
  const jobs = isFiltered() ? run.jobs.filter(isJobShown).length : run.jobs.length;
  showScenarios();
  const told = [plural(findings, "finding"), plural(jobs, "job"), plural(clauses, "clause")];
  one(".found").textContent = isFiltered() ? `Shown: ${told.join(", ")}` : "";
}

function listenToFilters() {
  const form = one("form.filters");
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  let waiting = 0;
  form.elements.text.addEventListener("input", (event) => {
    filters.text = event.target.value.trim().toLowerCase();
    clearTimeout(waiting);
    waiting = setTimeout(applyFilters, 80);
  });
  form.elements.family.addEventListener("change", (event) => {
    filters.family = event.target.value;
    applyFilters();
  });
  for (const button of all("[data-tone]", form)) {
    button.addEventListener("click", () => {
      filters.tone = button.dataset.tone;
      for (const each of all("[data-tone]", form))
        each.setAttribute("aria-pressed", String(each === button));
      applyFilters();
    });
  }
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      form.elements.text.focus();
    }
  });
}
