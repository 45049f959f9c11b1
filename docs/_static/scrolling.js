// Let the keyboard reach code and tables that are wider than the page, to scroll them.
"use strict";

(() => {
  const mark = () => {
    for (const box of document.querySelectorAll("article pre, article .table-wrapper")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  addEventListener("resize", mark);
  mark();
})();
