// <button data-dialog-open="id"> opens <dialog id="id">; [data-dialog-close] inside, Esc and the backdrop close it.
// The browser traps focus in a modal dialog and gives it back afterwards.
import { fresh } from "./dom.js";

const IS_READY = Symbol("dialog");

export function enhanceDialogs(root) {
  for (const opener of fresh(root, "[data-dialog-open]", IS_READY)) {
    opener.addEventListener("click", (event) => {
      const dialog = document.getElementById(opener.dataset.dialogOpen);
      if (!dialog) return;
      event.preventDefault();
      dialog.showModal();
    });
  }
  for (const dialog of fresh(root, "dialog", IS_READY)) {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest("[data-dialog-close]")) dialog.close();
    });
    // Rendered open by the server (an error inside it): make it modal.
    if (dialog.hasAttribute("data-dialog-auto")) dialog.showModal();
  }
}
