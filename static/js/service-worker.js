// Shows push messages, and opens the page that one is about. It keeps nothing and answers no requests.
// A message is JSON: {"title", "text", "tag", "url"}; `url` is an address on this site.

self.addEventListener("push", (event) => {
  const told = read(event.data);
  if (!told.title) return;
  event.waitUntil(
    self.registration.showNotification(told.title, {
      body: told.text || "",
      tag: told.tag || "",
      data: { url: ownAddress(told.url) },
      icon: "/static/img/apple-touch-icon.png",
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(ownAddress(event.notification.data?.url)));
});

function read(data) {
  try {
    return data?.json() ?? {};
  } catch {
    return {};
  }
}

/** `url` if it is an address on this site, else the inbox. */
function ownAddress(url) {
  const inbox = new URL("/inbox/", self.location.origin);
  try {
    const address = new URL(url || inbox, self.location.origin);
    return address.origin === self.location.origin ? address.href : inbox.href;
  } catch {
    return inbox.href;
  }
}

/** Bring a window that shows the page to the front, else open one. */
async function open(address) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((client) => client.url === address);
  if (there) return there.focus();
  return self.clients.openWindow(address);
}
