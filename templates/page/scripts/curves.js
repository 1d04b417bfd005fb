// Loss and accuracy by epoch, of the models and parts that are ticked; a star marks the selected epoch.
import { chart, hue, lineOptions } from "page/charts.js";
import { checked, element, onChange } from "page/dom.js";

export default function start(section, { part, trainings }) {
  const form = section.querySelector("form");
  section.querySelectorAll(".swatch").forEach((swatch, at) => (swatch.style.backgroundColor = hue(at)));
  const configuration = () => ({
    type: "line",
    data: { datasets: seriesOf(form, trainings, part).map(dataset) },
    options: lineOptions("epoch", form.metric.value, { logarithmic: form.log.checked }),
  });
  const redraw = chart(section.querySelector("canvas"), configuration);
  const values = section.querySelector(".values");
  onChange(form, (event) => {
    if (event) redraw();
    values.replaceChildren(tableOf(seriesOf(form, trainings, part), form.metric.value));
  });
}

/** Give the curves that are ticked, one per training and part, without epochs that have no value. */
function seriesOf(form, trainings, decisive) {
  const parts = checked(form, "part");
  return checked(form, "training").flatMap((at) =>
    parts.map((part) => {
      const { model, seed, epochs, selected, columns } = trainings[at];
      const values = columns[`${part}_${form.metric.value}`];
      const points = epochs.map((x, row) => ({ x, y: values[row] })).filter(({ y }) => y !== null);
      return { label: `${model}, seed ${seed}, ${part === "train" ? part : decisive}`, points, selected, colour: hue(Number(at)), dashed: part === "train" };
    }),
  );
}

function dataset({ label, points, selected, colour, dashed }) {
  const isSelected = points.map(({ x }) => x === selected);
  return {
    label,
    data: points,
    borderColor: colour,
    backgroundColor: colour,
    borderWidth: 2,
    borderDash: dashed ? [5, 4] : [],
    pointStyle: isSelected.map((is) => (is ? "star" : "circle")),
    pointRadius: isSelected.map((is) => (is ? 9 : 2)),
    pointBorderWidth: isSelected.map((is) => (is ? 2 : 1)),
  };
}

function tableOf(series, metric) {
  const epochs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((one, other) => one - other);
  const cells = epochs.map((epoch) => series.map(({ points }) => points.find(({ x }) => x === epoch)?.y.toPrecision(4) ?? "–"));
  const head = ["Epoch", ...series.map(({ label }) => label)].map((text) => element("th", { scope: "col" }, text));
  const rows = cells.map((row, at) =>
    element("tr", {}, element("th", { scope: "row" }, String(epochs[at])), ...row.map((text) => element("td", { className: "n" }, text))),
  );
  const caption = element("caption", {}, `The ${metric} by epoch`);
  return element("table", {}, caption, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}
