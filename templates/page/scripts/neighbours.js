// The training images that each model finds most similar to a test image.
import { element, onChange } from "page/dom.js";

export default function start(section, data) {
  const form = section.querySelector("form");
  onChange(form, () => {
    const at = Number(form.image.value);
    const rows = Object.keys(data.models).map((model) => rowOf(data, model, at, form.apart.checked));
    section.querySelector(".near").replaceChildren(...rows);
  });
}

function rowOf({ images, models, classes, pictures }, model, at, onlyApart) {
  const { ids, labels, similarity } = models[model][at];
  const right = labels.filter((label) => label === images[at].label).length;
  const found = ids.map((image, rank) => ({
    src: pictures[image],
    name: classes[labels[rank]],
    similarity: similarity[rank],
    right: labels[rank] === images[at].label,
    also: Object.keys(models).filter((other) => other !== model && models[other][at].ids.includes(image)),
  }));
  const shown = found.filter(({ also }) => !(onlyApart && also.length));
  return element(
    "section",
    {},
    element("h4", {}, `${model}: ${right} of ${ids.length} of the class ${images[at].class}`),
    element("ol", { className: "cards" }, ...shown.map(card)),
  );
}

function card({ src, name, similarity, right, also }) {
  const box = element(
    "div",
    { className: right ? "card right" : "card wrong" },
    element("img", { src, alt: `Training image of ${name}` }),
    element("span", { className: "said" }, name),
    element("span", { className: "share" }, similarity.toFixed(3)),
    ...(also.length ? [element("span", { className: "also" }, `also ${also.join(", ")}`)] : []),
  );
  return element("li", {}, box);
}
