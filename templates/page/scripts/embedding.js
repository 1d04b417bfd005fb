// A t-SNE map: a point is a test image, its colour and shape the class. The point at hand is shown as an image.
import { showDetail } from "page/cards.js";
import { chart, hue } from "page/charts.js";
import { element, onChange } from "page/dom.js";
import { study } from "page/study.js";
import { colour } from "page/theme.js";

const { Chart } = globalThis;
const SHAPES = ["circle", "triangle", "rect", "rectRot", "crossRot"];
const HUES = 8;

export default function start(section, data) {
  const form = section.querySelector("form");
  const canvas = section.querySelector("canvas");
  const figure = section.querySelector("figure");
  const points = () => pointsOf(data.models[form.model.value][form.map.value]);
  let current = null;
  const pick = (point) => {
    current = point;
    showImage(figure, data, point);
  };
  const redraw = chart(canvas, () => configurationOf(points(), data.classes, form.label.value, pick));
  onChange(form, (event) => {
    if (event) redraw();
    const first = points().find(({ label }) => form.label.value === "" || label === Number(form.label.value));
    pick(first ?? points()[0]); // a map of few images lacks some classes
  });
  canvas.addEventListener("click", () => openDetail(current));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) pick(neighbourOf(canvas, current, step));
    else if (event.key === "Enter") openDetail(current);
    if (step) event.preventDefault();
  });
}

/** Give the points of a map, class by class. */
function pointsOf({ images, labels, x, y }) {
  return images.map((image, at) => ({ image, label: labels[at], x: x[at], y: y[at] })).sort((one, other) => one.label - other.label);
}

function configurationOf(points, classes, wanted, pick) {
  const labels = [...new Set(points.map(({ label }) => label))];
  return {
    type: "scatter",
    data: { datasets: labels.map((label) => classOf(label, points, classes, wanted)) },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "nearest", intersect: false },
      onHover: (_, [hit], { data }) => hit && pick(data.datasets[hit.datasetIndex].data[hit.index]),
      plugins: { tooltip: { enabled: false }, legend: { position: "bottom", onClick: null, labels: { usePointStyle: true, boxHeight: 7 } } },
      scales: { x: { display: false }, y: { display: false } },
    },
  };
}

/** Give the points of one class; another class than the wanted one steps back. */
function classOf(label, points, classes, wanted) {
  const ink = wanted === "" || label === Number(wanted) ? hue(label) : colour("--line");
  return {
    label: classes[label],
    data: points.filter((point) => point.label === label),
    order: label === Number(wanted) && wanted !== "" ? 0 : 1,
    borderColor: ink,
    backgroundColor: ink,
    pointStyle: SHAPES[Math.floor(label / HUES) % SHAPES.length],
    pointRadius: points.length > 500 ? 3 : 4.5,
    pointHoverRadius: 8,
  };
}

/** Give the point `step` further on and mark it; classes follow each other, and points that step back are left out. */
function neighbourOf(canvas, current, step) {
  const drawn = Chart.getChart(canvas);
  const shown = drawn.data.datasets.flatMap(({ data, order }, datasetIndex) => data.map((point, index) => ({ point, order, datasetIndex, index })));
  const first = shown.filter(({ order }) => order === Math.min(...drawn.data.datasets.map((one) => one.order)));
  const at = first.findIndex(({ point }) => point.image === current.image);
  const next = first.at((at + step) % first.length);
  drawn.setActiveElements([next]);
  drawn.update();
  return next.point;
}

function showImage(figure, { classes, pictures }, { image, label }) {
  const at = placeOf(image);
  const picture = figure.querySelector("img");
  picture.src = at < 0 ? pictures[image] : study().thumbnails[at];
  picture.alt = `Test image of ${classes[label]}`;
  figure.querySelector("figcaption").replaceChildren(element("b", {}, classes[label]), `, image ${image}`);
}

/** Give an image's place among those of the page; -1 where it is not one of them. */
function placeOf(image) {
  return study()?.ids.indexOf(image) ?? -1;
}

function openDetail({ image }) {
  const at = placeOf(image);
  if (at >= 0) showDetail(at);
}
