// <button type="button" data-locate data-say-denied="…"> fills [name=lat] and [name=lng] of its form from the browser's
// position, empties [data-locate-clears] and sends the form. Hidden where the browser has no position to give.
import { announce, fresh } from "./dom.js";
import { showToast } from "./toast.js";

const IS_READY = Symbol("locate");

export function enhanceLocate(root) {
  for (const button of fresh(root, "[data-locate]", IS_READY)) {
    if (!navigator.geolocation) continue;
    button.hidden = false;
    button.addEventListener("click", () => locate(button));
  }
}

function locate(button) {
  button.setAttribute("aria-busy", "true");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      const form = button.form ?? button.closest("form");
      form.elements.namedItem("lat").value = coords.latitude.toFixed(5);
      form.elements.namedItem("lng").value = coords.longitude.toFixed(5);
      for (const input of form.querySelectorAll("[data-locate-clears]")) input.value = "";
      form.requestSubmit();
    },
    () => {
      button.removeAttribute("aria-busy");
      const text = button.dataset.sayDenied;
      if (text) showToast(text);
      announce(text ?? "");
    },
    { timeout: 8000, maximumAge: 300000 },
  );
}
