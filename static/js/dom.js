// Small helpers shared by the modules.

/** Elements matching `selector` in `root` (itself included) that `mark` has not seen yet. */
export function fresh(root, selector, mark) {
  const found = [...root.querySelectorAll(selector)];
  if (root instanceof Element && root.matches(selector)) found.unshift(root);
  return found.filter((element) => {
    if (element[mark]) return false;
    element[mark] = true;
    return true;
  });
}

/** Say `text` to screen readers without moving focus. */
export function announce(text) {
  const live = document.getElementById("live");
  if (live) live.textContent = text;
}
