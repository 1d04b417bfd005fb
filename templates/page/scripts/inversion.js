// An inverted filter: its synthetic image, the rise of its activation, and the test image that excites it most.
import { chart, hue, lineOptions } from "page/charts.js";
import { element, onChange } from "page/dom.js";

export default function start(section, { models }) {
  const form = section.querySelector("form");
  const unit = () => models[form.model.value][form.filter.value];
  fillFilters(form, models);
  const redraw = chart(section.querySelector("canvas"), () => configurationOf(unit()));
  onChange(form, (event) => {
    if (event?.target.name === "model") fillFilters(form, models);
    show(section, unit());
    redraw();
  });
}

function nameOf(filter) {
  return filter === null ? "sum of these" : `filter ${filter}`;
}

function fillFilters(form, models) {
  form.filter.replaceChildren(...models[form.model.value].map(({ filter }, at) => element("option", { value: String(at) }, nameOf(filter))));
}

function show(section, unit) {
  const synthetic = section.querySelector(".synthetic");
  const real = section.querySelector(".real");
  synthetic.src = unit.synthetic;
  synthetic.alt = `Synthetic image of ${nameOf(unit.filter)}`;
  real.src = unit.real;
  real.alt = `Test image of ${unit.class}`;
  section.querySelector(".real + figcaption").replaceChildren(
    `Test image that excites it most: ${unit.class}, activation ${unit.natural} against ${unit.end} of the synthetic one. `,
    element("code", {}, unit.path),
  );
}

function configurationOf({ steps, trace, natural }) {
  const line = (label, values, colour, borderDash = []) => ({
    label,
    data: values.map((y, at) => ({ x: steps[at], y })),
    borderColor: colour,
    backgroundColor: colour,
    borderWidth: 2,
    borderDash,
    pointRadius: 0,
  });
  const options = lineOptions("step", "activation");
  options.plugins.legend = { display: true };
  const datasets = [line("synthetic image", trace, hue(0)), line("best test image", trace.map(() => natural), hue(1), [5, 4])];
  return { type: "line", data: { datasets }, options };
}
