// [data-photo-input]: shows what was chosen, lets photos taken one after another add up, and says before sending what is
// too large. The files themselves are sent as they are; the server shrinks them. Previews are drawn on canvases, so that
// the content security policy need not allow blob: addresses.
import { fresh } from "./dom.js";

const IS_READY = Symbol("photo-input");
const PREVIEW_WIDTH = 240;

export function enhancePhotoInputs(root) {
  for (const area of fresh(root, "[data-photo-input]", IS_READY)) new PhotoInput(area);
}

class PhotoInput {
  constructor(area) {
    this.limits = area.dataset;
    this.camera = area.querySelector("[data-photo-camera]");
    this.files = area.querySelector("[data-photo-files]");
    this.previews = area.querySelector("[data-photo-previews]");
    this.problem = area.querySelector("[data-photo-problem]");
    this.chosen = [...this.files.files];
    area.classList.add("is-ready");
    for (const input of [this.camera, this.files]) input.addEventListener("change", () => this.add(input));
    area.closest("form")?.addEventListener("reset", () => this.keep([], ""));
    this.show();
  }

  add(input) {
    const max = Number(this.limits.maxCount);
    // What an input holds is a live list: copied before the input is emptied.
    const added = [...input.files];
    const small = added.filter((file) => file.size <= Number(this.limits.maxBytes));
    let problem = small.length < added.length ? this.limits.tooLarge : "";
    let all = max === 1 ? small.slice(-1) : [...this.chosen, ...small];
    if (!all.length) all = this.chosen;
    if (all.length > max) {
      all = all.slice(0, max);
      problem = this.limits.tooMany;
    }
    while (all.reduce((sum, file) => sum + file.size, 0) > Number(this.limits.maxTotalBytes)) {
      all.pop();
      problem = this.limits.tooLargeTogether;
    }
    this.keep(all, problem);
  }

  /** Everything chosen goes into one input; the camera's is emptied, or a photo would be sent twice. */
  keep(files, problem) {
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    this.camera.value = "";
    this.files.files = transfer.files;
    this.chosen = files;
    this.problem.hidden = !problem;
    this.problem.querySelector("span").textContent = problem;
    this.show();
  }

  show() {
    this.previews.replaceChildren(...this.chosen.map((file) => this.preview(file)));
    this.previews.hidden = !this.chosen.length;
  }

  preview(file) {
    const item = document.createElement("li");
    const remove = document.createElement("button");
    const name = document.createElement("span");
    item.className = "photo-preview";
    remove.type = "button";
    remove.className = "btn btn-ghost btn-sm";
    remove.textContent = this.limits.remove;
    remove.setAttribute("aria-label", `${this.limits.remove}: ${file.name}`);
    remove.addEventListener("click", () => {
      this.keep(this.chosen.filter((other) => other !== file), "");
      this.files.focus();
    });
    name.className = "photo-preview-name";
    name.textContent = file.name;
    item.append(name, remove);
    draw(file).then((picture) => item.prepend(picture));
    return item;
  }
}

/** The photo on a small canvas; its kind in letters if this browser cannot read it (HEIC in most), as the server can. */
async function draw(file) {
  try {
    const bitmap = await createImageBitmap(file, { resizeWidth: PREVIEW_WIDTH, resizeQuality: "medium" });
    const canvas = document.createElement("canvas");
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    return canvas;
  } catch {
    const blank = document.createElement("div");
    blank.className = "photo-preview-blank";
    blank.setAttribute("aria-hidden", "true");
    blank.textContent = file.name.includes(".") ? file.name.split(".").pop().slice(0, 5).toUpperCase() : "";
    return blank;
  }
}
