/**
 * COCO's run lengths in the browser: decode once, ask for pixels without rasterising, make bitmaps and outlines of a crop.
 *
 * @typedef {{size: [number, number], counts: string}} Rle  size is [height, width]
 * @typedef {{width: number, height: number, ends: Uint32Array}} Runs  ends[i]: where run i ends, column by column; even runs are background
 * @typedef {{x: number, y: number, width: number, height: number, bits: Uint8Array}} Crop  the part of a mask that has foreground, row by row
 */

/**
 * Source of the code: `rleFrString` of the COCO API.
 * @param {Rle} rle @returns {Runs}
 */
export function decode(rle) {
  const [height, width] = rle.size;
  const text = rle.counts;
  /** @type {number[]} */
  const counts = [];
  let position = 0;
  while (position < text.length) {
    let value = 0;
    let shift = 0;
    let digit = 0;
    do {
      digit = text.charCodeAt(position++) - 48;
      value |= (digit & 0x1f) << shift;
      shift += 5;
    } while (digit & 0x20);
    if (digit & 0x10 && shift < 32) value |= -1 << shift;
    if (counts.length > 2) value += counts[counts.length - 2] ?? 0;
    counts.push(value);
  }
  const ends = new Uint32Array(counts.length);
  let end = 0;
  for (let i = 0; i < counts.length; i++) ends[i] = end += counts[i] ?? 0;
  return { width, height, ends };
}

/** Whether the pixel at column x, row y is foreground. @param {Runs} runs @param {number} x @param {number} y */
export function contains(runs, x, y) {
  if (x < 0 || y < 0 || x >= runs.width || y >= runs.height) return false;
  const place = x * runs.height + y;
  let low = 0;
  let high = runs.ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs.ends[middle] ?? 0) <= place) low = middle + 1;
    else high = middle;
  }
  return low < runs.ends.length && low % 2 === 1;
}

/** Number of foreground pixels. @param {Runs} runs */
export function area(runs) {
  let sum = 0;
  for (let i = 1; i < runs.ends.length; i += 2) sum += (runs.ends[i] ?? 0) - (runs.ends[i - 1] ?? 0);
  return sum;
}

/** The smallest rectangle around the foreground. @param {Runs} runs @returns {{x: number, y: number, width: number, height: number}} */
export function bounds(runs) {
  let left = Infinity;
  let right = -1;
  let top = runs.height;
  let bottom = -1;
  eachSpan(runs, (column, from, to) => {
    left = Math.min(left, column);
    right = Math.max(right, column);
    top = Math.min(top, from);
    bottom = Math.max(bottom, to - 1);
  });
  if (right < 0) return { x: 0, y: 0, width: 0, height: 0 };
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * The foreground as 0/1 bytes. With a step above 1, `step` × `step` pixels become one, foreground where any of them is; its
 * place is a multiple of `step`. A mask of a huge picture is never made in full where the screen shows a small copy.
 * @param {Runs} runs @param {number} [step] @param {{x: number, y: number, width: number, height: number}} [box] its bounds, where they are known
 * @returns {Crop} in units of `step` pixels
 */
export function crop(runs, step = 1, box = bounds(runs)) {
  const left = Math.floor(box.x / step);
  const top = Math.floor(box.y / step);
  const width = Math.ceil((box.x + box.width) / step) - left;
  const height = Math.ceil((box.y + box.height) / step) - top;
  if (box.width === 0) return { x: 0, y: 0, width: 0, height: 0, bits: new Uint8Array(0) };
  const bits = new Uint8Array(width * height);
  eachSpan(runs, (column, from, to) => {
    const last = Math.floor((to - 1) / step) - top;
    let row = Math.floor(from / step) - top;
    for (let at = row * width + Math.floor(column / step) - left; row <= last; row++, at += width) bits[at] = 1;
  });
  return { x: left, y: top, width, height, bits };
}

/**
 * Calls back for every vertical span of foreground.
 * @param {Runs} runs @param {(column: number, from: number, to: number) => void} span
 */
function eachSpan(runs, span) {
  const { height, ends } = runs;
  for (let i = 1; i < ends.length; i += 2) {
    let from = ends[i - 1] ?? 0;
    const end = ends[i] ?? 0;
    while (from < end) {
      const column = Math.floor(from / height);
      const to = Math.min(end, (column + 1) * height);
      span(column, from - column * height, to - column * height);
      from = to;
    }
  }
}

/**
 * The pixel edges between foreground and background as straight lines [x0, y0, x1, y1, …], in pixels of the mask.
 * Neighbouring edges in line are one; holes and separate parts have theirs like everything else.
 * @param {Crop} crop @returns {number[]}
 */
export function edges({ x, y, width, height, bits }) {
  /** @type {number[]} */
  const lines = [];
  // A border of background around the crop spares every comparison its bounds check.
  const stride = width + 2;
  const padded = new Uint8Array(stride * (height + 2));
  for (let row = 0; row < height; row++) padded.set(bits.subarray(row * width, (row + 1) * width), (row + 1) * stride + 1);
  for (let row = 0; row <= height; row++) {
    let start = -1;
    for (let column = 0, at = (row + 1) * stride + 1; column <= width; column++, at++) {
      const edge = padded[at] !== padded[at - stride];
      if (edge && start < 0) start = column;
      if (!edge && start >= 0) {
        lines.push(x + start, y + row, x + column, y + row);
        start = -1;
      }
    }
  }
  for (let column = 0; column <= width; column++) {
    let start = -1;
    for (let row = 0, at = stride + column + 1; row <= height; row++, at += stride) {
      const edge = padded[at] !== padded[at - 1];
      if (edge && start < 0) start = row;
      if (!edge && start >= 0) {
        lines.push(x + column, y + start, x + column, y + row);
        start = -1;
      }
    }
  }
  return lines;
}
