// The form of a review: counts what is typed. Everything else is HTML and CSS, and works without.
const figures = new Intl.NumberFormat("en");

for (const line of document.querySelectorAll("[data-count-for]")) {
  const box = document.getElementById(line.dataset.countFor);
  const most = Number(box?.dataset.counted);
  if (!most) continue;
  const show = () => {
    // A line break counts once, as on the server; an emoji is one character there, not two.
    const typed = [...box.value].length;
    line.textContent = `${figures.format(typed)} / ${figures.format(most)}`;
    line.classList.toggle("is-over", typed > most);
  };
  box.addEventListener("input", show);
  show();
}
