// The address says what is open: #job_003 the drawer of that job, #CBK-4 that clause.

function follow() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (jobNumber.has(wanted)) {
    openJob(wanted);
    return;
  }
  if (drawer.open) drawer.close();
  const clause = document.getElementById(wanted);
  if (clause?.matches("details.clause")) {
    clause.hidden = clause.closest(".family").hidden = false;
    clause.open = true;
    clause.scrollIntoView();
    one("summary", clause).focus({preventScroll: true});
  }
}

makeScenarios();
makeDrawer();
listenToFilters();
addEventListener("hashchange", follow);
// A link to what the address names already changes nothing by itself.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='#']");
  if (link && link.getAttribute("href") === location.hash) follow();
});
follow();
