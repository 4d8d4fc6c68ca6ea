// Sorting, filtering and a tip on the heat map. The page reads without any of it.
"use strict";
const order = new Intl.Collator(undefined, { numeric: true });
for (const table of document.querySelectorAll("table.sorts")) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    if (head.classList.contains("col-spark")) return;
    // A real button would be left out of a head that is repeated on the next printed page.
    const button = document.createElement("span");
    button.role = "button";
    button.tabIndex = 0;
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      button.click();
    });
    button.addEventListener("click", () => {
      const falls = head.getAttribute("aria-sort") !== "descending";
      table.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", falls ? "descending" : "ascending");
      const number = (text) => {
        const plain = text.replaceAll("−", "-").replaceAll(",", "").replace("∞", "Infinity");
        return plain === "" || Number.isNaN(Number(plain)) ? null : Number(plain);
      };
      // The gauge has no text; the figure is in the next column.
      const from = head.classList.contains("col-gauge") ? 1 : 0;
      const key = (row) => row.cells[column + from].textContent.replace("▲", "").trim();
      const rows = [...table.tBodies[0].rows].map((row) => [key(row), row]);
      rows.sort(([a], [b]) => {
        const [x, y] = [number(a), number(b)];
        // What is not defined stays last, whichever way.
        if (x === null && y === null && !head.classList.contains("n")) {
          return falls ? order.compare(a, b) : order.compare(b, a);
        }
        if (x === null || y === null) return (x === null) - (y === null);
        return falls ? y - x : x - y;
      });
      table.tBodies[0].append(...rows.map(([, row]) => row));
    });
  });
}
const opened = new Set();
for (const filter of document.querySelectorAll("input.filter")) {
  filter.hidden = false;
  filter.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase();
    const plane = filter.closest("article");
    for (const item of plane.querySelectorAll("[data-name]")) {
      item.hidden = !item.dataset.name.toLowerCase().includes(wanted);
    }
    for (const more of plane.querySelectorAll("details.more")) {
      if (wanted && !more.open) { more.open = true; opened.add(more); }
      if (!wanted && opened.delete(more)) more.open = false;
    }
  });
}
// A link to a card that is folded away opens what holds it.
const reveal = () => {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  if (target) target.scrollIntoView();
};
window.addEventListener("hashchange", reveal);
reveal();
const tip = document.getElementById("tip");
document.addEventListener("pointermove", (event) => {
  const row = event.target.closest?.(".map [data-ratios]");
  tip.hidden = !row;
  if (!row) return;
  const ratios = row.dataset.ratios.split(",");
  const place = row.getBoundingClientRect();
  const share = Math.min(0.9999, Math.max(0, (event.clientX - place.left) / place.width));
  const times = row.closest("[data-times]").dataset.times.split(",");
  const piece = Math.floor(share * ratios.length);
  const told = ratios[piece] === "" ? "no rows" : `PSI ${ratios[piece]} × its noise band`;
  tip.textContent = `${row.dataset.name || "(no name)"} · ${times[piece]} · ${told}`;
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - 310))}px`;
  tip.style.top = `${event.clientY + 16}px`;
});
