/**
 * What is looked for, and how it is written in a query. Pure.
 *
 * @typedef {{mode: "objects" | "images", category: string[], review: string[], author: string[], image_state: string[], rule: string[], score_min: string,
 *   score_max: string, area_min: string, area_max: string, since: string, until: string, query: string, sort: string, descending: boolean}} Filter
 */

/** @returns {Filter} */
export const everything = () => ({
  mode: "objects", category: [], review: [], author: [], image_state: [], rule: [], score_min: "", score_max: "", area_min: "", area_max: "",
  since: "", until: "", query: "", sort: "image", descending: false,
});

const LISTS = /** @type {const} */ (["category", "review", "author", "image_state", "rule"]);
const FIELDS = /** @type {const} */ (["score_min", "score_max", "area_min", "area_max", "since", "until", "query"]);

/** Orders of each mode; both begin with the one that people expect. */
export const SORTS = /** @type {const} */ ({
  objects: [["image", "Image"], ["category", "Category"], ["score", "Score"], ["area", "Size"], ["updated", "Last change"], ["created", "Made"], ["author", "Author"]],
  images: [["name", "Name"], ["objects", "Objects"], ["updated", "Last change"], ["state", "State"]],
});

/** @param {Filter} filter @returns {URLSearchParams} */
export function toQuery(filter) {
  const words = new URLSearchParams();
  for (const name of LISTS) for (const value of filter[name]) words.append(name, value);
  for (const name of FIELDS) {
    const value = filter[name].trim();
    if (value !== "") words.set(name, name.startsWith("score") ? String(Number(value) / 100) : value);
  }
  words.set("sort", filter.sort);
  if (filter.descending) words.set("descending", "true");
  return words;
}

/** Whether something is left out. @param {Filter} filter */
export const isNarrowed = (filter) => LISTS.some((name) => filter[name].length > 0) || FIELDS.some((name) => filter[name].trim() !== "");

/** The same mode and order, nothing left out. @param {Filter} filter @returns {Filter} */
export const cleared = (filter) => ({ ...everything(), mode: filter.mode, sort: filter.sort, descending: filter.descending });

/** @param {Filter} filter @param {typeof LISTS[number]} name @param {string} value @returns {Filter} */
export function toggled(filter, name, value) {
  const values = filter[name].includes(value) ? filter[name].filter((other) => other !== value) : [...filter[name], value];
  return { ...filter, [name]: values };
}

/** @param {Filter} filter @returns {Filter} objects for images and the other way round, in the order of its own */
export function flipped(filter) {
  const mode = filter.mode === "objects" ? "images" : "objects";
  return { ...filter, mode, sort: SORTS[mode][0][0], descending: false };
}

/** What an earlier visit kept; anything strange in it is left out. @param {string | null} text @returns {Filter} */
export function remembered(text) {
  const plain = everything();
  try {
    const kept = JSON.parse(text ?? "{}");
    for (const [name, value] of Object.entries(plain)) {
      const found = kept[name];
      if (Array.isArray(value) ? Array.isArray(found) && found.every((one) => typeof one === "string") : typeof found === typeof value) {
        Object.assign(plain, { [name]: found });
      }
    }
  } catch {
    return everything();
  }
  if (!SORTS[plain.mode]?.some(([sort]) => sort === plain.sort)) return { ...everything() };
  return plain;
}
