// Sort the table of "How to choose" by a click on a heading, or by Enter or Space on it.
"use strict";

(() => {
  const table = document.querySelector("#how-to-choose table");
  if (!table) return;
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];

  // The first number of a cell: of "99.60 % to 99.81 %" it is 99.6. Without one, the text.
  const valueOf = (row, column) => {
    const text = row.cells[column].textContent.trim();
    if (column === 0) return text.toLowerCase();
    const number = parseFloat(text.replaceAll(",", ""));
    return Number.isNaN(number) ? null : number;
  };

  const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);

  const sort = (column) => {
    const heading = headings[column];
    const up = heading.getAttribute("aria-sort") === "descending" || (column === 0 && !heading.ariaSort);
    for (const each of headings) each.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
    // What is not known comes last in either direction.
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      return up ? compare(a, b) : compare(b, a);
    });
    body.append(...rows.map(([, row]) => row));
  };

  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(column));
    heading.append(button);
  });
})();
