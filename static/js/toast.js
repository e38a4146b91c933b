// Toasts leave after six seconds unless someone is reading them (pointer or focus inside).
import { fresh } from "./dom.js";

const IS_READY = Symbol("toast");
const SHOWN_FOR_MS = 6000;

export function enhanceToasts(root) {
  for (const toast of fresh(root, "[data-toast]", IS_READY)) {
    toast.append(closeButton(toast));
    let timer = setTimeout(() => toast.remove(), SHOWN_FOR_MS);
    const pause = () => clearTimeout(timer);
    const resume = () => {
      clearTimeout(timer);
      timer = setTimeout(() => toast.remove(), SHOWN_FOR_MS);
    };
    toast.addEventListener("pointerenter", pause);
    toast.addEventListener("focusin", pause);
    toast.addEventListener("pointerleave", resume);
    toast.addEventListener("focusout", resume);
  }
}

/** Show a message; also reachable from the server by the header HX-Trigger: {"toast": {"text": "…"}}. */
export function showToast(text) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.dataset.toast = "";
  const words = document.createElement("p");
  words.textContent = text;
  toast.append(words);
  document.getElementById("toasts").append(toast);
  enhanceToasts(toast);
}

function closeButton(toast) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "toast-close";
  button.setAttribute("aria-label", document.getElementById("toasts").dataset.closeLabel);
  button.textContent = "×";
  button.addEventListener("click", () => toast.remove());
  return button;
}

document.addEventListener("toast", (event) => {
  if (event.detail?.text) showToast(event.detail.text);
});
