// <a data-bell="/inbox/unread/">…<span class="bell-count" hidden></span></a>: how many messages are unread. Asked when
// the page has opened and every minute while it is looked at; without JavaScript the bell has no number.
const EVERY_MS = 60_000;
const bells = [...document.querySelectorAll("[data-bell]")];
let askedAt = 0;

async function ask() {
  askedAt = Date.now();
  // The browser keeps the last answer and asks whether it still holds (ETag).
  const answer = await fetch(bells[0].dataset.bell, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer || answer.status !== 200) return;
  const { shown, label } = await answer.json();
  for (const bell of bells) {
    const count = bell.querySelector(".bell-count");
    count.textContent = shown;
    count.hidden = !shown;
    bell.setAttribute("aria-label", label);
  }
}

function askIfSeen() {
  if (document.visibilityState === "visible" && Date.now() - askedAt >= EVERY_MS) ask();
}

if (bells.length) {
  ask();
  setInterval(askIfSeen, EVERY_MS);
  document.addEventListener("visibilitychange", askIfSeen);
}
