// graphql-sse in distinct-connections mode: the same without a WebSocket.
import { createClient } from "graphql-sse";
import {
  CLAIM_CHANGED,
  OFFER_PAGE,
  PROPOSE_CLAIM,
  follow,
  ids,
  report,
  settings,
} from "./operations.mjs";

const { url, token, input } = settings();
const client = createClient({ url, headers: { authorization: `Bearer ${token}` } });

async function once(query, variables) {
  for await (const { data, errors } of client.iterate({ query, variables })) {
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }
  throw new Error("the hub completed without an answer");
}

const page = async (variables) => (await once(OFFER_PAGE, variables)).offers;
const first = await page({ first: 3 });
const second = await page({ first: 3, after: first.pageInfo.endCursor });
const back = await page({ last: 3, before: second.pageInfo.startCursor });
const { claim, heard } = await follow(
  { url, token },
  (variables, next, fail) => ({
    unsubscribe: client.subscribe(
      { query: CLAIM_CHANGED, variables },
      {
        next: ({ data, errors }) => (errors ? fail(new Error(JSON.stringify(errors))) : next(data)),
        error: fail,
        complete: () => {},
      },
    ),
  }),
  async () => (await once(PROPOSE_CLAIM, { input })).proposeClaim,
);
report({ first: ids(first), two: [...ids(first), ...ids(second)], back: ids(back), claim, heard });
