// The GraphQL-over-HTTP audit of the graphql-http package: every check must hold.
import { serverAudits } from "graphql-http";

const [url, token] = process.argv.slice(2);
const authorised = (target, init) =>
  fetch(target, { ...init, headers: { ...init?.headers, authorization: `Bearer ${token}` } });
const results = [];
for (const audit of serverAudits({ url, fetchFn: authorised })) {
  const { id, name, status, reason } = await audit.fn();
  results.push({ id, name, status, reason });
}
console.log(JSON.stringify(results));
