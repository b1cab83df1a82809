/** Where the tiles of a grid lie. Pure: sizes in CSS pixels in, places out. */

export const GAP = 12;
export const CAPTION = 44;
const MARGIN = 16;

/**
 * @typedef {{columns: number, tile: number, rowHeight: number, left: number, height: number}} Grid
 * @param {{width: number, size: number, count: number}} place width of the viewport, wanted size of a tile, number of tiles
 * @returns {Grid}
 */
export function gridOf({ width, size, count }) {
  const room = Math.max(size, width - 2 * MARGIN);
  const columns = Math.max(1, Math.floor((room + GAP) / (size + GAP)));
  const tile = Math.floor((room - (columns - 1) * GAP) / columns);
  const rowHeight = tile + CAPTION + GAP;
  return { columns, tile, rowHeight, left: MARGIN, height: Math.ceil(count / columns) * rowHeight + MARGIN };
}

/** @param {Grid} grid @param {number} index */
export const placeOf = (grid, index) => ({
  x: grid.left + (index % grid.columns) * (grid.tile + GAP), y: MARGIN + Math.floor(index / grid.columns) * grid.rowHeight,
});

/** The tiles in sight and a row around them, as [first, after the last]. @param {Grid} grid @param {{top: number, height: number, count: number}} view */
export function inSight(grid, { top, height, count }) {
  const first = Math.max(0, Math.floor((top - MARGIN) / grid.rowHeight) - 1);
  const last = Math.ceil((top + height) / grid.rowHeight) + 1;
  return [Math.min(first * grid.columns, count), Math.min(last * grid.columns, count)];
}

/** How far to scroll so that a tile is in sight, as little as possible. @param {Grid} grid @param {number} index @param {{top: number, height: number}} view */
export function revealed(grid, index, { top, height }) {
  const { y } = placeOf(grid, index);
  if (y - MARGIN < top) return y - MARGIN;
  return y + grid.rowHeight > top + height ? y + grid.rowHeight - height : top;
}

/** The tile that a key leads to. @param {string} key @param {number} index @param {Grid} grid @param {{count: number, height: number}} view @returns {number | null} */
export function steppedTo(key, index, grid, { count, height }) {
  const page = Math.max(1, Math.floor(height / grid.rowHeight)) * grid.columns;
  /** @type {{[key: string]: number}} */
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -grid.columns, ArrowDown: grid.columns, PageUp: -page, PageDown: page };
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = steps[key];
  if (step === undefined || count === 0) return null;
  const next = index + step;
  const upright = key === "ArrowUp" || key === "ArrowDown"; // up from the first row stays
  return upright && (next < 0 || next >= count) ? index : Math.min(count - 1, Math.max(0, next));
}
