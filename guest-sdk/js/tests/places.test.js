import assert from "node:assert/strict";
import { test } from "node:test";

import { learn, placed } from "../src/component/places.js";

test("frames of the bundle become places in the author's files, and the SDK's own go", () => {
  // Line 1 comes from the SDK; line 3 from line 8 of the author's, and from its 5th column on from line 20.
  learn({ sources: [null, "src/action.js"], mappings: "AAAA;;ACOA,IAYA" });
  const frames = [
    "    at score (/build/bundle.js:3:2)", "    at /build/bundle.js:3:9", "    at settle (/build/bundle.js:1:1)",
    "    at apply (native)", "    at lost (/build/bundle.js:9:1)",
  ];
  assert.deepEqual(placed(frames), [
    "    at score (src/action.js:8)", "    at (src/action.js:20)", "    at apply (native)",
  ]);
});
