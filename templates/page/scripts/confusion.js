// The confusion matrix of a model, or of one minus another, as a grid that keys and pointer move in.
import { element, onChange } from "page/dom.js";
import { card } from "page/cards.js";
import { keepWithin } from "page/grid.js";
import { heat } from "page/heat.js";
import { study } from "page/study.js";

const MOST = 60;

export default function start(section, { models }) {
  const form = section.querySelector("form");
  const draw = () => {
    allowSameAnswers(form, models);
    const table = tableOf(matrixOf(form, models), (row, column) => showImages(section, form, models, row, column));
    section.querySelector(".matrix").replaceChildren(table);
    section.querySelector(".behind").replaceChildren();
  };
  onChange(form, draw);
  document.addEventListener("themechange", draw);
}

/** Only models with the same answers can be subtracted from each other. */
function allowSameAnswers(form, models) {
  const wanted = models[form.model.value].names.join("\n");
  for (const option of form.other.options) {
    option.disabled = Boolean(option.value) && models[option.value].names.join("\n") !== wanted;
  }
  if (form.other.selectedOptions[0].disabled) form.other.value = "";
}

function matrixOf(form, models) {
  const { names } = models[form.model.value];
  const values = cellsOf(models[form.model.value], form.unit.value);
  const minus = form.other.value && cellsOf(models[form.other.value], form.unit.value);
  return {
    names,
    isDifference: Boolean(minus),
    isShare: form.unit.value === "share",
    values: minus ? values.map((value, at) => value - minus[at]) : values,
  };
}

function cellsOf({ names, counts }, unit) {
  if (unit === "count") return counts;
  const sums = names.map((_, row) => counts.slice(row * names.length, (row + 1) * names.length).reduce((a, b) => a + b, 0));
  return counts.map((count, at) => (100 * count) / (sums[Math.floor(at / names.length)] || 1));
}

function tableOf({ names, values, isDifference, isShare }, onPick) {
  const top = Math.max(...values.map(Math.abs)) || 1;
  const text = (value) => (isShare ? value.toFixed(1) : String(value)).replace("-", "−").replace(/^(?=[1-9]|0\.\d*[1-9])/, isDifference ? "+" : "");
  const cell = (value, row, column) => {
    const made = element("td", { tabIndex: -1, "aria-label": `true ${names[row]}, predicted ${names[column]}: ${text(value)}` }, value ? text(value) : "·");
    Object.assign(made.style, heat(value / top));
    return made;
  };
  const head = element("tr", { role: "row" }, element("td", {}), ...names.map((name) => element("th", { scope: "col" }, element("span", {}, name))));
  const rows = names.map((name, row) =>
    element("tr", {}, element("th", { scope: "row" }, name), ...names.map((_, column) => cell(values[row * names.length + column], row, column))),
  );
  const table = element("table", { role: "grid", "aria-label": "Confusion matrix" }, element("thead", {}, head), element("tbody", {}, ...rows));
  keepWithin(table.tBodies[0], onPick);
  return table;
}

function showImages(section, form, models, row, column) {
  const shown = [form.model.value, form.other.value].filter(Boolean);
  section.querySelector(".behind").replaceChildren(...shown.flatMap((model) => imagesOf(model, models[model], row, column)));
}

/** Give a heading and the images of one cell of one model. */
function imagesOf(model, { names, counts }, row, column) {
  const count = counts[row * names.length + column];
  const said = study()?.models[model];
  const rows = said ? said.target.map((_, at) => at).filter((at) => said.target[at] === row && said.likeliest[at * said.kept] === column) : [];
  const shown = rows.slice(0, MOST);
  const partly = shown.length < count ? `, ${shown.length} of them shown` : "";
  const title = `True ${names[row]}, predicted ${names[column]} by ${model}: ${count}${partly}`;
  return [element("h4", {}, title), element("ol", { className: "cards" }, ...shown.map((at) => card(model, at)))];
}
