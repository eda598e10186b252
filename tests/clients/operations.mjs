// What every client of this folder does with the hub, and how it says what it saw.

export const OFFER_PAGE = /* GraphQL */ `
  query OfferPage($first: Int, $after: String, $last: Int, $before: String) {
    offers(first: $first, after: $after, last: $last, before: $before) {
      totalCount
      edges { cursor node { __typename id title provider { __typename id name } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;

export const PROPOSE_CLAIM = /* GraphQL */ `
  mutation ProposeClaim($input: ProposeClaimInput!) {
    proposeClaim(input: $input) {
      __typename
      ... on ClaimPayload { claim { __typename id state quantity } }
      ... on Problem { code message }
    }
  }
`;

export const CLAIM_CHANGED = /* GraphQL */ `
  subscription ClaimChanged($after: Long) {
    claimChanged(after: $after) { number claim { __typename id state } }
  }
`;

const LAST_EVENT = "{ events(last: 1) { nodes { number } } }";

export function settings() {
  const { url, token, input } = JSON.parse(process.argv[2]);
  return { url, token, input, webSocketUrl: url.replace(/^http/, "ws") };
}

/** Print the JSON that the test reads, and end: some clients keep timers alive. */
export function report(seen) {
  process.stdout.write(JSON.stringify(seen), () => process.exit(0));
}

/** The ids of a page's nodes. */
export const ids = (page) => page.edges.map((edge) => edge.node.id);

/**
 * Make a claim and hear of it.
 *
 * `subscribe` is given the number of the last event before the claim and a callback for each answer,
 * and returns what ends the subscription: so nothing depends on which of the two is quicker.
 */
export async function follow({ url, token }, subscribe, propose) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ query: LAST_EVENT }),
  });
  const after = (await response.json()).data.events.nodes[0].number;
  let subscription;
  const heard = new Promise((resolve, reject) => {
    subscription = subscribe({ after }, (data) => resolve(data.claimChanged), reject);
  });
  const claim = await propose();
  const change = await heard;
  subscription.unsubscribe();
  return { claim, heard: change };
}

/** The whole run over a client that has `iterate` and `subscribe`: graphql-ws and graphql-sse. */
export async function talk(client, { url, token, input }) {
  const once = async (query, variables) => {
    for await (const { data, errors } of client.iterate({ query, variables })) {
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    }
    throw new Error("the hub completed without an answer");
  };
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
}
