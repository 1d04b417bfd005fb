// Figures as the PDF prints them, folded away where a viewer shows the same and more.
import { element } from "page/dom.js";

const VIEWED = {
  curves_: "curves",
  confusion_: "confusion",
  scorecam_: "scorecam",
  inversion_: "inversion",
  embedding_: "embedding",
  neighbours: "neighbours",
};

export function foldFigures(figures) {
  for (const figure of figures) {
    const prefix = Object.keys(VIEWED).find((start) => figure.id.startsWith(start));
    if (prefix && document.querySelector(`[data-viewer="${VIEWED[prefix]}"]`)) fold(figure);
    else wrapImage(figure);
  }
}

function fold(figure) {
  const [number] = figure.querySelector("figcaption").textContent.split(". ");
  const details = element("details", { className: "printed" }, element("summary", {}, `${number}, as printed`));
  figure.replaceWith(details);
  details.append(figure);
  wrapImage(figure);
}

/** Let a wide figure scroll sideways on a narrow screen instead of becoming unreadable; name its file below. */
function wrapImage(figure) {
  const image = figure.querySelector("img");
  const box = element("div", { className: "scroll plate", tabIndex: 0, role: "region", "aria-label": image.alt });
  image.replaceWith(box);
  box.append(image);
  figure.append(element("p", { className: "foot" }, "From ", element("code", {}, figure.dataset.source)));
}
