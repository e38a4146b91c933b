// A visit's page while it stands open: news is put in place without losing what the owner is doing. The polling itself is
// htmx's; without JavaScript the page says how to load it again.
import { announce } from "./dom.js";

const asksNow = (element) => element instanceof Element && element.hasAttribute("data-visit-poll");

// A page that nobody looks at asks nothing; it asks as soon as it is looked at again.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && asksNow(event.detail.elt)) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  const poll = document.querySelector("[data-visit-poll]");
  if (!document.hidden && poll) window.htmx.trigger(poll, "look");
});

// A part that says the same is left alone: nothing typed, opened or focused in it moves.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  const next = fragment.firstElementChild;
  if (!target.dataset.stamp || !next) return;
  if (next.dataset.stamp === target.dataset.stamp) event.detail.shouldSwap = false;
  // What was ticked stays ticked; a line that was changed is another one.
  for (const box of target.querySelectorAll('[data-several] input[name="line"]:checked')) {
    const same = [...next.querySelectorAll('[data-several] input[name="line"]')].find((one) => one.value === box.value);
    if (same) same.checked = true;
  }
});
document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target.id !== "visit-head") return;
  const title = document.querySelector("#stage-title");
  if (title) announce(title.textContent.trim());
});
// A dialog that was moved with its card has left the top layer: put it back, with what was chosen in it.
document.addEventListener("htmx:afterSettle", () => {
  for (const form of document.querySelectorAll("[data-several]")) addUp(form);
  for (const dialog of document.querySelectorAll("dialog[open]")) {
    if (dialog.matches(":modal")) continue;
    dialog.close();
    dialog.showModal();
  }
});

// What the ticked lines cost, on their button.
function addUp(form) {
  const chosen = [...form.querySelectorAll('input[name="line"]:checked')];
  const fen = chosen.reduce((sum, box) => sum + Number(box.dataset.fen), 0);
  const yuan = (fen / 100).toLocaleString("en", { minimumFractionDigits: fen % 100 ? 2 : 0 });
  const sum = form.querySelector("[data-several-sum]");
  sum.textContent = chosen.length ? ` (${chosen.length}) ¥${yuan}` : "";
}
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("[data-several]");
  if (form) addUp(form);
});
for (const form of document.querySelectorAll("[data-several]")) addUp(form);

const trouble = document.getElementById("trouble");
if (trouble) trouble.focus({ preventScroll: false });
