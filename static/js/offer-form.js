// Shows only the choice of cars that goes with the chosen scope. Without it every choice is shown; only the right one counts.

for (const form of document.querySelectorAll("[data-offer-form]")) {
  const targets = form.querySelectorAll("[data-for-scope]");
  const show = () => {
    const scope = form.querySelector("[name=scope]:checked")?.value;
    for (const target of targets) target.hidden = target.dataset.forScope !== scope;
  };
  if (targets.length) {
    form.addEventListener("change", show);
    show();
  }
}
