/**
 * What somebody's own work took since the page was opened: how long answers took, clicks and seconds an object, how often
 * an image was ready when it was clicked on. Pure functions; nothing is sent anywhere.
 *
 * @typedef {{latencies: number[], decodes: number[], answers: number, ready: number, objects: number, clicks: number, seconds: number}} Statistics
 *   latencies: milliseconds from click to answer, the last ones; decodes: milliseconds the model took, the last ones;
 *   ready: answers for which no image had to be encoded
 */

const KEPT = 200;
const RECENT = 8;
/** Answers that come from memory say nothing about how quick the model is. */
const REMEMBERED_MS = 0.5;

/** @returns {Statistics} */
export const nothingMeasured = () => ({ latencies: [], decodes: [], answers: 0, ready: 0, objects: 0, clicks: 0, seconds: 0 });

/** A click was answered. @param {Statistics} before @param {any} reply @param {number} ms from the click @returns {Statistics} */
export function clickAnswered(before, reply, ms) {
  return {
    ...decoded(before, reply), latencies: [...before.latencies, ms].slice(-KEPT), answers: before.answers + 1,
    ready: before.ready + (reply.timing_ms.encode === 0 ? 1 : 0),
  };
}

/** A preview was answered. @param {Statistics} before @param {any} reply @returns {Statistics} */
export function decoded(before, reply) {
  const ms = reply.timing_ms.decode;
  return ms < REMEMBERED_MS ? before : { ...before, decodes: [...before.decodes, ms].slice(-RECENT) };
}

/** An object was accepted. @param {Statistics} before @param {number} clicks @param {number} seconds @returns {Statistics} */
export const objectAccepted = (before, clicks, seconds) => ({
  ...before, objects: before.objects + 1, clicks: before.clicks + clicks, seconds: before.seconds + seconds,
});

/** The value below which so many of 100 lie; null without values. @param {number[]} values @param {number} percent */
export function percentile(values, percent) {
  if (values.length === 0) return null;
  const ordered = [...values].sort((a, b) => a - b);
  return ordered[Math.min(ordered.length - 1, Math.floor((ordered.length * percent) / 100))] ?? null;
}

/** What the panel says, line by line: [what, value]. @param {Statistics} statistics @returns {[string, string][]} */
export function lines({ latencies, answers, ready, objects, clicks, seconds }) {
  const each = (/** @type {number} */ sum, /** @type {number} */ count, /** @type {number} */ digits) => count === 0 ? "–" : (sum / count).toFixed(digits);
  const ms = (/** @type {number} */ percent) => { const value = percentile(latencies, percent); return value === null ? "–" : `${Math.round(value)} ms`; };
  return [
    ["Click to answer, half of them below", ms(50)],
    ["19 of 20 below", ms(95)],
    ["Image ready when clicked", answers === 0 ? "–" : `${Math.round((ready / answers) * 100)} %`],
    ["Objects accepted", String(objects)],
    ["Clicks an object", each(clicks, objects, 1)],
    ["Seconds an object", each(seconds, objects, 1)],
  ];
}
