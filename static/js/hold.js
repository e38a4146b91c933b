// Countdown of a held slot: <div class="hold" data-expires-at="ISO" data-now="ISO" data-total-seconds="600" …>
//   [data-hold-time] gets m:ss, .dial-fill shrinks, [data-hold-over] is shown and [data-hold-live] hidden at the end.
// data-now is the server's clock when the page was made, so a wrong clock on the phone does not matter.
// data-say-soon, data-say-last and data-say-over hold the sentences for screen readers.
import { announce, fresh } from "./dom.js";

const IS_READY = Symbol("hold");

export function enhanceHolds(root) {
  for (const hold of fresh(root, "[data-expires-at]", IS_READY)) run(hold);
}

function run(hold) {
  const serverNow = Date.parse(hold.dataset.now) || Date.now();
  const startedAt = performance.now();
  const lifetime = (Date.parse(hold.dataset.expiresAt) - serverNow) / 1000;
  const total = Number(hold.dataset.totalSeconds) || lifetime;
  let before = lifetime;
  const tick = () => {
    if (!hold.isConnected) return clearInterval(timer);
    const left = Math.max(0, lifetime - (performance.now() - startedAt) / 1000);
    show(hold, left, total);
    if (before > 120 && left <= 120 && left > 30) announce(hold.dataset.saySoon ?? "");
    if (before > 30 && left <= 30 && left > 0) announce(hold.dataset.sayLast ?? "");
    if (left === 0) {
      clearInterval(timer);
      finish(hold);
    }
    before = left;
  };
  const timer = setInterval(tick, 1000);
  tick();
}

function show(hold, left, total) {
  const seconds = Math.ceil(left);
  const time = hold.querySelector("[data-hold-time]");
  if (time) time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  hold.querySelector(".dial-fill")?.setAttribute("stroke-dasharray", `${((left / total) * 100).toFixed(2)} 100`);
  hold.classList.toggle("is-ending", left <= 120 && left > 0);
}

function finish(hold) {
  hold.classList.add("is-over");
  announce(hold.dataset.sayOver ?? "");
  for (const part of document.querySelectorAll("[data-hold-live]")) part.hidden = true;
  for (const part of document.querySelectorAll("[data-hold-over]")) part.hidden = false;
  for (const button of document.querySelectorAll("[data-hold-submit]")) button.disabled = true;
  hold.dispatchEvent(new CustomEvent("hold:over", { bubbles: true }));
}
