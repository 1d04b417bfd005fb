// The ways around the page.
import { element } from "page/dom.js";

const NAMES = {
  images: "Images",
  confusion: "Confusion",
  curves: "Curves",
  scorecam: "Score-CAM",
  inversion: "Inversion",
  embedding: "Map",
  neighbours: "Neighbours",
  times: "Time",
};

/** Open and close the contents where there is no room for them beside the text. */
export function toggleContents(button, contents) {
  const show = (open) => {
    button.setAttribute("aria-expanded", String(open));
    contents.classList.toggle("open", open);
  };
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
  contents.addEventListener("click", (event) => event.target.closest("a") && show(false));
  document.addEventListener("keydown", (event) => event.key === "Escape" && show(false));
}

/** Link to the first viewer of each kind. */
export function linkViewers(nav, viewers) {
  const first = new Map();
  for (const viewer of viewers) {
    if (!first.has(viewer.dataset.viewer)) first.set(viewer.dataset.viewer, viewer);
  }
  nav.append(...[...first].map(([kind, viewer]) => element("a", { href: `#${viewer.id}` }, NAMES[kind])));
}

/** Unfold what a link leads into, and everything before printing. */
export function openTargets() {
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = target?.closest("details:not([open])");
    if (!folded) return;
    folded.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  addEventListener("beforeprint", () => document.querySelectorAll("details.printed").forEach((fold) => (fold.open = true)));
  open();
}
