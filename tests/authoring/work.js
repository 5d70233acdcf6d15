/** What goes wrong, by name. */
export const work = {
  raise() {
    return first([]).visits;
  },

  recurse() {
    return deeper(1);
  },

  loop() {
    for (;;);
  },

  hog() {
    const blocks = [];
    for (;;) blocks.push(new Uint8Array(1 << 20).fill(1));
  },

  async reject() {
    await 1;
    throw new RangeError("no such lead");
  },
};

function first(leads) {
  // Nobody came.

  if (leads.length === 0) {
    throw new TypeError("a lead has visits");
  }
  return leads[0];
}

function deeper(depth) {
  return deeper(depth + 1) + 1;
}
