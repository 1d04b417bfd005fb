// All test images on the page: by class, right or wrong in one model or in two, in order of confidence or loss.
import { onChange } from "page/dom.js";
import { card } from "page/cards.js";
import { answerOf, study } from "page/study.js";

const AT_ONCE = 60;
const ORDERS = {
  surest: (one, other) => other.said.answers[0].share - one.said.answers[0].share,
  unsure: (one, other) => one.said.answers[0].share - other.said.answers[0].share,
  worst: (one, other) => other.said.loss - one.said.loss,
  best: (one, other) => one.said.loss - other.said.loss,
};

export default function start(section) {
  const form = section.querySelector("form");
  const list = section.querySelector(".cards");
  const more = section.querySelector(".more");
  let chosen = [];
  const show = () => {
    const next = chosen.slice(list.children.length, list.children.length + AT_ONCE);
    list.append(...next.map(({ row }) => card(form.model.value, row)));
    more.hidden = list.children.length >= chosen.length;
  };
  more.addEventListener("click", show);
  onChange(form, () => {
    chosen = select(form);
    section.querySelector(".count").textContent = `${chosen.length} of ${study().ids.length} images`;
    list.replaceChildren();
    show();
  });
}

function select(form) {
  const { ids, labels } = study();
  const { label, model, verdict, other, other_verdict: otherVerdict, order } = form;
  const fits = (name, row, wanted) => !wanted || answerOf(name, row).right === (wanted === "right");
  const rows = ids
    .map((_, row) => row)
    .filter((row) => label.value === "" || labels[row] === Number(label.value))
    .filter((row) => fits(model.value, row, verdict.value))
    .filter((row) => !other.value || fits(other.value, row, otherVerdict.value))
    .map((row) => ({ row, said: answerOf(model.value, row) }));
  return order.value ? rows.sort(ORDERS[order.value]) : rows;
}
