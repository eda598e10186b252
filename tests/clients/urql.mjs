// urql: documents over fetch, a subscription through graphql-ws.
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import {
  CLAIM_CHANGED,
  OFFER_PAGE,
  PROPOSE_CLAIM,
  follow,
  ids,
  report,
  settings,
} from "./operations.mjs";

const { url, token, input, webSocketUrl } = settings();
const authorization = `Bearer ${token}`;
const socket = createClient({
  url: webSocketUrl,
  webSocketImpl: WebSocket,
  connectionParams: { authorization },
});
const client = new Client({
  url,
  preferGetMethod: false,
  fetchOptions: { headers: { authorization } },
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({
          unsubscribe: socket.subscribe({ query: query ?? "", variables }, sink),
        }),
      }),
    }),
  ],
});

async function page(variables) {
  const { data, error } = await client.query(OFFER_PAGE, variables).toPromise();
  if (error) throw error;
  return data.offers;
}

const first = await page({ first: 3 });
const second = await page({ first: 3, after: first.pageInfo.endCursor });
const back = await page({ last: 3, before: second.pageInfo.startCursor });
const { claim, heard } = await follow(
  { url, token },
  (variables, next, fail) =>
    client
      .subscription(CLAIM_CHANGED, variables)
      .subscribe(({ data, error }) => (error ? fail(error) : next(data))),
  async () => {
    const { data, error } = await client.mutation(PROPOSE_CLAIM, { input }).toPromise();
    if (error) throw error;
    return data.proposeClaim;
  },
);
report({ first: ids(first), two: [...ids(first), ...ids(second)], back: ids(back), claim, heard });
