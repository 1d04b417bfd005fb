// The longest jobs as bars.
import { chart, hue } from "page/charts.js";

const LONGEST = 15;

export default function start(section, { jobs }) {
  const canvas = section.querySelector("canvas");
  if (!canvas) return;
  const shown = jobs.slice(0, LONGEST);
  const isNarrow = canvas.parentElement.clientWidth < 500;
  const labels = shown.map(({ stage, name }) => (isNarrow ? [`${stage}:`, name] : `${stage}: ${name}`));
  chart(canvas, () => ({
    type: "bar",
    data: {
      labels,
      datasets: [{ label: "seconds", data: shown.map(({ seconds }) => seconds), backgroundColor: hue(0) }],
    },
    options: {
      animation: false,
      indexAxis: "y",
      maintainAspectRatio: false,
      plugins: { legend: { display: false } },
      scales: { x: { title: { display: true, text: "seconds" } }, y: { ticks: { autoSkip: false, font: { size: isNarrow ? 9 : 12 } } } },
    },
  }));
}
