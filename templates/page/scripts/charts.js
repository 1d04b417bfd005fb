// Chart.js in the page's colours.
import { colour } from "page/theme.js";

const { Chart } = globalThis;

/** Colours that stay apart for most eyes (Okabe and Ito), then again for more models than colours. */
const HUES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#7f7f7f"];

export function hue(at) {
  return HUES[at % HUES.length];
}

/** Draw a chart that follows the theme; `configuration` is Chart.js's and is made anew for every drawing. */
export function chart(canvas, configuration) {
  const style = () => {
    Chart.defaults.color = colour("--text");
    Chart.defaults.borderColor = colour("--line");
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  };
  style();
  let made = new Chart(canvas, configuration());
  const redraw = () => {
    made.destroy();
    style();
    made = new Chart(canvas, configuration());
  };
  document.addEventListener("themechange", redraw);
  return redraw;
}

/** Options that every line chart here has. */
export function lineOptions(x, y, { logarithmic = false } = {}) {
  return {
    animation: false,
    maintainAspectRatio: false,
    interaction: { mode: "nearest", axis: "x", intersect: false },
    plugins: { legend: { display: false } },
    scales: {
      x: { type: "linear", title: { display: true, text: x }, ticks: { precision: 0 } },
      y: { type: logarithmic ? "logarithmic" : "linear", title: { display: true, text: y } },
    },
  };
}
