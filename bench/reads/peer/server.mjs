// @neo4j/graphql with graphql-yoga over the benchmark's graph, on a free port that it prints.
import { createServer } from "node:http";
import { Neo4jGraphQL } from "@neo4j/graphql";
import { createYoga } from "graphql-yoga";
import neo4j from "neo4j-driver";

const { BENCH_URI, BENCH_USER, BENCH_PASSWORD, BENCH_DATABASE } = process.env;
const driver = neo4j.driver(BENCH_URI, neo4j.auth.basic(BENCH_USER, BENCH_PASSWORD));

const typeDefs = /* GraphQL */ `
  type Area @node {
    id: ID!
    name: String!
    sortKey: String!
    units: [Unit!]! @relationship(type: "LOCATED_IN", direction: IN)
  }
  type Unit @node {
    id: ID!
    name: String!
    kind: String!
    sortKey: String!
    area: [Area!]! @relationship(type: "LOCATED_IN", direction: OUT)
    branches: [PartyBranch!]! @relationship(type: "OF_UNIT", direction: IN)
    offers: [ResourceOffer!]! @relationship(type: "OFFERS", direction: OUT)
  }
  type PartyBranch @node {
    id: ID!
    name: String!
    sortKey: String!
  }
  type Category @node {
    id: ID!
    code: String!
    name: String!
  }
  type ResourceOffer
    @node
    @fulltext(indexes: [{ indexName: "ResourceOffer[search]", queryName: "searchOffers", fields: ["search"] }]) {
    id: ID!
    title: String!
    capacity: Int
    measure: String!
    state: String!
    search: String
    sortKey: String!
    provider: [Unit!]! @relationship(type: "OFFERS", direction: IN)
    area: [Area!]! @relationship(type: "OFFER_AT", direction: OUT)
    category: [Category!]! @relationship(type: "OFFER_CATEGORY", direction: OUT)
  }
`;

const graph = new Neo4jGraphQL({ typeDefs, driver });
const yoga = createYoga({
  schema: await graph.getSchema(),
  logging: "error",
  maskedErrors: false,
  context: () => ({
    sessionConfig: { database: BENCH_DATABASE, defaultAccessMode: neo4j.session.READ },
    cypherQueryOptions: { addVersionPrefix: false },
  }),
});
const server = createServer(yoga);
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
process.on("SIGTERM", () => server.close(() => driver.close().then(() => process.exit(0))));
