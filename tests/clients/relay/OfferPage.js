import { graphql } from "relay-runtime";

export const OfferPageQuery = graphql`
  query OfferPageQuery($first: Int, $after: String, $last: Int, $before: String) {
    ...OfferPage_query @arguments(first: $first, after: $after, last: $last, before: $before)
  }
`;

export const OfferPage = graphql`
  fragment OfferPage_query on Query
  @refetchable(queryName: "OfferPageRefetchQuery")
  @argumentDefinitions(
    first: { type: "Int" }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
  ) {
    offers(first: $first, after: $after, last: $last, before: $before)
      @connection(key: "OfferPage_offers") {
      edges { node { id title provider { id name } } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
`;

export const ProposeClaim = graphql`
  mutation OfferPageProposeMutation($input: ProposeClaimInput!) {
    proposeClaim(input: $input) {
      __typename
      ... on ClaimPayload { claim { id state quantity } }
      ... on Problem { code message }
    }
  }
`;

export const ClaimChanged = graphql`
  subscription OfferPageClaimSubscription($after: Long) {
    claimChanged(after: $after) { number claim { id state } }
  }
`;
