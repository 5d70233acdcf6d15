/**
 * Promises that the SDK can run to their end by itself. The interpreter's own are settled by a loop that a synchronous
 * component does not have; the build turns `async` functions into generators, which use whatever `Promise` is global.
 *
 * @module
 */

const PENDING = 0;
const FULFILLED = 1;
const REJECTED = 2;

const jobs = [];

/**
 * Runs `job` after the code that is running now.
 *
 * @param {() => void} job
 */
export function later(job) {
  jobs.push(job);
}

/** Runs all jobs, and those that they add. */
export function drain() {
  for (let at = 0; at < jobs.length; at++) {
    const job = jobs[at];
    jobs[at] = undefined;
    job();
  }
  jobs.length = 0;
}

/** As the language's own, as far as programs can tell. */
export class Promise {
  #state = PENDING;
  #value;
  #waiting = [];

  constructor(executor) {
    if (typeof executor !== "function") throw new TypeError("a promise is made of a function");
    const [resolve, reject] = this.#settlers();
    try {
      executor(resolve, reject);
    } catch (thrown) {
      reject(thrown);
    }
  }

  /** Two functions of which only the first call counts. */
  #settlers() {
    let called = false;
    const once = (settle) => (value) => {
      if (called) return;
      called = true;
      settle(value);
    };
    return [once((value) => this.#resolve(value)), once((reason) => this.#settle(REJECTED, reason))];
  }

  #resolve(value) {
    if (value === this) return this.#settle(REJECTED, new TypeError("a promise cannot wait for itself"));
    let then;
    try {
      then = (typeof value === "object" && value !== null) || typeof value === "function" ? value.then : undefined;
    } catch (thrown) {
      return this.#settle(REJECTED, thrown);
    }
    if (typeof then !== "function") return this.#settle(FULFILLED, value);
    later(() => {
      const [resolve, reject] = this.#settlers();
      try {
        then.call(value, resolve, reject);
      } catch (thrown) {
        reject(thrown);
      }
    });
  }

  #settle(state, value) {
    this.#state = state;
    this.#value = value;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const react of waiting) later(react);
  }

  then(onFulfilled, onRejected) {
    const { promise, resolve, reject } = Promise.withResolvers();
    const react = () => {
      const handler = this.#state === FULFILLED ? onFulfilled : onRejected;
      if (typeof handler !== "function") return this.#state === FULFILLED ? resolve(this.#value) : reject(this.#value);
      try {
        resolve(handler(this.#value));
      } catch (thrown) {
        reject(thrown);
      }
    };
    if (this.#state === PENDING) this.#waiting.push(react);
    else later(react);
    return promise;
  }

  catch(onRejected) {
    return this.then(undefined, onRejected);
  }

  finally(onSettled) {
    if (typeof onSettled !== "function") return this.then(onSettled, onSettled);
    return this.then(
      (value) => Promise.resolve(onSettled()).then(() => value),
      (thrown) => Promise.resolve(onSettled()).then(() => {
        throw thrown;
      }),
    );
  }

  get [Symbol.toStringTag]() {
    return "Promise";
  }

  static withResolvers() {
    let resolve;
    let reject;
    const promise = new Promise((...settlers) => ([resolve, reject] = settlers));
    return { promise, resolve, reject };
  }

  static resolve(value) {
    return value instanceof Promise ? value : new Promise((resolve) => resolve(value));
  }

  static reject(reason) {
    return new Promise((_, reject) => reject(reason));
  }

  static try(work, ...values) {
    return new Promise((resolve) => resolve(work(...values)));
  }

  static all(values) {
    return collected(values, (one, at, results, done, fail) => one.then((value) => done(results[at] = value), fail));
  }

  static allSettled(values) {
    return collected(values, (one, at, results, done) => one.then(
      (value) => done(results[at] = { status: "fulfilled", value }),
      (reason) => done(results[at] = { status: "rejected", reason }),
    ));
  }

  static any(values) {
    const inverse = collected(values, (one, at, results, done, fail) =>
      one.then(fail, (reason) => done(results[at] = reason)));
    return inverse.then(
      (reasons) => {
        throw new AggregateError(reasons, "all promises were rejected");
      },
      (value) => value,
    );
  }

  static race(values) {
    return new Promise((resolve, reject) => {
      for (const value of values) Promise.resolve(value).then(resolve, reject);
    });
  }
}

/** A promise of the results that `watch` collects from every value. */
function collected(values, watch) {
  return new Promise((resolve, reject) => {
    const promises = [...values].map((value) => Promise.resolve(value));
    const results = new Array(promises.length);
    let left = promises.length;
    const done = () => {
      left -= 1;
      if (left === 0) resolve(results);
    };
    promises.forEach((one, at) => watch(one, at, results, done, reject));
    if (left === 0) resolve(results);
  });
}
