// Apollo Client: Relay pages merged by its own field policy, a mutation, a subscription.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { OperationTypeNode } from "graphql";
import { relayStylePagination } from "@apollo/client/utilities";
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
const http = new HttpLink({ uri: url, headers: { authorization: `Bearer ${token}` } });
const socket = new GraphQLWsLink(
  createClient({
    url: webSocketUrl,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
  }),
);
const client = new ApolloClient({
  link: ApolloLink.split(
    ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
    socket,
    http,
  ),
  cache: new InMemoryCache({
    typePolicies: { Query: { fields: { offers: relayStylePagination() } } },
  }),
});

const query = gql(OFFER_PAGE);
const first = (await client.query({ query, variables: { first: 3 } })).data.offers;
const watched = client.watchQuery({ query, variables: { first: 3 } });
await new Promise((resolve) => watched.subscribe(resolve));
await watched.fetchMore({ variables: { first: 3, after: first.pageInfo.endCursor } });
const merged = client.readQuery({ query, variables: { first: 3 } }).offers;
const { startCursor } = (
  await client.query({
    query,
    variables: { first: 3, after: first.pageInfo.endCursor },
    fetchPolicy: "no-cache",
  })
).data.offers.pageInfo;
const back = (
  await client.query({ query, variables: { last: 3, before: startCursor }, fetchPolicy: "no-cache" })
).data.offers;

const { claim, heard } = await follow(
  { url, token },
  (variables, next, fail) =>
    client
      .subscribe({ query: gql(CLAIM_CHANGED), variables })
      .subscribe({ next: ({ data, error }) => (error ? fail(error) : next(data)), error: fail }),
  async () => {
    const answer = await client.mutate({ mutation: gql(PROPOSE_CLAIM), variables: { input } });
    return answer.data.proposeClaim;
  },
);
report({ first: ids(first), two: ids(merged), back: ids(back), claim, heard });
