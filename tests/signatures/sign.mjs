// Signs bodies as their senders' own libraries do: one JSON order a line in, the headers of every scheme out.
import { createHmac, createPrivateKey, sign as signBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { sign as github } from "@octokit/webhooks-methods";
import { Webhook } from "standardwebhooks";
import Stripe from "stripe";

const stripe = new Stripe("sk_test_unused");
const hmac = (hash, secret, text) => createHmac(hash, secret).update(text);
// The seed 0x07… as PKCS #8 (RFC 8410).
const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, 7)]);
const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });

const schemes = {
  "standard-webhooks": ({ secret, body, time, id }) => ({
    "webhook-id": id,
    "webhook-timestamp": `${time}`,
    "webhook-signature": new Webhook(secret).sign(id, new Date(time * 1000), body),
  }),
  "standard-webhooks-ed25519": ({ body, time, id }) => ({
    "webhook-id": id,
    "webhook-timestamp": `${time}`,
    "webhook-signature": `v1a,${signBytes(null, Buffer.from(`${id}.${time}.${body}`), key).toString("base64")}`,
  }),
  github: async ({ secret, body }) => ({ "x-hub-signature-256": await github(secret, body) }),
  stripe: ({ secret, body, time }) => ({
    "stripe-signature": stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp: time }),
  }),
  // These two publish their rule, but no library that signs.
  slack: ({ secret, body, time }) => ({
    "x-slack-request-timestamp": `${time}`,
    "x-slack-signature": `v0=${hmac("sha256", secret, `v0:${time}:${body}`).digest("hex")}`,
  }),
  shopify: ({ secret, body }) => ({ "x-shopify-hmac-sha256": hmac("sha256", secret, body).digest("base64") }),
  generic: ({ secret, body, time }) => ({
    "x-time": `${time}000`,
    "x-sig": `v1=${hmac("sha512", secret, `${time}000/${body}`).digest("base64")}`,
  }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  const signed = {};
  for (const [name, sign] of Object.entries(schemes)) signed[name] = await sign(order);
  console.log(JSON.stringify(signed));
}
