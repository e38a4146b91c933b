// Switches the theme at once and tells the server in the background; without JavaScript the form does it by itself.
import { fresh } from "./dom.js";

const IS_READY = Symbol("theme");

export function enhanceTheme(root) {
  for (const form of fresh(root, "form[data-theme-form]", IS_READY)) {
    form.addEventListener("submit", (event) => {
      const theme = event.submitter?.value;
      if (!theme) return;
      event.preventDefault();
      document.documentElement.dataset.theme = theme;
      for (const button of document.querySelectorAll("form[data-theme-form] button")) {
        button.setAttribute("aria-pressed", String(button.value === theme));
      }
      const body = new FormData(form, event.submitter);
      fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
    });
  }
}
