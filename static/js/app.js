// Behaviours every page may use. Nothing here is needed to read or to book: the server does the work.
import { enhanceCodeFields } from "./code-field.js";
import { enhanceDialogs } from "./dialog.js";
import { enhanceHolds } from "./hold.js";
import { enhanceLightboxes } from "./lightbox.js";
import { enhanceLocate } from "./locate.js";
import { enhanceMenus } from "./menu.js";
import { enhanceDayStrips } from "./day-strip.js";
import { enhancePhotoInputs } from "./photo-input.js";
import { enhanceTheme } from "./theme.js";
import { enhanceToasts } from "./toast.js";

const ENHANCERS = [
  enhanceCodeFields,
  enhanceDayStrips,
  enhanceDialogs,
  enhanceHolds,
  enhanceLightboxes,
  enhanceLocate,
  enhanceMenus,
  enhancePhotoInputs,
  enhanceTheme,
  enhanceToasts,
];

function enhance(root) {
  for (const enhancer of ENHANCERS) enhancer(root);
}

enhance(document);
// Whatever htmx brings in gets the same treatment.
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt !== document.body) enhance(event.detail.elt);
});
// A slow form says that it is busy and cannot be sent twice.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.defaultPrevented || !button?.classList.contains("btn")) return;
  setTimeout(() => button.setAttribute("aria-busy", "true"));
});
// Coming back through the browser's history restores the page with its buttons usable.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll('.btn[aria-busy="true"]').forEach((b) => b.removeAttribute("aria-busy"));
});
