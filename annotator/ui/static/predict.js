/**
 * Asking the model while somebody clicks and drags: one request in flight, and of those that wait only the newest.
 *
 * @typedef {{image: string, draft: string, body: {[name: string]: unknown}}} Question
 * @typedef {{ask: (image: string, body: {[name: string]: unknown}) => Promise<any>,
 *   onAnswer: (question: Question, reply: any, ms: number) => void,
 *   onFailure: (question: Question, error: any) => void, onHeld?: (error: any) => void,
 *   number?: () => number, now?: () => number, later?: (run: () => void, ms: number) => unknown}} PredictorOptions
 */

const FIRST_RETRY_MS = 400;
const LONGEST_RETRY_MS = 4000;

/** Numbers for requests, each higher than the last: of two that wait the server keeps the later one. */
export function counter() {
  let last = 0;
  return () => ++last;
}

/**
 * @param {PredictorOptions} options  number: shared by those whose requests take each other's place;
 *   onHeld: told why a question has to be asked again later, and with null that nothing is held any more
 */
export function createPredictor({ ask, onAnswer, onFailure, onHeld = () => undefined, number = counter(), now = () => performance.now(), later = setTimeout }) {
  let generation = 0;
  let retryIn = FIRST_RETRY_MS;
  let paused = false;
  /** @type {Question | null} */
  let flying = null;
  /** @type {{question: Question, at: number} | null} */
  let waiting = null;
  /** @type {(() => void)[]} */
  let idlers = [];

  function next() {
    if (flying !== null || paused) return;
    if (waiting !== null) {
      const { question, at } = waiting;
      waiting = null;
      void fly(question, at);
      return;
    }
    for (const resolve of idlers.splice(0)) resolve();
  }

  /** @param {Question} question @param {number} at when it was asked */
  async function fly(question, at) {
    flying = question;
    const mine = generation;
    try {
      const reply = await ask(question.image, { ...question.body, draft: question.draft, seq: number() });
      retryIn = FIRST_RETRY_MS;
      onHeld(null);
      if (mine === generation) onAnswer(question, reply, now() - at);
    } catch (error) {
      if (mine === generation) refused(question, at, error);
    } finally {
      flying = null;
      next();
    }
  }

  /** @param {Question} question @param {number} at @param {any} error */
  function refused(question, at, error) {
    if (error.code === "superseded") return;
    if (error.passing !== true) {
      onHeld(null);
      onFailure(question, error);
      return;
    }
    // Kept for later, unless a newer one came in meanwhile: then that one is asked after the pause.
    waiting ??= { question, at };
    paused = true;
    onHeld(error);
    const mine = generation;
    later(() => {
      if (mine !== generation) return;
      paused = false;
      next();
    }, Math.max(retryIn, (error.retryAfter ?? 0) * 1000));
    retryIn = Math.min(LONGEST_RETRY_MS, retryIn * 2);
  }

  return {
    /** Ask; whatever waited before is forgotten. @param {Question} question */
    request(question) {
      waiting = { question, at: now() };
      next();
    },
    /** Forget everything asked so far: its answers won't be reported. */
    cancel() {
      generation += 1;
      waiting = null;
      if (paused) onHeld(null);
      paused = false;
      next();
    },
    get busy() {
      return flying !== null || waiting !== null;
    },
    /** Resolves when nothing is in flight and nothing waits. @returns {Promise<void>} */
    whenIdle() {
      if (flying === null && waiting === null) return Promise.resolve();
      return new Promise((resolve) => { idlers.push(resolve); });
    },
  };
}
