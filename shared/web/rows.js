// A table of any length of which only the rows that are seen are in the page. Rows are of one
// height. Arrow keys, Page Up and Down, Home and End go through it; Enter opens a row.
"use strict";

(function () {
  const xgrid = (globalThis.xgrid = globalThis.xgrid || {});
  const beyond = 8; // rows above and below what is seen

  // An element with properties and children; texts are always text, never markup.
  xgrid.element = (name, properties = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (value === undefined || value === null || value === false) continue;
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (key === "class") made.className = value;
      else made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  };
  const element = xgrid.element;

  // columns: {key, label, class, cell(row) -> text or node, sorts}; the first with `names` set is
  // the row's name, and what opens it. Calls onOpen(row) and onSort(key).
  xgrid.createRows = ({ caption, columns, onOpen, onSort }) => {
    let rows = [];
    let active = 0;
    const height = matchMedia("(pointer: coarse)").matches ? 44 : 30;
    const heads = new Map();
    const head = element("tr", { "aria-rowindex": 1 });
    // As high as the rows that are out of sight; of one column, since some may not be shown.
    const space = () => element("tbody", { class: "space", "aria-hidden": "true" },
      element("tr", {}, element("td")));
    const above = space();
    const below = space();
    const body = element("tbody");
    const table = element(
      "table", { class: "rows" },
      element("caption", { class: "unseen" }, caption), element("thead", {}, head), above, body,
      below,
    );
    const frame = element("div", { class: "frame", tabindex: -1 }, table);
    frame.style.setProperty("--row", `${height}px`);

    const setColumns = (wanted) => {
      columns = wanted;
      heads.clear();
      head.replaceChildren(...columns.map((column) => {
        const made = element("th", { scope: "col", class: column.class });
        if (column.sorts) {
          made.append(element("button", { type: "button", onclick: () => onSort(column.key) },
            column.label));
        } else {
          made.append(column.label);
        }
        heads.set(column.key, made);
        return made;
      }));
    };

    const rowAt = (place) => {
      const row = rows[place];
      const made = element("tr", { "aria-rowindex": place + 2, class: row.outcome });
      for (const column of columns) {
        const content = column.cell(row);
        if (!column.names) {
          made.append(element("td", { class: column.class }, content));
          continue;
        }
        const open = element("button", {
          type: "button", tabindex: place === active ? 0 : -1,
          onclick: () => { active = place; onOpen(row); },
        }, content);
        open.title = open.textContent;
        made.append(element("th", { scope: "row", class: column.class }, open));
      }
      return made;
    };

    const draw = () => {
      const seen = Math.ceil((frame.clientHeight || 600) / height);
      const first = Math.max(0, Math.floor(frame.scrollTop / height) - beyond);
      const last = Math.min(rows.length, first + seen + 2 * beyond);
      const focused = reads();
      const top = frame.scrollTop;
      above.firstChild.firstChild.style.height = `${first * height}px`;
      below.firstChild.firstChild.style.height = `${(rows.length - last) * height}px`;
      const shown = [];
      for (let place = first; place < last; ++place) shown.push(rowAt(place));
      body.replaceChildren(...shown);
      if (frame.scrollTop !== top) frame.scrollTop = top; // lost while there were no rows
      table.setAttribute("aria-rowcount", rows.length + 1);
      if (focused) focusActive();
    };

    const reads = () =>
      document.activeElement === frame || body.contains(document.activeElement);

    const focusActive = () => {
      // Scrolled out of sight, a row is not in the page: its place keeps the focus meanwhile.
      const button = body.querySelector('th button[tabindex="0"]');
      (button || frame).focus({ preventScroll: true });
    };

    const go = (place) => {
      active = Math.max(0, Math.min(rows.length - 1, place));
      const top = active * height;
      const room = frame.clientHeight - head.offsetHeight - height;
      if (top < frame.scrollTop) frame.scrollTop = top;
      if (top > frame.scrollTop + room) frame.scrollTop = top - room;
      draw();
    };

    frame.addEventListener("keydown", (event) => {
      if (!reads()) return;
      if (event.key === "Enter" && event.target === frame && rows.length > 0) onOpen(rows[active]);
      const page = Math.max(1, Math.floor(frame.clientHeight / height) - 2);
      const steps = {
        ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page,
        Home: -rows.length, End: rows.length,
      };
      if (!(event.key in steps) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      go(active + steps[event.key]);
    });
    // A row is as good as its name for a mouse.
    body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (!row || event.target.closest("button") || !row.hasAttribute("aria-rowindex")) return;
      active = Number(row.getAttribute("aria-rowindex")) - 2;
      onOpen(rows[active]);
    });
    let asked = false;
    const soon = () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => { asked = false; draw(); });
    };
    frame.addEventListener("scroll", soon, { passive: true });
    new ResizeObserver(soon).observe(frame);
    setColumns(columns);

    return {
      element: frame,
      setColumns,
      setRows: (wanted) => {
        const same = reads() ? wanted.indexOf(rows[active]) : -1;
        const moved = same >= 0 ? same - active : 0;
        rows = wanted;
        active = Math.min(active + moved, Math.max(0, rows.length - 1));
        draw();
        if (moved === 0) return;
        frame.scrollTop += moved * height; // who reads a row goes on with it, wherever it is now
        draw();
      },
      setSort: (key, descending) => {
        for (const [name, made] of heads) {
          if (name === key) made.setAttribute("aria-sort", descending ? "descending" : "ascending");
          else made.removeAttribute("aria-sort");
        }
      },
      focus: () => { go(active); focusActive(); },
    };
  };
})();
