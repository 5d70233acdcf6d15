// Does a bit of everything that scripts do; its result is thrown away.
const { customer, orders } = payload;
const total = orders.filter((order) => order.open).map((order) => order.amount * 2).reduce((sum, one) => sum + one, 0);
const names = Object.keys(customer).concat(Object.entries(vars).map(([name, value]) => `${name}=${value}`)).sort();
const text = String(customer.name ?? "nobody").trim().toLowerCase().split(" ").join("-").replace(/[^a-z-]/g, "").slice(0, 40);
const seen = new Map([...new Set(names)].map((name, at) => [name, at]));
for (const order of orders) if (order.id?.startsWith("a") && !names.includes(order.id)) seen.set(order.id, Number(order.amount.toFixed(2)));
const later = await Promise.all([total, Math.max(...orders.map((order) => order.amount))].map(async (value) => (await value) + 1));
const wrong = (() => {
  try {
    return JSON.parse(payload.broken ?? "{");
  } catch (error) {
    return { [error.name]: error.message, ...customer };
  }
})();
const day = new Date(payload.at).toISOString().padEnd(30).match(/^(\d+)-/)?.[1];
return { total, text, wrong, day, later, size: seen.size, found: orders.find((order) => order.open), list: Array.isArray(orders), some: orders.some(Boolean), int: parseInt("7", 10), every: orders.flatMap((order) => [order.id]).every(Boolean), item, steps };
