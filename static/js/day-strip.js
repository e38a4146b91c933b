// <… data-day-strip>: arrow keys move between the days, Home and End jump, the chosen day is scrolled into view.
import { fresh } from "./dom.js";

const IS_READY = Symbol("day-strip");
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

export function enhanceDayStrips(root) {
  for (const strip of fresh(root, "[data-day-strip]", IS_READY)) {
    strip.addEventListener("keydown", (event) => {
      const days = [...strip.querySelectorAll("a[href], button:not(:disabled)")];
      const here = days.indexOf(document.activeElement);
      if (here < 0) return;
      const goal = event.key === "Home" ? 0 : event.key === "End" ? days.length - 1 : here + (STEPS[event.key] ?? NaN);
      if (!days[goal]) return;
      event.preventDefault();
      days[goal].focus();
    });
    const chosen = strip.querySelector("[aria-current], [aria-pressed='true']");
    // Not scrollIntoView(): that would also move the page.
    if (chosen) strip.scrollLeft += middle(chosen) - middle(strip);
  }
}

function middle(element) {
  const box = element.getBoundingClientRect();
  return box.left + box.width / 2;
}
