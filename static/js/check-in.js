// The check-in sheet: sent without leaving the page, so that photos which were just taken survive a question about
// another field. Without this file the form is sent as every form is.
import { announce } from "./dom.js";
import { enhancePhotoInputs } from "./photo-input.js";

const region = document.getElementById("check-in");

region?.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-quick-form]");
  if (!form) return;
  event.preventDefault();
  const button = event.submitter;
  if (button?.ariaBusy === "true") return;
  button?.setAttribute("aria-busy", "true");
  const answer = await send(form);
  button?.removeAttribute("aria-busy");
  if (!answer) return say(form);
  if (answer.type === "opaqueredirect") return location.assign(form.action);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("check-in");
  if (fresh) show(fresh);
  else form.submit();
});

async function send(form) {
  try {
    return await fetch(form.action, { method: "POST", body: new FormData(form), redirect: "manual" });
  } catch {
    return null;
  }
}

/** The answer takes the place of the form; inputs with photos that were fine stay the ones that hold the files. */
function show(fresh) {
  for (const place of fresh.querySelectorAll("[data-kept]")) {
    const kept = document.getElementById(place.id);
    if (kept) place.replaceWith(kept);
  }
  region.replaceChildren(...fresh.childNodes);
  enhancePhotoInputs(region);
  const wrong = region.querySelector('[aria-invalid="true"]');
  wrong?.focus();
  wrong?.scrollIntoView({ block: "center" });
  announce(region.querySelector("[role=alert]")?.textContent ?? "");
}

function say(form) {
  const said = document.getElementById("not-sent");
  said.hidden = false;
  announce(said.textContent);
  form.prepend(said);
  said.scrollIntoView({ block: "center" });
}
