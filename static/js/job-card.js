// The job card and the form of a line: what is not needed is folded away, and advice follows what is typed. Without this
// file every field is shown, and the advice comes with the refusal.
import { fresh } from "./dom.js";

const IS_READY = Symbol("line-form");
const PAUSE_MS = 350;

function value(form, name) {
  return new FormData(form).get(name) ?? "";
}

function fold(form) {
  const what = value(form, "what");
  const basis = form.querySelectorAll('[name="price_basis"]');
  const isListed = form.querySelector('[name="what"]').selectedOptions[0]?.dataset.listed !== undefined;
  form.querySelector("[data-own-words]").hidden = what !== "own";
  for (const radio of basis) {
    if (radio.value === "offer") radio.disabled = Boolean(what) && !isListed;
    if (radio.value === "entered" && what && !isListed) radio.checked = true;
  }
  form.querySelector("[data-by-hand]").hidden = value(form, "price_basis") !== "entered";
}

function follow(form) {
  let timer = 0;
  fold(form);
  form.addEventListener("change", () => fold(form));
  form.addEventListener("input", (event) => {
    // The reason in spite of the advice stands inside what would be replaced.
    if (event.target.closest("#line-advice") || event.target.type === "file") return;
    clearTimeout(timer);
    timer = setTimeout(() => window.htmx.trigger(form, "line:typed"), PAUSE_MS);
  });
}

for (const form of fresh(document, "[data-line-form]", IS_READY)) follow(form);
