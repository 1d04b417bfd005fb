// Elements in one call. Text always becomes a text node, so no name of a class or file is ever read as mark-up.

/** Make an element: properties by name (`class`, `aria-…` and `data-…` as attributes), then its children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Call `update` now and whenever a control of the form changes. */
export function onChange(form, update) {
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  update();
}

/** Give the values of the checked boxes of a name. */
export function checked(form, name) {
  return [...form.querySelectorAll(`[name="${name}"]:checked`)].map((box) => box.value);
}

/** Write a share of `parts` as a percentage. */
export function percent(share, parts = 1) {
  return `${((100 * share) / parts).toFixed(1)} %`;
}
