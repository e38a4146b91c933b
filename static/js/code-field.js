// <div data-code-field><input autocomplete="one-time-code" …></div>: six boxes drawn behind the one real input.
import { fresh } from "./dom.js";

const IS_READY = Symbol("code-field");
const LENGTH = 6;

export function enhanceCodeFields(root) {
  for (const field of fresh(root, "[data-code-field]", IS_READY)) {
    const input = field.querySelector("input");
    if (!input) continue;
    const boxes = document.createElement("div");
    boxes.className = "code-boxes";
    boxes.setAttribute("aria-hidden", "true");
    for (let i = 0; i < LENGTH; i += 1) boxes.append(document.createElement("span"));
    field.prepend(boxes);
    field.classList.add("is-boxed");
    const mark = () => {
      const digits = input.value.replace(/\D/g, "").slice(0, LENGTH);
      if (digits !== input.value) input.value = digits;
      const next = document.activeElement === input ? Math.min(digits.length, LENGTH - 1) : -1;
      [...boxes.children].forEach((box, index) => box.classList.toggle("is-next", index === next));
      // The last digit must not scroll the text sideways.
      input.scrollLeft = 0;
    };
    for (const name of ["input", "focus", "blur"]) input.addEventListener(name, mark);
    // maxlength would cut a pasted "123 456" before the space is removed.
    input.removeAttribute("maxlength");
    mark();
  }
}
