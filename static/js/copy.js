// <button data-copy="text">: copies the text; a parent's data-copied is what the button says for a moment.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button || !navigator.clipboard) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const said = button.closest("[data-copied]")?.dataset.copied;
  const label = button.lastChild;
  if (!said || label.textContent === said) return;
  const before = label.textContent;
  label.textContent = said;
  setTimeout(() => {
    label.textContent = before;
  }, 1500);
});
