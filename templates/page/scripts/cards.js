// Small pictures of test images with what a model said, and the dialog with what all models say.
import { element, percent } from "page/dom.js";
import { answerOf, study } from "page/study.js";

/** Make the card of one row of a model's answers: a button that opens the dialog. */
export function card(model, row) {
  const { labels, classes, thumbnails, models } = study();
  const image = Math.floor(row / models[model].views);
  const said = answerOf(model, row);
  const picture = element("img", { src: thumbnails[image], alt: `Test image of ${classes[labels[image]]}`, loading: "lazy" });
  turn(picture, said.target);
  const button = element(
    "button",
    { type: "button", className: said.right ? "card right" : "card wrong" },
    picture,
    element("span", { className: "said" }, said.right ? said.answers[0].name : `${said.target} → ${said.answers[0].name}`),
    element("span", { className: "share" }, percent(said.answers[0].share)),
  );
  button.addEventListener("click", () => showDetail(image));
  return element("li", {}, button);
}

/** Show a turned view turned, as the network saw it: turns are counter-clockwise. */
function turn(picture, target) {
  const degrees = /^(\d+)°$/.exec(target)?.[1];
  if (degrees) picture.style.rotate = `-${degrees}deg`;
}

/** Open what every model says of an image, given by its place among those of the page. */
export function showDetail(image) {
  const { ids, labels, paths, classes, thumbnails, models } = study();
  const dialog = document.querySelector("dialog.detail");
  dialog.querySelector("h2").textContent = `${classes[labels[image]]}, image ${ids[image]}`;
  const whole = Object.keys(models).filter((model) => models[model].views === 1 && models[model].names.length === classes.length);
  dialog.querySelector(".body").replaceChildren(
    element("figure", {}, element("img", { src: thumbnails[image], alt: "" }), element("figcaption", {}, element("code", {}, paths[image]))),
    element("div", { className: "opinions" }, ...whole.map((model) => opinion(model, answerOf(model, image)))),
  );
  dialog.showModal();
}

function opinion(model, said) {
  const lines = said.answers.map(({ name, share }) =>
    element("li", {}, element("span", {}, name), element("meter", { value: share, "aria-label": name }), element("span", {}, percent(share))),
  );
  const verdict = `${said.right ? "right" : "wrong"}, loss ${said.loss.toFixed(3)}`;
  return element("section", {}, element("h3", {}, model), element("p", {}, verdict), element("ol", {}, ...lines));
}
