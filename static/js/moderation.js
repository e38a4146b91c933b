// The moderators' desk: single keys, forms that exchange only the desk, focus and words for the next item. The server
// decides everything; without this file every link and form works as a page of its own.
import { announce } from "./dom.js";

const desk = document.getElementById("desk");
const keys = document.getElementById("keys");
const toggle = document.getElementById("single-keys");
const ARRIVED = Symbol("arrived");
const STORED = "moderation-single-keys";
let said = "";
let busy = false;
let rejecting = false;
let timer = null;

// --- Exchanging the desk --------------------------------------------------------------------------------------------

// A refusal is an answer too: it brings the item as it is now, with what was typed. A whole page instead of the desk
// (the session is over) is shown as one.
const REFUSED = [400, 403, 409, 422];
const isPage = ({ responseText }) => /^\s*<!doctype/i.test(responseText);

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr, target } = event.detail;
  if (target === desk && REFUSED.includes(xhr.status) && !isPage(xhr)) event.stopPropagation();
}, true);

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target !== desk) return;
  if (isPage(detail.xhr)) {
    detail.shouldSwap = false;
    location.assign(detail.xhr.status < 300 ? detail.xhr.responseURL : location.href);
  } else if (REFUSED.includes(detail.xhr.status)) {
    detail.shouldSwap = true;
    detail.isError = false;
  }
});

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.target === desk) setBusy(true);
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.target === desk && !detail.successful) setBusy(false);
});
for (const failure of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  document.addEventListener(failure, ({ detail }) => {
    if (detail.target !== desk) return;
    setBusy(false);
    said = "";
    announce(desk.dataset.failed);
    desk.querySelector("[data-failed]")?.removeAttribute("hidden");
  });
}

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target === desk) arrive();
});

function setBusy(value) {
  busy = value;
  desk.toggleAttribute("aria-busy", value);
}

// htmx says once for each part that it has brought; the desk arrives once.
function arrive() {
  const shown = desk.querySelector("[data-desk]");
  if (!shown || shown[ARRIVED]) return;
  shown[ARRIVED] = true;
  setBusy(false);
  rejecting = false;
  const title = desk.querySelector("#item-title");
  const refused = desk.querySelector("[data-refused]");
  showChosen();
  startUndo();
  (refused ?? title)?.focus({ preventScroll: true });
  const about = title?.dataset.announce ?? "";
  announce(refused ? "" : [said, about].filter(Boolean).join(". "));
  said = "";
  if (!matchMedia("(min-width: 64rem)").matches) scrollTo(0, 0);
}

function showChosen() {
  const chosen = desk.querySelector('.desk-row[aria-current="true"]');
  const list = chosen?.closest(".desk-rows");
  if (!list || list.scrollHeight <= list.clientHeight) return;
  list.scrollTop = chosen.offsetTop - list.clientHeight / 3;
}

function send(form, button) {
  if (busy) return;
  const values = {};
  const data = new FormData(form, button);
  for (const name of data.keys()) values[name] = data.getAll(name);
  said = button?.dataset.said ?? form.dataset.said ?? "";
  const url = button?.hasAttribute("formaction") ? button.formAction : form.action;
  window.htmx.ajax("POST", url, { source: desk, target: desk, swap: "innerHTML show:none", values });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-desk-form]") || !window.htmx) return;
  event.preventDefault();
  send(form, event.submitter);
}, true);

// --- Undo -------------------------------------------------------------------------------------------------------------

function startUndo() {
  clearInterval(timer);
  const bar = desk.querySelector("[data-undo]");
  if (!bar) return;
  const until = performance.now() + Number(bar.dataset.seconds) * 1000;
  const left = bar.querySelector("[data-undo-left]");
  timer = setInterval(() => {
    const seconds = Math.ceil((until - performance.now()) / 1000);
    left.textContent = `${Math.max(0, seconds)} s`;
    if (seconds > 0) return;
    clearInterval(timer);
    if (bar.contains(document.activeElement)) desk.querySelector("#item-title")?.focus({ preventScroll: true });
    bar.remove();
  }, 500);
}

// --- Rejecting ----------------------------------------------------------------------------------------------------------

function askReason() {
  const panel = desk.querySelector("#reasons");
  if (!panel) return;
  rejecting = true;
  panel.classList.add("is-asked");
  panel.scrollIntoView({ block: "center" });
  (panel.querySelector("input:checked") ?? panel.querySelector("input[type=radio]"))?.focus({ preventScroll: true });
  announce(panel.dataset.asked);
}

function leaveReasons() {
  rejecting = false;
  desk.querySelector("#reasons")?.classList.remove("is-asked");
  desk.querySelector("#item-title")?.focus({ preventScroll: true });
}

function chooseReason(digit) {
  const radio = desk.querySelector(`#reasons input[data-digit="${digit}"]`);
  if (!radio) return;
  radio.checked = true;
  radio.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-reject]")) return;
  event.preventDefault();
  askReason();
});

// --- Keys -------------------------------------------------------------------------------------------------------------

function step(by) {
  const rows = [...desk.querySelectorAll(".desk-row")];
  const now = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  rows[now < 0 ? 0 : now + by]?.click();
}

const isTyping = (target) => target.closest("textarea, select, input:not([type=radio], [type=checkbox]), [contenteditable]");

// A field is left by Esc, and by Ctrl + Enter its form is sent by the button that was meant.
function whileTyping(event) {
  if (event.key === "Escape" && event.target.closest("#desk")) {
    event.preventDefault();
    leaveReasons();
  }
}

function act(key) {
  if (key === "?") return keys?.showModal();
  if (key === "/") return desk.querySelector("#desk-q")?.focus();
  if (busy) return null;
  if (key === "j" || key === "ArrowDown") return step(1);
  if (key === "k" || key === "ArrowUp") return step(-1);
  if (key === "u") return desk.querySelector("[data-undo]")?.requestSubmit();
  return desk.querySelector(`[data-key="${key}"]`)?.click();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (!(event.target instanceof Element) || document.querySelector("dialog[open]")) return;
  if (isTyping(event.target)) {
    whileTyping(event);
    return;
  }
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isOn = toggle?.checked ?? true;
  if (rejecting && key === "Escape") {
    event.preventDefault();
    leaveReasons();
  } else if (rejecting && key === "Enter" && event.target.closest("#reasons") && !event.target.closest("button, a")) {
    event.preventDefault();
    if (!event.repeat) desk.querySelector("[data-reject-now]")?.click();
  } else if (rejecting && isOn && /^[1-9]$/.test(key)) {
    event.preventDefault();
    chooseReason(key);
  } else if (rejecting && key.startsWith("Arrow")) {
    // Among the reasons the arrows choose.
  } else if (isOn && !event.repeat && ["a", "r", "s", "u", "/", "?"].includes(key)) {
    event.preventDefault();
    act(key);
  } else if (isOn && ["j", "k", "ArrowDown", "ArrowUp"].includes(key)) {
    if (event.target.closest(".desk-side, details, input, select") && key.startsWith("Arrow")) return;
    event.preventDefault();
    act(key);
  }
});

// --- Start --------------------------------------------------------------------------------------------------------------

if (toggle) {
  try {
    toggle.checked = localStorage.getItem(STORED) !== "off";
  } catch {
    // Without storage the keys are on.
  }
  toggle.addEventListener("change", () => {
    try {
      localStorage.setItem(STORED, toggle.checked ? "on" : "off");
    } catch {
      // It holds until the page is left.
    }
  });
}
showChosen();
startUndo();
