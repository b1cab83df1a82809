/**
 * Approving, rejecting and relabelling: shown at once, sent after, taken back one judgement at a time.
 *
 * @typedef {{id: number, revision: number, image: string, image_name: string, image_state: string, image_width: number, image_height: number, category: number,
 *   review: "unreviewed" | "approved" | "rejected", note: string, author: string, score: number | null, area: number, bbox: number[], created: string,
 *   updated: string, locked: boolean, crop: string}} FoundObject
 * @typedef {{review: "approved" | "rejected" | "unreviewed", note: string} | {category: number}} Verdict
 */

const DONE = { approved: "approved", rejected: "rejected", unreviewed: "to be reviewed again" };

/** @param {number} count */
const objects = (count) => `${count.toLocaleString("en")} ${count === 1 ? "object" : "objects"}`;

/**
 * @param {{post: (path: string, body: unknown) => Promise<any>, show: (items: FoundObject[]) => void, tell: (text: string) => void, fail: (error: any) => void,
 *   nameOf: (category: number) => string}} options
 */
export function createJudging({ post, show, tell, fail, nameOf }) {
  /** @type {string[][]} images of each judgement, the newest last */
  let done = [];
  let sending = Promise.resolve();
  /** @type {Map<number, number>} the revision that an object will have once everything is sent */
  const revisions = new Map();

  /** @param {FoundObject[]} items @param {Verdict} verdict */
  async function send(items, verdict) {
    const seen = items.map((item) => ({ id: item.id, revision: revisions.get(item.id) ?? item.revision }));
    try {
      const reply = await post("/review", { objects: seen, ...verdict });
      for (const item of reply.items) revisions.set(item.id, item.revision);
      if (reply.images.length > 0) done.push(reply.images);
      const refused = new Set(reply.refused.map((/** @type {{id: number}} */ one) => one.id));
      show([...reply.items, ...items.filter((item) => refused.has(item.id))]);
      const what = "review" in verdict ? DONE[verdict.review] : `now “${nameOf(verdict.category)}”`;
      const left = reply.refused.length === 0 ? "" : ` ${objects(reply.refused.length)} left as they are: ${reply.refused[0].message}`;
      tell(reply.items.length === 0 && left !== "" ? left.trim() : `${objects(reply.items.length)} ${what}.${left}`);
    } catch (error) {
      show(items);
      fail(error);
    }
  }

  return {
    /** @param {FoundObject[]} items @param {Verdict} verdict */
    judge(items, verdict) {
      if (items.length === 0) return sending;
      show(items.map((item) => ({ ...item, ...verdict })));
      sending = sending.then(() => send(items, verdict));
      return sending;
    },
    /** Take back the last judgement. @returns {Promise<boolean>} whether there was one */
    async undo() {
      await sending;
      const images = done.pop();
      if (images === undefined) return false;
      try {
        for (const image of [...images].reverse()) await post("/undo", { image });
        revisions.clear();
      } catch (error) {
        fail(error);
      }
      return true;
    },
    whenIdle: () => sending,
  };
}
