// The page of preferences: offers the device's time zone, and lets this browser show push messages. Without JavaScript
// both are hidden and everything else works.

for (const button of document.querySelectorAll("[data-zone-here]")) {
  const select = document.querySelector("select[data-zone]");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const isOffered = [...select.options].some((option) => option.value === here);
  if (!isOffered || select.value === here) continue;
  button.querySelector("b").textContent = here;
  button.hidden = false;
  button.addEventListener("click", () => {
    select.value = here;
    button.hidden = true;
    select.focus();
  });
}

const push = document.querySelector("[data-push]");
if (push && window.isSecureContext && "serviceWorker" in navigator && "PushManager" in window) offer(push);

/** The key that the site is known by: base64url of 65 bytes. */
function bytes(text) {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
}

async function offer(place) {
  const { push: key, address, worker } = place.dataset;
  const button = place.querySelector("button");
  const error = place.querySelector("[data-push-error]");
  place.querySelector("[data-push-none]").hidden = true;
  button.hidden = false;
  button.addEventListener("click", async () => {
    error.hidden = true;
    button.setAttribute("aria-busy", "true");
    try {
      // Asked only now that somebody wants it.
      if ((await Notification.requestPermission()) !== "granted") throw new Error("refused");
      await subscribe(worker, bytes(key), address);
      location.reload();
    } catch (problem) {
      error.textContent = problem.message === "refused" ? place.dataset.refused : place.dataset.failed;
      error.hidden = false;
      button.removeAttribute("aria-busy");
    }
  });
}

async function subscribe(worker, applicationServerKey, address) {
  await navigator.serviceWorker.register(worker, { scope: "/" });
  const registration = await navigator.serviceWorker.ready;
  const wishes = { userVisibleOnly: true, applicationServerKey };
  const subscription = await registration.pushManager.subscribe(wishes).catch(async () => {
    // One made for an older key of the site stands in the way.
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    return registration.pushManager.subscribe(wishes);
  });
  const headers = { "Content-Type": "application/json", ...JSON.parse(document.body.getAttribute("hx-headers")) };
  const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(subscription) });
  if (answer.status !== 201) throw new Error("failed");
}
