// Colours of cells: from the page's ground to one colour for more and another for less, with text that stays readable.
import { colour } from "page/theme.js";

function channels(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/** Relative luminance of red, green and blue, 0 to 1 (WCAG 2). */
function luminance(rgb) {
  const [red, green, blue] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Give the style of a cell of value -1 to 1. */
export function heat(value) {
  const ground = channels(colour("--card"));
  const full = channels(colour(value < 0 ? "--less" : "--more"));
  const mixed = ground.map((from, at) => Math.round(from + (full[at] - from) * Math.abs(value)));
  return { backgroundColor: `rgb(${mixed})`, color: luminance(mixed) > 0.179 ? "#000" : "#fff" };
}
