// The longest jobs as bars.
import { chart, hue } from "page/charts.js";

const LONGEST = 15;

export default function start(section, { jobs }) {
  const canvas = section.querySelector("canvas");
  if (!canvas) return;
  const shown = jobs.slice(0, LONGEST);
  chart(canvas, () => ({
    type: "bar",
    data: {
      labels: shown.map(({ stage, name }) => `${stage}: ${name}`),
      datasets: [{ label: "seconds", data: shown.map(({ seconds }) => seconds), backgroundColor: hue(0) }],
    },
    options: {
      animation: false,
      indexAxis: "y",
      maintainAspectRatio: false,
      plugins: { legend: { display: false } },
      scales: { x: { title: { display: true, text: "seconds" } }, y: { ticks: { autoSkip: false } } },
    },
  }));
}
