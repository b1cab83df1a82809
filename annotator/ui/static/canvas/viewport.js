/**
 * The one place that converts between the screen and the image.
 *
 * Screen: CSS pixels from the canvas's top left corner. Image: pixels in display orientation, pixel i covers [i, i + 1).
 *
 * @typedef {{x: number, y: number}} Point
 * @typedef {{width: number, height: number}} Size
 * @typedef {{scale: number, x: number, y: number}} Viewport  scale: CSS pixels per image pixel; x, y: where the image's origin is
 */

const MARGIN = 24;
const LARGEST = 64;

/** @param {Viewport} view @param {Point} point @returns {Point} */
export function toScreen(view, point) {
  return { x: view.x + point.x * view.scale, y: view.y + point.y * view.scale };
}

/** @param {Viewport} view @param {Point} point @returns {Point} */
export function toImage(view, point) {
  return { x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale };
}

/** The nearest place inside the image. @param {Point} point @param {Size} image @returns {Point} */
export function clampToImage(point, image) {
  return { x: Math.min(Math.max(point.x, 0), image.width), y: Math.min(Math.max(point.y, 0), image.height) };
}

/** @param {Point} point @param {Size} image */
export function isInside(point, image) {
  return point.x >= 0 && point.y >= 0 && point.x <= image.width && point.y <= image.height;
}

/** The whole image, centred, with a margin. @param {Size} image @param {Size} host @returns {Viewport} */
export function fit(image, host) {
  const room = { width: Math.max(host.width - 2 * MARGIN, 16), height: Math.max(host.height - 2 * MARGIN, 16) };
  const scale = Math.min(room.width / image.width, room.height / image.height, LARGEST);
  return { scale, x: (host.width - image.width * scale) / 2, y: (host.height - image.height * scale) / 2 };
}

/**
 * Zoom by a factor; the image point under `at` stays there.
 * @param {Viewport} view @param {number} factor @param {Point} at @param {Size} image @param {Size} host @returns {Viewport}
 */
export function zoom(view, factor, at, image, host) {
  const smallest = Math.min(fit(image, host).scale / 2, 1);
  const scale = Math.min(Math.max(view.scale * factor, smallest), LARGEST);
  const point = toImage(view, at);
  return keepInSight({ scale, x: at.x - point.x * scale, y: at.y - point.y * scale }, image, host);
}

/** @param {Viewport} view @param {number} dx @param {number} dy @param {Size} image @param {Size} host @returns {Viewport} */
export function pan(view, dx, dy, image, host) {
  return keepInSight({ scale: view.scale, x: view.x + dx, y: view.y + dy }, image, host);
}

/**
 * The host changed its size: what was in its centre stays there.
 * @param {Viewport} view @param {Size} from @param {Size} to @param {Size} image @returns {Viewport}
 */
export function resized(view, from, to, image) {
  return pan(view, (to.width - from.width) / 2, (to.height - from.height) / 2, image, to);
}

/** A part of the image always stays on the screen. @param {Viewport} view @param {Size} image @param {Size} host @returns {Viewport} */
function keepInSight(view, image, host) {
  const width = image.width * view.scale;
  const height = image.height * view.scale;
  const keep = { x: Math.min(64, width / 2, host.width / 2), y: Math.min(64, height / 2, host.height / 2) };
  return {
    scale: view.scale,
    x: Math.min(Math.max(view.x, keep.x - width), host.width - keep.x),
    y: Math.min(Math.max(view.y, keep.y - height), host.height - keep.y),
  };
}

/** Around what is in sight, for a closer look: an object that goes on behind the window's edge keeps its context. */
const SIGHT_MARGIN = 0.1;

/**
 * The part of the image that is in sight, with some room around it.
 * @param {Viewport} view @param {Size} host @param {Size} image @returns {[number, number, number, number]} x0, y0, x1, y1 in image pixels
 */
export function inSight(view, host, image) {
  const room = { x: host.width * SIGHT_MARGIN, y: host.height * SIGHT_MARGIN };
  const from = clampToImage(toImage(view, { x: -room.x, y: -room.y }), image);
  const to = clampToImage(toImage(view, { x: host.width + room.x, y: host.height + room.y }), image);
  return [from.x, from.y, to.x, to.y];
}
