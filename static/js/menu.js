// <details data-menu>: closes on Esc, on a click elsewhere and when focus leaves; focus returns to its button.
import { fresh } from "./dom.js";

const IS_READY = Symbol("menu");

export function enhanceMenus(root) {
  for (const menu of fresh(root, "details[data-menu]", IS_READY)) {
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && menu.open) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    });
    menu.addEventListener("focusout", (event) => {
      if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
    });
  }
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
