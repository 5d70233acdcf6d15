/**
 * What an action answers: a value, and perhaps the exit to leave by. It does not check that the exit exists.
 *
 * @module
 */

/** A value together with the exit that the flow takes. Made by {@link to} and {@link next}. */
export class Output {
  /**
   * @param {unknown} value the step's output
   * @param {string | null} branch the exit; null is `next`
   */
  constructor(value, branch) {
    this.value = value;
    this.branch = branch;
  }
}

/**
 * Leaves by one of the branches that the action declares.
 *
 * @param {string} branch
 * @param {unknown} [value] the step's output, anything that JSON can hold; without one it is null
 * @returns {Output}
 * @example
 * return to("hot", { score });
 */
export function to(branch, value) {
  return new Output(value, branch);
}

/**
 * Leaves by `next`, as a plain value does.
 *
 * @param {unknown} [value]
 * @returns {Output}
 * @example
 * return next({ score });
 */
export function next(value) {
  return new Output(value, null);
}
