/**
 * Which parts of a painted layer have to be painted again.
 *
 * @typedef {import("./layers.js").SceneObject} SceneObject
 * @typedef {{x: number, y: number, width: number, height: number}} Region
 */

/** More changed places than this are not worth telling apart. */
const MOST_PLACES = 24;

/**
 * What comes into sight when everything painted is pushed by (dx, dy); all in pixels of the layer.
 * @param {number} dx @param {number} dy @param {{width: number, height: number}} layer @returns {Region[]} that don't overlap
 */
export function uncovered(dx, dy, { width, height }) {
  const across = Math.min(Math.abs(dx), width);
  const down = Math.min(Math.abs(dy), height);
  const regions = [
    { x: dx > 0 ? 0 : width - across, y: 0, width: across, height },
    { x: dx > 0 ? across : 0, y: dy > 0 ? 0 : height - down, width: width - across, height: down },
  ];
  return regions.filter((region) => region.width > 0 && region.height > 0);
}

/**
 * The boxes, in image pixels, of all objects that look different now.
 * @param {SceneObject[]} before @param {SceneObject[]} after @returns {number[][] | null} null: paint everything
 */
export function changedPlaces(before, after) {
  const old = new Map(before.map((object) => [object.id, object]));
  /** @type {number[][]} */
  const places = [];
  let last = -1;
  const order = new Map(before.map((object, index) => [object.id, index]));
  for (const object of after) {
    const other = old.get(object.id);
    old.delete(object.id);
    if (!other) {
      places.push(object.bbox);
      continue;
    }
    const index = order.get(object.id) ?? 0;
    if (index < last) return null; // what lies on top of what has changed
    last = index;
    if (!looksTheSame(other, object)) places.push(other.bbox, object.bbox);
    if (places.length > MOST_PLACES) return null;
  }
  for (const gone of old.values()) places.push(gone.bbox);
  return places.length > MOST_PLACES ? null : places;
}

/** @param {SceneObject} a @param {SceneObject} b */
function looksTheSame(a, b) {
  return a.rle === b.rle && a.colour === b.colour && a.hidden === b.hidden;
}
