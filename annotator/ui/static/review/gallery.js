/** The grid of tiles: only what is in sight is in the page, and every tile keeps its place. */

import { h } from "../dom.js";
import { gridOf, inSight, placeOf, revealed, steppedTo } from "./layout.js";
import { emptyTile } from "./tiles.js";

/**
 * @param {{count: () => number, fill: (tile: HTMLElement, index: number, size: number) => void, want: (first: number, last: number) => void,
 *   press: (index: number, event: MouseEvent | KeyboardEvent, twice: boolean) => void, state: (index: number) => {focus: boolean, chosen: boolean}}} options
 */
export function createGallery({ count, fill, want, press, state }) {
  const plane = h("div", { class: "rev-plane", role: "row" });
  const viewport = h("div", { class: "rev-scroll", role: "grid", "aria-label": "Gallery", "aria-multiselectable": "true", "data-testid": "gallery", tabIndex: 0 }, plane);
  /** @type {Map<number, HTMLElement>} */
  let tiles = new Map();
  let size = 180;
  let grid = gridOf({ width: 800, size, count: 0 });
  let scheduled = false;

  function draw() {
    scheduled = false;
    if (viewport.clientWidth === 0) return; // on another tab
    const total = count();
    grid = gridOf({ width: viewport.clientWidth, size, count: total });
    plane.style.height = `${grid.height}px`;
    const [first, last] = inSight(grid, { top: viewport.scrollTop, height: viewport.clientHeight, count: total });
    const free = [...tiles].filter(([index]) => index < (first ?? 0) || index >= (last ?? 0));
    for (const [index] of free) tiles.delete(index);
    const spare = free.map(([, tile]) => tile);
    for (let index = first ?? 0; index < (last ?? 0); index++) {
      const tile = tiles.get(index) ?? spare.pop() ?? make();
      tiles.set(index, tile);
      lay(tile, index);
    }
    for (const tile of spare) tile.remove();
    want(first ?? 0, last ?? 0);
  }

  function make() {
    const tile = emptyTile();
    plane.append(tile);
    return tile;
  }

  /** @param {HTMLElement} tile @param {number} index */
  function lay(tile, index) {
    const { x, y } = placeOf(grid, index);
    tile.style.transform = `translate(${x}px, ${y}px)`;
    tile.style.width = `${grid.tile}px`;
    tile.style.setProperty("--tile", `${grid.tile}px`);
    tile.dataset["index"] = String(index);
    tile.id = `rev-tile-${index}`;
    const { focus, chosen } = state(index);
    tile.classList.toggle("is-focused", focus);
    tile.setAttribute("aria-selected", String(chosen));
    fill(tile, index, grid.tile);
    if (focus) viewport.setAttribute("aria-activedescendant", tile.id);
  }

  function redraw() {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(draw);
  }

  /** @param {Event} event */
  function indexOf(event) {
    const tile = event.target instanceof Element ? event.target.closest(".rev-tile") : null;
    return tile instanceof HTMLElement ? Number(tile.dataset["index"]) : null;
  }

  viewport.addEventListener("scroll", redraw, { passive: true });
  viewport.addEventListener("click", (event) => { const index = indexOf(event); if (index !== null) press(index, event, false); });
  viewport.addEventListener("dblclick", (event) => { const index = indexOf(event); if (index !== null) press(index, event, true); });
  new ResizeObserver(redraw).observe(viewport);

  return {
    element: viewport, redraw,
    /** @param {number} next wanted size of a tile in CSS pixels @param {number} keep tile that stays in sight */
    resize(next, keep) {
      size = next;
      grid = gridOf({ width: viewport.clientWidth, size, count: count() });
      plane.style.height = `${grid.height}px`;
      viewport.scrollTop = Math.max(0, placeOf(grid, keep).y - viewport.clientHeight / 2);
      redraw();
    },
    /** @param {number} index */
    reveal(index) {
      viewport.scrollTop = revealed(grid, index, { top: viewport.scrollTop, height: viewport.clientHeight });
      redraw();
    },
    /** @param {string} key @param {number} index */
    step: (key, index) => steppedTo(key, index, grid, { count: count(), height: viewport.clientHeight }),
    toTop() { viewport.scrollTop = 0; },
  };
}
