// The shop's board: side panel, dialog, dragging, tapping a free spot, keypad. The server decides everything; without
// this file every link and form still works as a page of its own.
import { announce, fresh } from "./dom.js";

const panel = document.getElementById("visit-panel");
const dialog = document.getElementById("board-dialog");
let opener = null;

// --- Refusals are answers too: 400 and 409 bring the form or the panel with what is wrong --------------------------

function isRefusal({ xhr, target }) {
  if (![400, 409, 422].includes(xhr.status) || /^\s*<!doctype/i.test(xhr.responseText)) return false;
  return [panel, dialog].includes(target) || Boolean(target.closest?.("#board-dialog, #visit-panel"));
}

// Before anything else that shows failed requests as pages of their own.
document.addEventListener("htmx:beforeOnLoad", (event) => isRefusal(event.detail) && event.stopPropagation(), true);
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (!isRefusal(detail)) return;
  detail.shouldSwap = true;
  detail.isError = false;
});

// --- Panel --------------------------------------------------------------------------------------------------------

function shownVisit() {
  return panel?.querySelector("[data-panel]");
}

function markShown() {
  const id = shownVisit()?.dataset.panel;
  for (const link of document.querySelectorAll("[data-visit]")) {
    if (link.dataset.visit === id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  const address = new URL(location.href);
  if (!address.pathname.endsWith("/board/")) return;
  if (id) address.searchParams.set("visit", id);
  else address.searchParams.delete("visit");
  history.replaceState(history.state, "", address);
}

function closePanel() {
  if (!shownVisit() || !document.getElementById("board-live")) return false;
  const id = shownVisit().dataset.panel;
  panel.replaceChildren();
  markShown();
  const links = [...document.querySelectorAll(`[data-visit="${CSS.escape(id)}"]`)];
  const back = opener?.isConnected ? opener : links.find((link) => link.offsetParent);
  back?.focus({ preventScroll: true });
  return true;
}

// A visit that changed elsewhere is shown fresh, unless somebody is in the middle of something with it.
function refreshPanel() {
  const shown = shownVisit();
  if (!shown || dialog?.open) return;
  const link = document.querySelector(`#board-live [data-visit="${CSS.escape(shown.dataset.panel)}"]`);
  if (!link || link.dataset.revision === shown.dataset.revision) return;
  const hadFocus = panel.contains(document.activeElement) && document.activeElement.id;
  window.htmx.ajax("GET", link.getAttribute("hx-get"), { target: panel, swap: "innerHTML" }).then(() => {
    if (hadFocus) (document.getElementById(hadFocus) ?? panel).focus({ preventScroll: true });
  });
}

document.addEventListener("click", (event) => {
  const close = event.target.closest("[data-panel-close]");
  if (close && closePanel()) event.preventDefault();
  const link = event.target.closest('[hx-target="#visit-panel"]');
  if (link?.matches("a")) opener = link;
  // Outside the panel where it lies over the board.
  const isOver = panel && getComputedStyle(panel).position === "fixed" && shownVisit();
  if (isOver && !event.target.closest("#visit-panel, dialog, .toasts, a, button") && !dialog?.open) closePanel();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !dialog?.open && !drag && !event.target.closest("details[open]")) closePanel();
});

// --- Live: what somebody looks at stays where it is -----------------------------------------------------------------

let scroll = null;

// A check-in has photos and a keypad of its own: on a phone it is a page, not a dialog.
document.addEventListener("htmx:beforeRequest", (event) => {
  const link = event.target;
  if (!link.matches?.("[data-page-on-phones]") || !matchMedia("(max-width: 47.99rem)").matches) return;
  event.preventDefault();
  location.assign(link.href);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const isPoll = event.target.id === "board-live";
  if (isPoll && (drag || document.hidden)) event.preventDefault();
});

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.target.id !== "board-live") return;
  const box = document.querySelector("[data-board]");
  scroll = box && { left: box.scrollLeft, top: box.scrollTop };
});

document.addEventListener("htmx:afterSettle", ({ target }) => {
  const box = document.querySelector("[data-board]");
  if (target.id === "board-live" || target.closest("#board-live")) {
    if (box && scroll) box.scrollTo(scroll.left, scroll.top);
    scroll = null;
    markShown();
    refreshPanel();
  }
  if (target === panel) {
    markShown();
    if (shownVisit() && !panel.contains(document.activeElement)) panel.focus({ preventScroll: true });
  }
  if (target === dialog || target.closest?.("#board-dialog")) openDialog();
});

document.addEventListener("visibilitychange", () => {
  const board = document.getElementById("board-live");
  if (!document.hidden && board) window.htmx.trigger(board, "board:changed");
});

function showNow() {
  const box = document.querySelector("[data-board]");
  const now = box?.querySelector(".board-now-label");
  if (!now || !box.clientWidth) return;
  box.scrollLeft = now.getBoundingClientRect().left - box.getBoundingClientRect().left - box.clientWidth * 0.45;
}

// --- The parts of one visit, on several lanes: pointing at one, or reaching it by keyboard, shows the others ---------

function markSiblings(target) {
  const one = target?.closest?.("[data-board] [data-visit]");
  const id = one?.dataset.visit;
  for (const claim of document.querySelectorAll("[data-board] [data-visit]")) {
    claim.classList.toggle("is-sibling", claim !== one && claim.dataset.visit === id);
  }
}

document.addEventListener("mouseover", (event) => markSiblings(event.target));
document.addEventListener("focusin", (event) => markSiblings(event.target));

// --- Dialog -------------------------------------------------------------------------------------------------------

function openDialog() {
  if (!dialog) return;
  enhanceKeypads(dialog);
  if (!dialog.open) dialog.showModal();
  const wrong = dialog.querySelector('[aria-invalid="true"]');
  const first = wrong ?? dialog.querySelector("form input:not([type=hidden], [type=radio]), form select");
  if (!dialog.contains(document.activeElement) || wrong || document.activeElement.matches("[data-dialog-close]")) first?.focus();
}

document.addEventListener("board:close-dialog", () => {
  if (dialog?.open) dialog.close();
});
dialog?.addEventListener("close", () => dialog.replaceChildren());

// --- Keypad: large keys on a tablet, where the system's keyboard would hide half of the form --------------------------

const IS_READY = Symbol("keypad");

function enhanceKeypads(root) {
  if (!matchMedia("(pointer: coarse) and (min-width: 48rem)").matches) return;
  for (const input of fresh(root, "[data-keypad]", IS_READY)) {
    input.inputMode = "none";
    const pad = document.createElement("div");
    pad.className = "keypad";
    for (const key of ["1", "2", "3", "4", "5", "6", "7", "8", "9", "C", "0", "←"]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-secondary";
      button.textContent = key;
      button.addEventListener("click", () => {
        if (key === "C") input.value = "";
        else if (key === "←") input.value = input.value.slice(0, -1);
        else if (input.value.length < 6) input.value += key;
      });
      pad.append(button);
    }
    (input.closest(".field") ?? input.parentElement).append(pad);
  }
}

// --- A tap on a free spot opens the walk-in form for that bay and time ------------------------------------------------

function columnAt(lane, x) {
  const box = lane.getBoundingClientRect();
  const ticks = Number(lane.closest("[data-board]").dataset.ticks);
  return { tick: Math.round(((x - box.left) / box.width) * ticks), width: box.width / ticks };
}

function clockOf(board, tick) {
  const minutes = Number(board.dataset.firstMinute) + tick * 5;
  const pad = (n) => String(n).padStart(2, "0");
  return `${pad(Math.floor(minutes / 60) % 24)}:${pad(minutes % 60)}`;
}

document.addEventListener("click", (event) => {
  const lane = event.target.closest("[data-lane]");
  const board = lane?.closest("[data-board]");
  if (!board?.dataset.walkInUrl || event.target.closest("a") || justDragged) return;
  const { tick } = columnAt(lane, event.clientX);
  const quarter = Math.floor(tick / 3) * 3;
  const now = Number(board.dataset.nowColumn || 0) - 1;
  if (!["bay", "technician"].includes(lane.dataset.laneKind)) return;
  const values = new URLSearchParams({ [lane.dataset.laneKind]: lane.dataset.lane, date: board.dataset.date });
  // The running quarter of an hour means now.
  if (!(now >= quarter && now < quarter + 6)) values.set("time", clockOf(board, quarter));
  window.htmx.ajax("GET", `${board.dataset.walkInUrl}?${values}`, { target: dialog, swap: "innerHTML" });
});

// --- Drag and drop. The keyboard's way is the Move dialog in the panel -------------------------------------------------

const LONG_PRESS_MS = 350;
let drag = null;
let justDragged = false;

document.addEventListener("dragstart", (event) => {
  if (event.target.closest?.("[data-move-url]")) event.preventDefault();
});

document.addEventListener("pointerdown", (event) => {
  const claim = event.target.closest("[data-move-url]");
  if (!claim || event.button !== 0 || !event.isPrimary) return;
  const start = { claim, x: event.clientX, y: event.clientY, id: event.pointerId, isOn: false };
  drag = start;
  if (event.pointerType !== "mouse") {
    start.timer = setTimeout(() => drag === start && lift(start), LONG_PRESS_MS);
  }
});

document.addEventListener("pointermove", (event) => {
  if (!drag || event.pointerId !== drag.id) return;
  const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > 6;
  if (!drag.isOn) {
    if (event.pointerType === "mouse" && far) lift(drag);
    else if (far) cancelDrag();
  }
  if (drag?.isOn) follow(event);
});

// Once a claim is lifted the page must not scroll under the finger.
document.addEventListener("touchmove", (event) => drag?.isOn && event.preventDefault(), { passive: false });
document.addEventListener("contextmenu", (event) => {
  if (drag && event.target.closest("[data-move-url]")) event.preventDefault();
});
document.addEventListener("pointerup", (event) => drag && event.pointerId === drag.id && drop());
document.addEventListener("pointercancel", cancelDrag);
document.addEventListener("keydown", (event) => event.key === "Escape" && cancelDrag());
document.addEventListener("click", (event) => justDragged && event.target.closest("[data-board]") && (event.preventDefault(), event.stopImmediatePropagation()), true);

function lift(state) {
  state.isOn = true;
  state.claim.classList.add("is-dragging");
  state.tip = document.createElement("div");
  state.tip.className = "drag-tip";
  document.body.append(state.tip);
  navigator.vibrate?.(10);
}

function follow(event) {
  const { claim, tip } = drag;
  const board = claim.closest("[data-board]");
  const dx = "fixedTime" in claim.dataset ? 0 : event.clientX - drag.x;
  claim.style.transform = `translate(${dx}px, ${event.clientY - drag.y}px)`;
  const below = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-lane]");
  // A bay's part cannot go to a loaner car, an advisor's not to a technician.
  const lane = below?.dataset.laneKind === claim.closest("[data-lane]").dataset.laneKind ? below : null;
  for (const other of board.querySelectorAll(".board-lane.is-target")) other.classList.toggle("is-target", other === lane);
  lane?.classList.add("is-target");
  drag.lane = lane && board.contains(lane) ? lane : null;
  drag.tick = Number(claim.dataset.startColumn) - 1;
  if (drag.lane && dx) drag.tick += Math.round(dx / columnAt(drag.lane, 0).width);
  tip.textContent = drag.lane ? `${clockOf(board, drag.tick)} · ${drag.lane.dataset.laneName}` : "–";
  tip.style.left = `${event.clientX + 14}px`;
  tip.style.top = `${event.clientY + 14}px`;
}

function settle() {
  if (!drag) return null;
  const state = drag;
  drag = null;
  clearTimeout(state.timer);
  state.tip?.remove();
  state.claim.classList.remove("is-dragging");
  // An empty style attribute would offend the content security policy when htmx copies it at the next swap.
  state.claim.removeAttribute("style");
  document.querySelectorAll(".board-lane.is-target").forEach((lane) => lane.classList.remove("is-target"));
  return state;
}

function cancelDrag() {
  settle();
}

function drop() {
  const state = settle();
  if (!state?.isOn) return;
  justDragged = true;
  setTimeout(() => {
    justDragged = false;
  });
  const { claim, lane, tick } = state;
  const board = claim.closest("[data-board]");
  const home = claim.closest("[data-lane]");
  if (!lane || (lane === home && tick === Number(claim.dataset.startColumn) - 1)) return;
  const kind = lane.dataset.laneKind;
  // A part of a visit keeps its distance to the visit's start; only what it was dropped on is asked for by name.
  const values = { date: board.dataset.date, time: clockOf(board, tick - Number(claim.dataset.offset || 0)) };
  if ("bay" in claim.dataset) {
    Object.assign(values, { bay: claim.dataset.bay, technician: claim.dataset.technician });
    if (["bay", "technician"].includes(kind)) values.flexible = kind === "bay" ? "technician" : "bay";
  }
  values[kind] = lane.dataset.lane;
  announce(`${values.time} ${lane.dataset.laneName}`);
  opener = claim;
  window.htmx.ajax("POST", claim.dataset.moveUrl, { target: dialog, swap: "innerHTML", values });
}

// --- Start ----------------------------------------------------------------------------------------------------------

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
enhanceKeypads(document);
markShown();
showNow();
