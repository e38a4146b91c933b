// On a phone the row of topics is wider than the screen: show the chosen one.
const row = document.querySelector(".inbox-topics");
const chosen = row?.querySelector("[aria-current]");
if (chosen) row.scrollLeft = chosen.offsetLeft - row.offsetLeft - (row.clientWidth - chosen.offsetWidth) / 2;
