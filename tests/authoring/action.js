import { action, Invalid, to } from "weir-action";

import { work } from "./work.js";

// The lines of this file and of the other are part of what the test looks for.
export const { describe, validate, run } = action({
  name: "wrong-js",
  version: "1.0.0",
  config: { type: "object", properties: { hot: { type: "integer", minimum: 0 } }, additionalProperties: false },
  input: { type: "object", required: ["what"] },
  output: { type: "integer" },
  branches: ["hot", "cold"],

  run({ what }) {
    if (what === "branch") return to("warm", 1);
    if (what === "hot") return to("hot", 1);
    if (what === "kind") return "one";
    if (what === "no JSON") return () => 1;
    if (work[what] === undefined) throw new Invalid(`nobody knows how to ${what}`);
    return work[what]();
  },
});
