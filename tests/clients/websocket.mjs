// graphql-ws alone: queries, a mutation and a subscription, all on one socket.
import { createClient } from "graphql-ws";
import WebSocket from "ws";
import { settings, talk } from "./operations.mjs";

const told = settings();
const connectionParams = { authorization: `Bearer ${told.token}` };
const client = createClient({ url: told.webSocketUrl, webSocketImpl: WebSocket, connectionParams });
await talk(client, told);
