/** Which tiles are chosen: one after the other, or from one to another. Pure. */

/**
 * @typedef {{focus: number, anchor: number, chosen: ReadonlySet<number>}} Selection  indices of tiles; the anchor is where a range begins
 */

/** @returns {Selection} */
export const nothingChosen = () => ({ focus: 0, anchor: 0, chosen: new Set() });

/** @param {Selection} selection @param {number} index @returns {Selection} */
export const focused = (selection, index) => ({ ...selection, focus: index, anchor: index });

/** @param {Selection} selection @param {number} index @returns {Selection} */
export function flipped(selection, index) {
  const chosen = new Set(selection.chosen);
  if (!chosen.delete(index)) chosen.add(index);
  return { focus: index, anchor: index, chosen };
}

/** @param {Selection} selection @param {number} index @returns {Selection} */
export function extended(selection, index) {
  const chosen = new Set(selection.chosen);
  const [first, last] = [Math.min(selection.anchor, index), Math.max(selection.anchor, index)];
  for (let one = first; one <= last; one++) chosen.add(one);
  return { ...selection, focus: index, chosen };
}

/** What a verb is about: what is chosen, else the tile with the focus. @param {Selection} selection */
export const meant = (selection) => selection.chosen.size > 0 ? [...selection.chosen].sort((a, b) => a - b) : [selection.focus];
