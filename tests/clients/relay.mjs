// Relay: documents through its compiler, pages merged by its own connection handler.
import { createRequire } from "node:module";
import { createClient } from "graphql-ws";
import {
  Environment,
  Network,
  Observable,
  RecordSource,
  Store,
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  getRequest,
  getSelector,
  requestSubscription,
} from "relay-runtime";
import WebSocket from "ws";
import { follow, ids, report, settings } from "./operations.mjs";

const { url, token, input, webSocketUrl } = settings();
const authorization = `Bearer ${token}`;
const generated = (name) => {
  const artifact = createRequire(import.meta.url)(`./relay/__generated__/${name}.graphql`);
  return artifact.default ?? artifact;
};
const [query, fragment, mutation, subscription] = [
  "OfferPageQuery",
  "OfferPage_query",
  "OfferPageProposeMutation",
  "OfferPageClaimSubscription",
].map(generated);

const socket = createClient({
  url: webSocketUrl,
  webSocketImpl: WebSocket,
  connectionParams: { authorization },
});
const network = Network.create(
  async ({ text }, variables) => {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: JSON.stringify({ query: text, variables }),
    });
    return answer.json();
  },
  ({ text, name }, variables) =>
    Observable.create((sink) => socket.subscribe({ operationName: name, query: text, variables }, sink)),
);
const environment = new Environment({ network, store: new Store(new RecordSource()) });

const read = (operation) => {
  const root = environment.lookup(operation.fragment).data;
  return environment.lookup(getSelector(fragment, root)).data.offers;
};
async function page(variables) {
  const operation = createOperationDescriptor(getRequest(query), variables);
  environment.retain(operation);
  await fetchQuery(environment, query, variables).toPromise();
  return read(operation);
}

const first = await page({ first: 3 });
const two = await page({ first: 3, after: first.pageInfo.endCursor });
const alone = new Environment({ network, store: new Store(new RecordSource()) });
const backward = { last: 3, before: two.edges[3].cursor };
await fetchQuery(alone, query, backward).toPromise();
const operation = createOperationDescriptor(getRequest(query), backward);
const root = alone.lookup(operation.fragment).data;
const back = alone.lookup(getSelector(fragment, root)).data.offers;

const { claim, heard } = await follow(
  { url, token },
  (variables, next, fail) => {
    const { dispose } = requestSubscription(environment, {
      subscription,
      variables,
      onNext: next,
      onError: fail,
    });
    return { unsubscribe: dispose };
  },
  () =>
    new Promise((resolve, reject) =>
      commitMutation(environment, {
        mutation,
        variables: { input },
        onCompleted: (data) => resolve(data.proposeClaim),
        onError: reject,
      }),
    ),
);
report({ first: ids(first), two: ids(two), back: ids(back), claim, heard });
