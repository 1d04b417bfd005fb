// Sets the page up: theme, contents, figures and tables at once, each viewer when it comes near the window.
import { linkViewers, openTargets, toggleContents } from "page/navigation.js";
import { foldFigures } from "page/figures.js";
import { enhanceTables } from "page/tables.js";
import { startTheme } from "page/theme.js";

const AHEAD = "800px";

async function mount(section) {
  const { default: start } = await import(`page/${section.dataset.viewer}.js`);
  start(section, JSON.parse(section.querySelector(":scope > script").textContent));
  section.dataset.ready = "";
}

function mountWhenNear(sections) {
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        mount(target);
      }
    },
    { rootMargin: AHEAD },
  );
  sections.forEach((section) => observer.observe(section));
}

const viewers = [...document.querySelectorAll(".viewer[data-viewer]")];
startTheme(document.querySelector("button.theme"));
toggleContents(document.querySelector("button.menu"), document.querySelector("#contents"));
foldFigures(document.querySelectorAll("main figure[id]"));
enhanceTables(document.querySelectorAll(".tabular"));
linkViewers(document.querySelector(".explore"), viewers);
openTargets();
mountWhenNear(viewers);
