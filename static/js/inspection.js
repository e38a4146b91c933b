// An inspection on a phone: large keys instead of the system's keyboard, each value saved as soon as it is entered, and
// nothing lost where the workshop has no signal. Without this file every point is a form of its own.
import { announce } from "./dom.js";
import { enhanceLightboxes } from "./lightbox.js";

const root = document.getElementById("inspection");
const isPhone = matchMedia("(max-width: 47.99rem)");
const RETRY_MS = 8000;
let unsent = null; // what could not be sent: tried again until it is
let retry = 0;

const point = () => root.querySelector("[data-point-form]");
const input = () => root.querySelector("[data-pad]");
const isDirty = () => Boolean(input()) && input().value !== input().defaultValue && input().value !== "";

// --- Sending ------------------------------------------------------------------------------------------------------

root.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-point-form]");
  if (!form) return;
  event.preventDefault();
  if (event.submitter?.hasAttribute("data-empties")) form.elements.codes.value = "";
  save(new FormData(form, event.submitter));
});

async function save(data, then = "") {
  const address = point().action;
  say("saving");
  unsent = { data, address, then };
  const answer = await ask(address, { method: "POST", body: data });
  if (!answer) return fail();
  unsent = null;
  clearTimeout(retry);
  if (then && answer.ok) return open(then);
  await show(answer);
}

/** The answer if it is the inspection's, whatever its status; null if there is none, or a page of another kind. */
async function ask(address, options = {}) {
  try {
    const answer = await fetch(address, { ...options, redirect: "manual", headers: { "HX-Request": "true" } });
    const text = answer.type === "opaqueredirect" ? "" : await answer.text();
    return text.trimStart().startsWith('<div class="inspect"') ? { ok: answer.ok, text } : null;
  } catch {
    return null;
  }
}

function fail() {
  say("failed");
  const told = root.querySelector("[data-not-sent]");
  told.hidden = false;
  announce(told.textContent);
  if (isPhone.matches) document.getElementById("point").scrollIntoView({ block: "start" });
  clearTimeout(retry);
  retry = setTimeout(again, RETRY_MS);
}

function again() {
  if (unsent) save(unsent.data, unsent.then);
}

window.addEventListener("online", again);
// A value that was typed and not sent goes out as the page does.
window.addEventListener("pagehide", () => {
  if (!isDirty() || unsent) return;
  const data = new FormData(point());
  data.delete("photos");
  fetch(point().action, { method: "POST", body: data, keepalive: true, headers: { "HX-Request": "true" } });
});

async function open(address) {
  const answer = await ask(address);
  if (answer) await show(answer);
  else location.assign(address);
}

async function show(answer) {
  const page = new DOMParser().parseFromString(answer.text, "text/html");
  root.replaceChildren(...page.body.childNodes);
  history.replaceState(history.state, "", root.firstElementChild.dataset.here);
  prepare();
  const wrong = root.querySelector("#point-error");
  announce(wrong ? wrong.textContent : (root.querySelector(".point-name")?.textContent ?? ""));
  reveal();
}

function say(state) {
  for (const one of root.querySelectorAll("[data-save-state] > [data-state]")) one.hidden = one.dataset.state !== state;
}

// --- Another point, another section: what is typed is saved first -----------------------------------------------------

root.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-part]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (isDirty()) save(new FormData(point()), link.href);
  else open(link.href);
});

// --- A photo is sent at once where there is a result to keep it with ------------------------------------------------

root.addEventListener("change", (event) => {
  if (!event.target.matches("[data-photos]") || !event.target.files.length) return;
  const form = point();
  const camera = root.querySelector("[data-camera]");
  camera.classList.add("is-chosen");
  const hasResult = !root.querySelector(".inspect-row.is-current").classList.contains("is-open");
  if (!hasResult && !isDirty()) return; // it goes with the result
  const data = new FormData(form);
  if (!isDirty()) data.set("only_photos", "1");
  save(data);
});

// --- Keypad, tone and marker while typing: the rule in short; what counts is the server's answer --------------------

root.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  if (!key) return;
  press(key.dataset.key, key.dataset.same);
});

function press(key, same) {
  const field = input();
  const form = point();
  const text = field.value;
  const decimals = Number(form.dataset.decimals);
  if (key === "back") field.value = text.slice(0, -1);
  else if (key === "clear") field.value = "";
  else if (key === "same") field.value = same;
  else if (key === "-") field.value = text.startsWith("-") ? text.slice(1) : `-${text}`;
  else if (key === ".") field.value = text.includes(".") ? text : `${text || "0"}.`;
  else if ((text.split(".")[1] ?? "").length < decimals || (!text.includes(".") && text.length < 7)) field.value += key;
  preview();
}

root.addEventListener("input", (event) => event.target === input() && preview());

function preview() {
  const { red, yellow, direction, lowest, highest } = point().dataset;
  const value = Number(input().value.replace(",", "."));
  const isNumber = input().value.trim() !== "" && Number.isFinite(value) && red !== undefined;
  const sign = direction === "high_is_bad" ? 1 : -1;
  const isRed = sign * value > sign * Number(red) || (value === Number(red) && "redAtLimit" in point().dataset);
  const tone = isRed ? "red" : sign * value >= sign * Number(yellow) ? "yellow" : "green";
  for (const one of root.querySelectorAll("[data-tone]")) one.hidden = !isNumber || one.dataset.tone !== tone;
  root.querySelector("[data-must]").hidden = !(isNumber && tone === "red");
  const marker = root.querySelector("[data-marker]");
  if (!marker) return;
  marker.setAttribute("visibility", isNumber ? "visible" : "hidden");
  const share = ((value - Number(lowest)) / (Number(highest) - Number(lowest))) * 100;
  if (isNumber) for (const circle of marker.children) circle.setAttribute("cx", `${Math.min(Math.max(share, 2), 98)}%`);
}

// --- Each time another point is shown -------------------------------------------------------------------------------

function prepare() {
  enhanceLightboxes(root);
  const pad = root.querySelector("[data-pad-keys]");
  const hasPad = Boolean(pad) && isPhone.matches;
  root.classList.toggle("has-pad", hasPad);
  document.body.classList.toggle("is-inspecting", isPhone.matches);
  if (pad) pad.hidden = !hasPad;
  if (input() && hasPad) input().inputMode = "none";
  const tab = root.querySelector(".inspect-tabs [aria-current]");
  if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.clientWidth / 2 + tab.clientWidth / 2;
}

/** The open point is what one works on: in sight, and on wide screens ready for typing. */
function reveal() {
  const card = document.getElementById("point");
  if (!card) return;
  if (isPhone.matches) card.scrollIntoView({ block: "start" });
  const field = root.querySelector("#point-input");
  field?.focus({ preventScroll: true });
  if (field && !isPhone.matches) field.select();
}

isPhone.addEventListener("change", prepare);
prepare();
reveal();
