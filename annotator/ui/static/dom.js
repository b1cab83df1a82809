/** The few lines of DOM that every panel needs. Text is always text: nothing here parses HTML. */

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {{[name: string]: unknown, on?: {[event: string]: (event: any) => void}}} Props
 */

/** Names that are set as properties, because their attribute is only the starting value or means something else. */
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "tabIndex", "textContent", "draggable"]);

/**
 * Make an element: `h("button", {class: "primary", on: {click}}, "Accept")`.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props} [props]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  if (props !== undefined) assign(element, props);
  element.append(...nodes(children));
  return element;
}

/**
 * Set properties, attributes and listeners of an element. `null` removes an attribute.
 * @param {Element} element
 * @param {Props} props
 */
export function assign(element, props) {
  for (const [name, value] of Object.entries(props)) {
    if (name === "on") {
      const listeners = /** @type {{[event: string]: EventListener}} */ (value);
      for (const [event, listener] of Object.entries(listeners)) element.addEventListener(event, listener);
    } else if (PROPERTIES.has(name)) {
      const owner = /** @type {any} */ (element);
      if (owner[name] !== value) owner[name] = value;
    } else if (value === null || value === undefined || value === false) {
      element.removeAttribute(name);
    } else {
      const text = value === true ? "" : String(value);
      if (element.getAttribute(name) !== text) element.setAttribute(name, text);
    }
  }
}

/**
 * Set the text of an element if it differs: writing the same text again would make screen readers repeat it.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {(Child | Child[])[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  /** @type {(Node | string)[]} */
  const result = [];
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    result.push(child instanceof Node ? child : String(child));
  }
  return result;
}

/** Paths of the icons on a 16×16 grid, stroked. */
const ICONS = {
  check: "M3 8.5l3.2 3.2L13 4.8",
  close: "M4 4l8 8M12 4l-8 8",
  undo: "M6 3L3 6l3 3M3 6h6a4 4 0 0 1 0 8H6",
  redo: "M10 3l3 3-3 3M13 6H7a4 4 0 0 0 0 8h3",
  left: "M10 3L5 8l5 5",
  right: "M6 3l5 5-5 5",
  up: "M4 10l4-4 4 4",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  "eye-off": "M2 2l12 12M6.5 3.7A6 6 0 0 1 8 3.5c4 0 6.5 4.5 6.5 4.5a12 12 0 0 1-1.8 2.3M4.2 4.9A11 11 0 0 0 1.5 8S4 12.5 8 12.5a6 6 0 0 0 3-.8M6.6 6.6a2 2 0 0 0 2.8 2.8",
  lock: "M4.5 7V5a3.5 3.5 0 0 1 7 0v2M3.5 7h9v6.5h-9z",
  unlock: "M4.5 7V5a3.5 3.5 0 0 1 6.7-1.4M3.5 7h9v6.5h-9z",
  trash: "M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.7 9h6.6l.7-9M6.7 7v4M9.3 7v4",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  help: "M6 6.2a2 2 0 1 1 3 1.7c-.7.4-1 .8-1 1.6M8 12.2v.1M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z",
  search: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.3 10.3L14 14",
  upload: "M8 11V3M4.5 6L8 2.5 11.5 6M2.5 10.5v3h11v-3",
  pencil: "M3 13l.6-2.8L10.8 3l2.2 2.2-7.2 7.2L3 13z",
  warning: "M8 2L1.5 13.5h13L8 2zM8 6.5v3.2M8 11.6v.1",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9",
  moon: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1z",
  mark: "M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3M5.2 9.2c0-2.4 1.2-4 3-4s2.6 1.2 2.6 2.8-1.3 2.9-3 2.9-2.6-.6-2.6-1.7z",
  pointer: "M3 2.5l9.5 5-4.2 1.3L6 13 3 2.5z",
  brush: "M13.5 2.5L7.5 8.5M7.6 8.4c-1.4-.3-2.8.6-3 2-.2 1.3-.8 2-2.1 2.4 1.6 1.2 4.9 1.2 6-.8.7-1.2.3-2.9-.9-3.6z",
  eraser: "M6.2 13.5h7.3M2.8 9.8l6.5-6.5 4 4-6.2 6.2H5.2L2.8 11.1a.9.9 0 0 1 0-1.3zM6 6.6l4 4",
  lasso: "M8 9.8c-3.3 0-6-1.5-6-3.6S4.700 2.500 8 2.500s6 1.600 6 3.700-2.700 3.600-6 3.600zM5.200 9.300c-1 .6-1.500 1.500-.8 2.300.9 1 2.300.3 1.800 2.400",
  polygon: "M3.2 4.200l6-1.700 4 5-2.200 6-7.300-1.500zM2 3.200h2.400v2.200H2zM8 1.500h2.400v2.200H8zM12 6.500h2.400v2.200H12zM9.800 12.300h2.400v2.200H9.800zM2.500 10.800h2.400V13H2.500z",
  sparkle: "M7 2.500l1.300 3.700L12 7.500 8.300 8.800 7 12.500 5.700 8.800 2 7.500l3.700-1.300L7 2.500zM12.500 10.500l.6 1.400 1.400.6-1.400.6-.6 1.400-.6-1.400-1.400-.6 1.400-.6.6-1.400z",
  clock: "M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM8 4.500v3.700l2.500 1.500",
  flag: "M3.5 14V2.5M3.5 3h8.5l-2 3 2 3H3.5",
};

/**
 * A decorative icon in the text's colour.
 * @param {keyof typeof ICONS} name
 * @param {number} [size] in CSS pixels
 */
export function icon(name, size = 16) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const attributes = {
    viewBox: "0 0 16 16", width: size, height: size, fill: "none", stroke: "currentColor",
    "stroke-width": 1.4, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true",
  };
  assign(svg, attributes);
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * A button whose name for assistive technology and tooltip is `title`, with the key that does the same (see keyHints.js).
 * @param {{title: string, action?: import("./keyboard.js").Action, class?: string, testid?: string, icon?: keyof typeof ICONS, label?: string,
 *   click: (event: MouseEvent) => void}} options
 */
export function button({ title, action, class: style, testid, icon: picture, label, click }) {
  return h("button", {
    type: "button",
    class: style ?? "ann-icon-button",
    title,
    "aria-label": label === undefined ? title : null,
    "data-action": action ?? null,
    "data-title": action === undefined ? null : title,
    "data-testid": testid ?? null,
    on: { click },
  }, picture === undefined ? null : icon(picture), label === undefined ? null : h("span", {}, label),
  label !== undefined && action !== undefined ? h("kbd", { "aria-hidden": "true", "data-action": action }) : null);
}

/**
 * Show the rows of a long list that are in view, and only those; every row has the same height.
 * @template T
 * @param {{viewport: HTMLElement, rowHeight: number, key: (item: T) => string | number,
 *   create: (item: T) => HTMLElement, update: (row: HTMLElement, item: T, index: number) => void}} options
 */
export function virtualList({ viewport, rowHeight, key, create, update }) {
  const spacer = h("div", { class: "ann-virtual" });
  viewport.append(spacer);
  /** @type {readonly T[]} */
  let items = [];
  /** @type {Map<string | number, HTMLElement>} */
  let rows = new Map();
  const draw = () => {
    const first = Math.max(0, Math.floor(viewport.scrollTop / rowHeight) - 4);
    const last = Math.min(items.length, Math.ceil((viewport.scrollTop + viewport.clientHeight) / rowHeight) + 4);
    /** @type {Map<string | number, HTMLElement>} */
    const shown = new Map();
    for (let index = first; index < last; index++) {
      const item = /** @type {T} */ (items[index]);
      const row = rows.get(key(item)) ?? create(item);
      row.style.transform = `translateY(${index * rowHeight}px)`;
      // Rows of a grid and options of a list say in their own ways which of how many they are.
      if (row.getAttribute("role") === "row") row.setAttribute("aria-rowindex", String(index + 1));
      else assign(row, { "aria-posinset": index + 1, "aria-setsize": items.length });
      update(row, item, index);
      if (row.parentNode === null) spacer.append(row);
      shown.set(key(item), row);
    }
    for (const [name, row] of rows) if (!shown.has(name)) row.remove();
    rows = shown;
  };
  viewport.addEventListener("scroll", draw, { passive: true });
  const observer = new ResizeObserver(draw);
  observer.observe(viewport);
  return {
    /** @param {readonly T[]} next */
    set(next) {
      items = next;
      if (viewport.getAttribute("role") === "grid") viewport.setAttribute("aria-rowcount", String(items.length));
      spacer.style.height = `${items.length * rowHeight}px`;
      draw();
    },
    draw,
    /** Scroll as little as needed to have a row in view. @param {number} index */
    reveal(index) {
      const top = index * rowHeight;
      if (top < viewport.scrollTop) viewport.scrollTop = top;
      else if (top + rowHeight > viewport.scrollTop + viewport.clientHeight) {
        viewport.scrollTop = top + rowHeight - viewport.clientHeight;
      }
      draw();
    },
    destroy: () => observer.disconnect(),
  };
}
