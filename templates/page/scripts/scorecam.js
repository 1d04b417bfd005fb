// Score-CAM maps over their image: two models side by side, at one layer, on colour scales of their own or on one.
import { element, onChange, percent } from "page/dom.js";

export default function start(section, data) {
  const form = section.querySelector("form");
  if (!form) return;
  const panes = section.querySelector(".panes");
  const draw = () => {
    const [left, right] = [form.left.value, form.right.value];
    const top = form.scale.value === "shared" ? Math.max(mapOf(data, form, left).peak, mapOf(data, form, right).peak) : null;
    panes.replaceChildren(...[left, right].map((model) => pane(data, form, model, top)));
  };
  onChange(form, (event) => {
    if (event?.target.name === "opacity") panes.style.setProperty("--opacity", form.opacity.value / 100);
    else draw();
  });
  panes.style.setProperty("--opacity", form.opacity.value / 100);
}

/** Give the chosen map of a model: bytes that reach 255 at `peak`. */
function mapOf(data, form, model) {
  const at = Number(form.image.value) * data.layers.length + Number(form.layer.value);
  const { maps, peaks } = data.models[model];
  return { bytes: Uint8Array.from(atob(maps[at]), (letter) => letter.charCodeAt(0)), peak: peaks[at] };
}

function pane(data, form, model, shared) {
  const image = data.images[form.image.value];
  const { bytes, peak } = mapOf(data, form, model);
  const top = shared ?? peak;
  const values = Float32Array.from(bytes, (byte) => (top > 0 ? (byte / 255) * (peak / top) : 0));
  const canvas = paint(values, data.side, data.side, data.colours);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Score-CAM map of ${model} for image ${image.number}, ${image.class}`);
  const readout = element("p", { className: "readout" }, "\u00a0");
  const plate = element("div", { className: "plate" }, element("img", { src: image.uri, alt: "" }), canvas);
  readValues(canvas, values, data.side, top, readout);
  const confidence = data.models[model].confidence[form.image.value];
  return element(
    "section",
    { className: "pane" },
    element("h4", {}, model),
    element("p", {}, `${image.class}, with ${percent(confidence)}`),
    plate,
    readout,
    bar(data.colours, top),
  );
}

/** Paint values 0 to 1 in the study's colours. */
function paint(values, width, height, colours) {
  const canvas = element("canvas", { width, height });
  const pixels = new ImageData(width, height);
  values.forEach((value, at) => pixels.data.set([...colours[Math.round(value * 255)], 255], at * 4));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}

function readValues(canvas, values, side, top, readout) {
  canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
    const [column, row] = [offsetX / canvas.clientWidth, offsetY / canvas.clientHeight].map((share) =>
      Math.min(side - 1, Math.max(0, Math.floor(share * side))),
    );
    const value = values[row * side + column];
    readout.textContent = `${number(value * top)} here, ${percent(value)} of the scale`;
  });
  canvas.addEventListener("pointerleave", () => (readout.textContent = "\u00a0"));
}

function bar(colours, top) {
  const ramp = Float32Array.from({ length: 256 }, (_, at) => at / 255);
  const strip = paint(ramp, 256, 1, colours);
  strip.setAttribute("aria-hidden", "true");
  return element("div", { className: "colourbar" }, strip, element("span", {}, "0"), element("span", { className: "top" }, number(top)));
}

function number(value) {
  return value === 0 ? "0" : value.toPrecision(3);
}
