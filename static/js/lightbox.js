// [data-lightbox] around links to photos and a <dialog>: a tap shows the photo large, arrow keys and buttons turn to the
// next. Without it a link opens the photo as a page.
import { fresh } from "./dom.js";

const IS_READY = Symbol("lightbox");

export function enhanceLightboxes(root) {
  for (const area of fresh(root, "[data-lightbox]", IS_READY)) enhance(area);
}

function enhance(area) {
  const dialog = area.querySelector("dialog");
  const links = [...area.querySelectorAll("[data-lightbox-open]")];
  const stage = area.querySelector("[data-lightbox-stage]");
  const caption = area.querySelector("[data-lightbox-caption]");
  const place = area.querySelector("[data-lightbox-place]");
  if (!dialog || !links.length) return;
  let at = 0;

  const show = (index) => {
    at = (index + links.length) % links.length;
    const image = document.createElement("img");
    image.src = links[at].href;
    image.alt = links[at].querySelector("img").alt;
    stage.replaceChildren(image);
    caption.textContent = links[at].dataset.caption || image.alt;
    if (place) place.textContent = `${at + 1} / ${links.length}`;
  };

  links.forEach((link, index) => {
    link.addEventListener("click", (event) => {
      // A new tab, a download: as the browser does it.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(index);
      dialog.showModal();
    });
  });
  for (const button of area.querySelectorAll("[data-lightbox-step]")) {
    button.addEventListener("click", () => show(at + Number(button.dataset.lightboxStep)));
  }
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && links.length > 1) show(at + step);
  });
  dialog.addEventListener("close", () => links[at].focus());
}
