// Tables: sorted by the library "sortable" (a click or Enter on a heading), copied as text, with their results file named.
import { element } from "page/dom.js";

const NUMBER = /^[−+-]?\d[\d,\u00a0]*(\.\d+)?(e[−+-]?\d+)?/;

export function enhanceTables(boxes) {
  for (const box of boxes) {
    const table = box.querySelector("table");
    if (table.tHead) makeSortable(table);
    const scroll = element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": titleOf(box) });
    table.replaceWith(scroll);
    scroll.append(table);
    box.append(footOf(box, table));
  }
}

function titleOf(box) {
  return box.querySelector(".caption")?.textContent.trim() ?? `Table from ${box.dataset.source}`;
}

function makeSortable(table) {
  table.classList.add("sortable");
  for (const cell of table.querySelectorAll("td.n:not([data-sort])")) cell.dataset.sort = sortKey(cell.textContent.trim());
}

/** Give the number that a cell begins with; cells without one come last. */
export function sortKey(text) {
  const found = text.match(NUMBER) ?? text.match(/[\d.]+(e[−+-]?\d+)?/);
  return found ? Number(found[0].replaceAll("−", "-").replace(/[,\u00a0]/g, "")) : -1e300;
}

function footOf(box, table) {
  const said = element("span", { role: "status" });
  const button = element("button", { type: "button", className: "copy" }, "Copy");
  button.setAttribute("aria-label", `Copy: ${titleOf(box)}`);
  button.addEventListener("click", async () => {
    said.textContent = (await copy(textOf(table))) ? "Copied." : "The browser does not let a page copy.";
  });
  return element("p", { className: "foot" }, "From ", element("code", {}, box.dataset.source), " ", button, " ", said);
}

/** Give a table as lines of cells between tabs, as spreadsheets take it. */
export function textOf(table) {
  const rows = [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim().replace(/\s+/g, " ")));
  return rows.map((cells) => cells.join("\t")).join("\n");
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
