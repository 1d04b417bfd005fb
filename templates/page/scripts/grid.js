// The keyboard's way through a grid: one cell is in the tab order, arrows move, Enter and the pointer pick.

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** Make the td cells of `body` a grid; `onPick` is called with row and column. */
export function keepWithin(body, onPick) {
  const rows = [...body.rows].map((row) => [...row.querySelectorAll("td")]);
  let current = rows[0][0];
  current.tabIndex = 0;
  const place = (cell) => {
    const row = cell.parentElement.sectionRowIndex;
    return [row, rows[row].indexOf(cell)];
  };
  const go = (cell) => {
    current.tabIndex = -1;
    current = cell;
    current.tabIndex = 0;
    current.focus();
  };
  const pick = (cell) => {
    body.querySelector("[aria-selected]")?.removeAttribute("aria-selected");
    cell.setAttribute("aria-selected", "true");
    onPick(...place(cell));
  };
  body.addEventListener("click", ({ target }) => {
    const cell = target.closest("td");
    if (!cell) return;
    go(cell);
    pick(cell);
  });
  body.addEventListener("keydown", (event) => {
    const [row, column] = place(current);
    const move = MOVES[event.key];
    const next = move && rows[row + move[0]]?.[column + move[1]];
    if (next) go(next);
    else if (event.key === "Enter" || event.key === " ") pick(current);
    if (move || event.key === " ") event.preventDefault();
  });
}
