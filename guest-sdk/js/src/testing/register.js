/**
 * Makes `weir-action` and `weir-action/testing` known to Node without an installation:
 * `node --import ./weir-sdk/src/testing/register.js --test`.
 *
 * @module
 */

import { register } from "node:module";

register("./resolve.js", import.meta.url);
