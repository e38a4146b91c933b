// What an owner says about something that is due: the form opens in its place, a refusal comes back into it, and the
// list follows what was said. Without this file each form is a page of its own.
const REFUSED = [409, 422];
const isPage = ({ responseText }) => /^\s*<!doctype/i.test(responseText);
const isOurs = (target) => Boolean(target?.closest?.("#due, .due-form"));
let opener = null;

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr, target } = event.detail;
  if (isOurs(target) && REFUSED.includes(xhr.status) && !isPage(xhr)) event.stopPropagation();
}, true);

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!isOurs(detail.target)) return;
  if (isPage(detail.xhr)) {
    // The session is over, or the car is gone: a whole page is shown as one.
    detail.shouldSwap = false;
    location.assign(detail.xhr.status < 300 ? detail.xhr.responseURL : location.href);
  } else if (REFUSED.includes(detail.xhr.status)) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
});

document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  if (!isOurs(target)) return;
  for (const menu of document.querySelectorAll("#due details[data-menu][open]")) {
    menu.open = false;
    opener = menu.querySelector("summary");
  }
  const form = target.matches(".due-form") ? target : null;
  // One form at a time: what was begun elsewhere is put away.
  if (form) for (const other of document.querySelectorAll(".due-form")) if (other !== form) other.replaceChildren();
  const next = form?.querySelector('[aria-invalid="true"]') ?? form?.querySelector("[data-act-title]")
    ?? document.querySelector("#due [data-said]");
  next?.focus();
});

document.addEventListener("click", (event) => {
  const cancel = event.target.closest("[data-act-cancel]");
  const form = cancel?.closest(".due-form");
  if (!form) return;
  event.preventDefault();
  form.replaceChildren();
  opener?.focus();
});
